"""
Columns with dotted names: keys within objects.
"""

from __future__ import annotations

from collections.abc import Collection

from ingestd.errors import Reason
from ingestd.run.jsonl.values import Object, Raw, Unfit, is_object, object_of


class Dotted:
    """
    Opens objects for the columns *names*: a.b is the key b of the object under a, and
    of others likewise; a key that is called so itself is taken as well.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        parts = [name.split(".") for name in names]
        self._opened = frozenset(
            ".".join(some[:end]) for some in parts for end in range(1, len(some))
        )

    def holds(self, found: Object) -> bool:
        """
        Tell whether *found* may have an object to open.
        """
        return bool(self._opened) and not self._opened.isdisjoint(found)

    def flat(self, found: Object, prefix: str = "") -> Object:
        """
        Return *found* with the keys of objects that are opened by their dotted names.
        Raises Unfit where one is there twice.
        """
        flat: dict[str, Raw] = {}
        for key, raw in found.items():
            name = f"{prefix}{key}"
            if name in self._opened and is_object(raw):
                more = dict(self.flat(object_of(bytes(raw)), f"{name}."))
                if name in self._names:  # all of it is kept there
                    more = {
                        inner: more[inner] for inner in more if inner in self._names
                    }
                    more[name] = raw
            else:
                more = {name: raw}
            if twice := flat.keys() & more.keys():
                detail = f"{min(twice)!r} is there twice, dotted and nested"
                raise Unfit(Reason.DUPLICATE_COLUMN, detail)
            flat |= more
        return flat
