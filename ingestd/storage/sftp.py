"""
Folders on a server that speaks SFTP.

Nothing names a version there but size and time, in whole seconds; so both are compared
before and after each read, and what is written is read back. A file may still be
growing when a listing shows it, which is the business of whoever lists.
"""

from __future__ import annotations

import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from ingestd.storage.compare import compare, digest, holds
from ingestd.storage.patience import Caller, Cut
from ingestd.storage.sftp_channels import Channels
from ingestd.storage.sftp_errors import Changed, judge
from ingestd.storage.sftp_writing import (
    is_half_sent,
    moved,
    sent,
    without_empty,
)
from ingestd.storage.store import Item, Missing, Stored
from ingestd.storage.versions import copy_through_here, remove

T = TypeVar("T")

PAGE_FILES: Final = 1_000
_PIECE: Final = 32 << 10


class SftpStore:
    """
    See ``Store``; a key is a path from the server's root. There is no copy on the
    server's side that all have: a file that is copied is renamed, atomically, so that
    only the new name is left.
    """

    def __init__(self, bucket: str, options: dict[str, Any], component: str) -> None:
        """
        Take *bucket*, ``user@host:port``; the connection is made by the first call.
        """
        self.component = component
        self.channels = Channels(bucket, options)
        where = f"sftp://{bucket}"
        self.caller = Caller(component, where, judge, self.channels.close)
        self.page_keys = PAGE_FILES

    def pages(self, prefix: str, *, deep: bool) -> Iterator[list[Item]]:
        """
        Yield every regular file below *prefix*, folder by folder.
        """
        for page in self._walk(prefix, deep=deep):
            whole = [item for item in page if not is_half_sent(item.key)]
            steps = range(0, max(1, len(whole)), self.page_keys)
            yield from (whole[at : at + self.page_keys] for at in steps)

    def head(self, key: str) -> Stored | None:
        """
        Return size and time of *key*.
        """
        try:
            found = self._ask(f"look at {key!r}", lambda sftp: sftp.stat(f"/{key}"))
        except Missing:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return Stored(found.st_size, _mark(found))

    def read(self, item: Item, start: int, stop: int) -> bytes:
        """
        Return a range of *item*, which was that version before and after.
        """

        def once(sftp: Any) -> bytes:  # noqa: ANN401 - the library has no types
            with sftp.open(f"/{item.key}", "rb") as file:
                _same(file.stat(), item)
                steps = range(start, stop, _PIECE)
                pieces = [(at, min(_PIECE, stop - at)) for at in steps]
                # Asked for all at once: to hold some back paramiko keeps a thread, and
                # it would be left behind when the connection breaks.
                data = b"".join(file.readv(pieces))
                _same(file.stat(), item)
            if len(data) != stop - start:
                raise Cut(f"{len(data)} bytes of {stop - start}")
            return data

        return self.caller.call(f"read {item.key!r}", partial(self._lent, once))

    def put(self, key: str, path: str, sha256: str) -> None:
        """
        Write the file *path* beside *key*, rename it, and read it back.
        """
        what, mark = f"put {key!r}", secrets.token_hex(4)
        self._ask(what, lambda sftp: sent(sftp, key, path, mark))
        compare(self, self.caller, what, (key, Path(path).stat().st_size, sha256))

    def copy(self, source: str, target: str, sha256: str) -> None:
        """
        Rename *source*. Its content was compared when it was put.
        """
        del sha256
        there, what = self.head(source), f"rename {source!r} to {target!r}"
        if there is None:
            raise Missing(source)
        # It is gone where the answer of a try before was lost.
        with suppress(Missing):
            self._ask(what, lambda sftp: moved(sftp, source, target))
        found = self.head(target)
        if found is None:
            raise Missing(source)
        if found.size != there.size:
            raise self.caller.away(f"{what}: what is there has another size")
        self._ask(what, lambda sftp: without_empty(sftp, source))

    def holds(self, key: str, size: int, sha256: str) -> bool:
        """
        Compare the size, and the digest of every byte.
        """
        return holds(self, key, size, sha256)

    def digest(self, item: Item) -> str:
        """
        Read all of *item*.
        """
        return digest(self, self.caller, item)

    def delete(self, key: str) -> None:
        """
        Remove *key*, and the folders of an attempt that are empty without it.
        """
        try:
            self._ask(f"delete {key!r}", lambda sftp: sftp.remove(f"/{key}"))
        except Missing:
            return
        self._ask(f"delete {key!r}", lambda sftp: without_empty(sftp, key))

    def copy_version(self, item: Item, target: str) -> None:
        """
        Read *item* and write it once more: a rename would take the original away.
        """
        copy_through_here(self, item, target)

    def remove(self, item: Item) -> None:
        """
        Remove *item*, if a look right before shows it.
        """
        path, what = f"/{item.key}", f"delete {item.key!r}"
        gone = partial(self._lent, lambda sftp: sftp.remove(path))
        remove(self, item, lambda: self.caller.call(what, gone))

    def sweep_uploads(self, prefix: str) -> int:
        """
        Remove what was half sent below *prefix*.
        """
        found = [
            item.key
            for page in self._walk(prefix, deep=True)
            for item in page
            if is_half_sent(item.key)
        ]
        for key in found:
            self.delete(key)
        return len(found)

    def _walk(self, prefix: str, *, deep: bool) -> Iterator[list[Item]]:
        top = prefix.rpartition("/")[0]
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            page = list[Item]()
            for found in self._listed(folder, top=folder == top):
                key = f"{folder}/{found.filename}" if folder else found.filename
                if stat.S_ISDIR(found.st_mode) and deep:
                    waiting.append(key)
                elif stat.S_ISREG(found.st_mode) and key.startswith(prefix):
                    page.append(Item(key, found.st_size, _mark(found)))
            yield page

    def _listed(self, folder: str, *, top: bool) -> list[Any]:
        what, path = f"list '/{folder}'", f"/{folder}"
        try:
            found: list[Any] = self._ask(what, lambda sftp: sftp.listdir_attr(path))
        except Missing as error:
            if top and self.component == "source":
                hint = "Create the folder, or correct the url"
                raise self.caller.away(f"{what}: no such folder", hint) from error
            # Removed since it was listed, or nothing was ever put there.
            return []
        return sorted(found, key=lambda each: str(each.filename))

    def _ask(self, what: str, once: Callable[[Any], T]) -> T:
        return self.caller.about_store(what, partial(self._lent, once))

    def _lent(self, once: Callable[[Any], T], seconds: float) -> T:
        with self.channels.lent(seconds) as sftp:
            return once(sftp)


def _mark(found: Any) -> str:  # noqa: ANN401 - the library has no types
    return str(found.st_mtime or 0)


def _same(found: Any, item: Item) -> None:  # noqa: ANN401 - the same
    if (found.st_size, _mark(found)) != (item.size, item.etag):
        raise Changed(f"it has {found.st_size} bytes, of {_mark(found)}")
