"""
What an S3 store does to one version of an object, and to no other.

By a condition where the store honours it; and by a look right before, for those that
pass over conditions. Between that look and the request is the race that is left there.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from ingestd.errors import ComponentAway
from ingestd.storage.s3_errors import code_of
from ingestd.storage.s3_large import Large
from ingestd.storage.store import Item, Missing, Replaced, Store
from ingestd.storage.versions import look, remove, through_here

NO_SUCH_FEATURE = {"NotImplemented", "MethodNotAllowed", "501", "405"}


class Asking(Store, Protocol):
    """
    What this needs of the store.
    """

    bucket: str
    component: str
    large: Large

    def ask(self, what: str, operation: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401
        """
        Call an operation of the client, with patience.
        """
        ...

    def answered(self) -> None:
        """
        Note that the store answered, though it has no such feature.
        """
        ...


class Versions:
    """
    The part of a store that works on versions.
    """

    def __init__(self, store: Asking) -> None:
        self._store = store

    def remove(self, item: Item) -> None:
        """
        Delete *item*; raises Missing, Replaced, Forbidden.
        """
        remove(self._store, item, partial(self._delete, item))

    def copy(self, item: Item, target: str) -> None:
        """
        Copy *item* to *target*, on the store's side where it can.

        Raises Missing, Replaced, Forbidden.
        """
        there = look(self._store, item)
        what, large = f"copy {item.key!r} to {target!r}", self._store.large
        if there.size > large.copy_limit:
            noted = {"sha256": there.sha256} if there.sha256 else {}
            large.copy(item.key, target, there, noted)
        elif not self._asked(
            what,
            "copy_object",
            CopySource={"Bucket": self._store.bucket, "Key": item.key},
            CopySourceIfMatch=_quoted(item),
            item=Item(target, item.size, ""),
        ):
            through_here(self._store, item, target)
        self._compare(what, item, target)

    def _compare(self, what: str, item: Item, target: str) -> None:
        """
        Raise unless *target* is a copy of *item*; one of another version is removed.
        """
        made = self._store.head(target)
        if made is None or (made.size, made.etag) != (item.size, item.etag):
            # Etags of equal content may differ, by encryption and by parts; so what
            # tells is whether the original is still the one that was asked for.
            try:
                look(self._store, item)
            except (Missing, Replaced):
                self._store.delete(target)
                raise
        if made is None or made.size != item.size:
            message = f"s3://{self._store.bucket}: {what}: it is not there"
            raise ComponentAway(self._store.component, message)

    def _delete(self, item: Item) -> None:
        what = f"delete {item.key!r}"
        if not self._asked(what, "delete_object", IfMatch=_quoted(item), item=item):
            self._store.ask(what, "delete_object", Key=item.key)

    def _asked(self, what: str, operation: str, *, item: Item, **given: Any) -> bool:  # noqa: ANN401
        """
        Ask for what not every store has; False where it has not.
        """
        try:
            self._store.ask(what, operation, Key=item.key, **given)
        except ComponentAway as error:
            cause = error.__cause__
            if isinstance(cause, Exception) and code_of(cause) in NO_SUCH_FEATURE:
                self._store.answered()
                return False
            raise
        return True


def _quoted(item: Item) -> str:
    return f'"{item.etag}"'
