"""
The growing files of one source: looked at, and taken from; no threads here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from ingestd.config import Source
from ingestd.discover.rules import Rules
from ingestd.discover.scan import Scan
from ingestd.discover.tail.cut import take
from ingestd.discover.tail.follow import Followed, Follower, Past
from ingestd.discover.tail.names import TailRules
from ingestd.discover.tail.sight import Opened, opened
from ingestd.errors import Unreachable
from ingestd.growing import Borders, Growing, Grown, Unpack
from ingestd.model import Fingerprint

_LIVELY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Listed:
    """
    One listing: its files, those that are new, what is no regular file, and the error
    that broke it off.
    """

    files: int
    fresh: int
    irregular: int
    error: Unreachable | None


@dataclass(slots=True)
class Tail:
    """
    Owned by one thread.

    *borders* tells where records end, *unpack* what is in a packed file. *restless*: a
    listing is wanted at once, since a file is not what it was.
    """

    pipeline: str
    source: Source
    past: Past
    borders: Borders
    unpack: Unpack
    restless: bool = True
    follower: Follower = field(init=False)
    _rules: TailRules = field(init=False)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _cutting: list[Followed] = field(default_factory=list)

    def __post_init__(self) -> None:
        """
        Follow nothing yet.
        """
        self._rules = TailRules(Rules.of(self.source))
        self.follower = Follower(self.pipeline, self._base, self._open, self.past)

    def load(self, growing: Iterable[Growing]) -> None:
        """
        Go on with what the ledger has.
        """
        self.follower.files = [Followed(one, one) for one in growing]

    def compare(self, now: float) -> Listed:
        """
        List the folder, and find out which file is which.
        """
        self.restless = False
        scan = Scan(self.source.url, self._rules)
        found = {os.fsencode(path): Fingerprint.of(stat) for path, stat in scan.found()}
        before = len(self.follower.files)
        self.follower.listed(found, now, complete=scan.failure is None)
        fresh = len(self.follower.files) - before
        return Listed(scan.files, fresh, scan.irregular, scan.failure)

    def look(self, now: float) -> None:
        """
        Look at the files that are likely to have grown: those that are written to.
        """
        for followed in self.follower.files:
            idle = now - followed.seen_at > _LIVELY_SECONDS
            if followed.stat is None or (followed.rotated and idle):
                continue
            self._look_at(followed, now)

    def _look_at(self, followed: Followed, now: float) -> None:
        path = os.fsencode(self.source.url) + b"/" + followed.one.place
        try:
            seen = Fingerprint.of(os.lstat(path))
        except OSError:
            self.restless = True
            return
        if seen.stat == followed.stat:
            return
        one = followed.one
        # Of a file of which nothing was taken only a listing tells what came before it.
        known = one.records and seen.inode == one.inode and seen.size >= one.size
        if not known:
            self.restless = True
            return
        with self._open(followed.one.place) as found:
            if found is None or not followed.is_in(found):
                self.restless = True
                return
            followed.seen(found, seen.stat, now)

    def waiting(self, now: float) -> int:
        """
        Return how many files may have something to take.
        """
        return sum(self._may_give(followed, now) for followed in self.follower.files)

    @property
    def untold(self) -> bool:
        """
        Whether the ledger lacks something of where files are.
        """
        return any(f.untold(f.one) for f in self.follower.files)

    @property
    def behind(self) -> int:
        """
        The bytes that were seen and not taken.
        """
        return sum(followed.one.behind for followed in self.follower.files)

    def cut(self, now: float, most: int) -> list[Grown]:
        """
        Take about *most* bytes of whole records, earlier generations first; with 0 only
        what the ledger lacks of where files are. What comes back counts as taken when
        ``told`` is given it, before anything else is asked. Raises Unreachable.
        """
        grown: list[Grown] = []
        cutting: list[Followed] = []
        # By time, and not by when each was found: a generation that was missed before a
        # rotation is older than the one that is followed.
        for followed in sorted(self.follower.files, key=lambda f: f.order):
            taken: Grown | None = Grown(followed.one)
            if most > 0 and self._may_give(followed, now):
                taken = self._taken(followed, now, most)
            if taken is None:
                # Nothing of a later one goes before what is left of this.
                break
            most -= taken.size
            if taken.pieces or followed.untold(taken.one):
                grown.append(replace(taken, moved=followed.moved))
                cutting.append(followed)
        self._cutting = cutting
        return grown

    def told(self, ones: Sequence[Growing]) -> None:
        """
        Take over what the ledger has made of the last ``cut``.
        """
        for followed, one in zip(self._cutting, ones, strict=True):
            followed.one = followed.told = one
        files = self.follower.files
        self.follower.files = [f for f in files if not f.one.ended]
        self._cutting = []

    def lost(self) -> list[Growing]:
        """
        Return, once, what ended with bytes that were not taken.
        """
        lost, self.follower.lost = self.follower.lost, []
        return lost

    def why(self, path: bytes, now: float) -> str:
        """
        Return one sentence on *path*, or "".
        """
        mine = [f for f in self.follower.files if path in (f.one.place, f.one.path)]
        if mine:
            return "; ".join(self._said(followed, now) for followed in mine[-3:])
        if path in self.follower.blocked:
            return "it cannot be opened or unpacked; looked at again when it changes"
        if path in self.follower.copies:
            return "a copy of what is followed under another name"
        return ""

    def _said(self, followed: Followed, now: float) -> str:
        one = followed.one
        said = f"{one.end} of {one.size} bytes were taken of {os.fsdecode(one.place)}"
        if one.behind and not self._may_give(followed, now):
            said += ", the rest waits for the end of a record"
        return said

    def _may_give(self, followed: Followed, now: float) -> bool:
        if not followed.one.behind or followed.stat is None:
            return False
        return followed.tried != (followed.one.size, self._final(followed, now))

    def _final(self, followed: Followed, now: float) -> bool:
        """
        Tell whether nothing more will be written: it was rotated, and has rested.
        """
        rested = now - followed.seen_at >= self.source.settle_unseen_seconds
        return followed.rotated and rested

    def _taken(self, followed: Followed, now: float, most: int) -> Grown | None:
        """
        Take of one file; None where it is not what it was, and a listing must tell.
        """
        one, final = followed.one, self._final(followed, now)
        with self._open(one.place) as found:
            if found is None or not followed.is_in(found):
                self.restless = True
                return None
            known = self._header_of(one)
            grown = take(found, one, self.borders, known, final=final, most=most)
        if grown.one.header:
            self._headers[one.path] = grown.one.header
        if not grown.pieces:
            followed.tried = (one.size, final)
        # It is as it was until the ledger has this: another file may fail before.
        return grown

    def _header_of(self, one: Growing) -> bytes | None:
        """
        Return the header that files of this name had before.
        """
        if one.path not in self._headers:
            self._headers[one.path] = self.past.header_of(one.path) or b""
        return self._headers[one.path]

    def _open(self, path: bytes) -> AbstractContextManager[Opened | None]:
        return opened(self.source.url, path, self.unpack)

    def _base(self, path: bytes) -> bytes | None:
        base = self._rules.base(os.fsdecode(path))
        return None if base is None else os.fsencode(base)
