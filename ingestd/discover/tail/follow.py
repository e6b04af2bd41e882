"""
Which file is which, from one listing to the next: the generations of growing files.

A generation is known by what was taken of it: any file that begins with that is it,
whatever it is called now. Where several do, inode and birth decide, so that files with
equal first lines are told apart; and a copy beside the file that still grows is left
alone until that file shows other content.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from ingestd.discover.tail.sight import First, Opened, same_beginning
from ingestd.ends import ends
from ingestd.growing import Growing
from ingestd.model import Fingerprint

MISSED = 2
"""Listings without a file before it is taken to be gone: one may miss a rename."""

Stat = tuple[int, int, int, int, str]
Open = Callable[[bytes], AbstractContextManager[Opened | None]]


class Past(Protocol):
    """
    What the ledger remembers of the growing files of one pipeline.
    """

    def header_of(self, path: bytes) -> bytes | None:
        """
        Return the newest header of *path*, None when it was never followed.
        """
        ...

    def taken(self, path: bytes, size: int, ends: tuple[bytes, bytes]) -> bool:
        """
        Tell whether this content was taken as a generation of *path*.
        """
        ...


@dataclass(slots=True, eq=False)
class Followed:
    """
    One generation: *one* is what is known of it, *told* what the ledger has; *stat* is
    that of the last look, *seen_at* when it last showed a change, *missed* the listings
    since that did not have it. *tried* is the size, and whether it was final, at which
    nothing whole was found to take, *first* what it began with when it was seen.
    """

    one: Growing
    told: Growing | None = None
    stat: Stat | None = None
    seen_at: float = 0.0
    missed: int = 0
    tried: tuple[int, bool] | None = None
    first: First | None = None

    @property
    def order(self) -> tuple[int, bool]:
        """
        What generations are taken by: the one that was written to last comes last.
        """
        return (self.stat[1] if self.stat else 0, not self.rotated)

    def untold(self, one: Growing) -> bool:
        """
        Tell whether the ledger lacks something that it needs of *one*, which this is or
        becomes; the size is not.
        """
        return self.told is None or replace(self.told, size=one.size) != one

    @property
    def moved(self) -> bool:
        """
        Whether it is at another place than the ledger has.
        """
        return self.told is not None and self.told.place != self.one.place

    @property
    def rotated(self) -> bool:
        """
        Whether it has another name than the one that is written to.
        """
        return self.one.place != self.one.path

    def is_in(self, found: Opened) -> bool:
        """
        Tell whether *found* is its file, and only grew since it was seen last.
        """
        if not found.sight.is_of(self.one) or not found.continues(self.one):
            return False
        # Where nothing was taken, what was seen tells whether it was truncated.
        return self.first is None or found.begins(self.first)

    def seen(self, found: Opened, stat: Stat, now: float) -> None:
        """
        Take note of a look that showed it, changed or elsewhere.
        """
        sight = found.sight
        self.one = replace(
            self.one,
            place=sight.path,
            inode=sight.inode,
            birth_ns=sight.birth_ns,
            size=sight.size,
        )
        self.stat, self.first, self.seen_at = stat, found.first, now
        self.missed, self.tried = 0, None


@dataclass(frozen=True, slots=True)
class Copy:
    """
    A file that is not read: a copy of *original* while that has the stat *beside*, or
    of what was taken in whole.
    """

    stat: Stat
    original: Followed | None
    beside: Stat | None


@dataclass(slots=True)
class Follower:
    """
    The generations of one source. Owned by one thread.

    *lost* are those that ended with bytes that were not taken, for the owner to drain;
    *blocked* the paths that could not be looked into.
    """

    pipeline: str
    base: Callable[[bytes], bytes | None]
    open: Open
    past: Past
    files: list[Followed] = field(default_factory=list)
    lost: list[Growing] = field(default_factory=list)
    blocked: dict[bytes, Stat] = field(default_factory=dict)
    copies: dict[bytes, Copy] = field(default_factory=dict)

    def listed(
        self, listing: Mapping[bytes, Fingerprint], now: float, *, complete: bool
    ) -> None:
        """
        Compare with a *listing*: follow what moved, begin with what is new, and end
        with what is gone, which only a *complete* one tells.
        """
        for memory in (self.copies, self.blocked):
            for path in memory.keys() - listing.keys():
                del memory[path]
        comparing = _Comparing(self, listing, now)
        comparing.run()
        if complete:
            self._end_missed(comparing.placed)

    def _end_missed(self, placed: Mapping[bytes, Followed]) -> None:
        there = set(map(id, placed.values()))
        for followed in self.files:
            if id(followed) in there or followed.one.ended:
                continue
            followed.missed += 1
            if followed.missed >= MISSED:
                if followed.one.behind:
                    self.lost.append(followed.one)
                followed.one = replace(followed.one, ended=True)


class _Comparing:
    """
    One comparison with a listing; *placed* are the generations that are in it.
    """

    def __init__(
        self, follower: Follower, listing: Mapping[bytes, Fingerprint], now: float
    ) -> None:
        self._follower = follower
        self._listing = listing
        self._now = now
        self.placed: dict[bytes, Followed] = {}
        self._here: set[int] = set()
        self._kin: dict[bytes, list[Followed]] = defaultdict(list)
        self._inodes: dict[int, list[Followed]] = defaultdict(list)
        for followed in follower.files:
            self._kin[followed.one.path].append(followed)
            self._inodes[followed.one.inode].append(followed)
        bases = {base for path in listing if (base := follower.base(path))}
        never = bases - self._kin.keys()
        self._fresh = {b for b in never if follower.past.header_of(b) is None}

    def run(self) -> None:
        """
        Give every path of the listing its place.
        """
        for followed in self._follower.files:
            found = self._listing.get(followed.one.place)
            if found is not None and found.stat == followed.stat:
                self._put(followed)
        # Oldest first: a generation that was written before gets the smaller number.
        left = sorted(
            self._listing.keys() - self.placed.keys(),
            key=lambda path: (self._listing[path].mtime_ns, path),
        )
        left = [path for path in left if not self._by_inode(path)]
        while left:
            path = left.pop(0)
            if not self._as_before(path):
                left += self._by_content(path)

    def _put(self, followed: Followed) -> None:
        self.placed[followed.one.place] = followed
        self._here.add(id(followed))

    def _free(self, among: list[Followed]) -> list[Followed]:
        return [f for f in among if id(f) not in self._here and not f.one.ended]

    def _by_inode(self, path: bytes) -> bool:
        """
        Tell whether *path* is a known file, perhaps renamed, that only grew.
        """
        likely = self._free(self._inodes.get(self._listing[path].inode, []))
        if not likely:
            return False
        with self._follower.open(path) as found:
            if found is None:
                return False
            for followed in likely:
                if followed.is_in(found):
                    self._place(followed, found)
                    return True
        return False

    def _as_before(self, path: bytes) -> bool:
        """
        Tell whether *path* was looked into before, and nothing has changed since.
        """
        stat = self._listing[path].stat
        if self._follower.blocked.get(path) == stat:
            return True
        held = self._follower.copies.get(path)
        if held is None or held.stat != stat:
            return False
        original = held.original
        if original is None:
            return True
        return id(original) in self._here and original.stat == held.beside

    def _by_content(self, path: bytes) -> list[bytes]:
        """
        Find out what *path* is by what is in it; return a path that must be looked at
        once more, since what it was taken for is here.
        """
        self._follower.copies.pop(path, None)
        self._follower.blocked.pop(path, None)
        base = self._follower.base(path)
        with self._follower.open(path) as found:
            if found is None or base is None:
                self._follower.blocked[path] = self._listing[path].stat
                return []
            if self._moved_here(base, found):
                return []
            rotated = path != base
            if rotated and (self._is_copy(base, found) or self._instead(base, found)):
                return []
            if rotated and (place := self._before(base, found)):
                return [place]
            self._begin(base, found)
        return []

    def _moved_here(self, base: bytes, found: Opened) -> bool:
        """
        Tell whether *found* is a generation that was elsewhere, or was taken in whole.
        """
        for followed in self._free(self._kin[base]):
            if followed.one.records and found.continues(followed.one):
                self._place(followed, found)
                return True
        size = found.sight.size
        both = ends(found.fd, 0, size)
        if size and self._follower.past.taken(base, size, both):
            self._hold(found)
            return True
        return False

    def _is_copy(self, base: bytes, found: Opened) -> bool:
        """
        Tell whether *found* is a copy of a file that is here, and hold it as such.
        """
        for followed in self._kin[base]:
            if id(followed) not in self._here:
                continue
            with self._follower.open(followed.one.place) as live:
                longer = live and live.sight.size >= found.sight.size
                if live and longer and same_beginning(live, found):
                    self._hold(found, followed)
                    return True
        return False

    def _before(self, base: bytes, found: Opened) -> bytes | None:
        """
        Return the place of a file whose earlier content *found* is: it was truncated,
        and is another generation now. None where there is none.
        """
        for followed in self._kin[base]:
            if id(followed) not in self._here:
                continue
            if followed.one.records and found.continues(followed.one):
                place = followed.one.place
                del self.placed[place]
                self._place(followed, found)
                return place
        return None

    def _instead(self, base: bytes, found: Opened) -> bool:
        """
        Tell whether *found* is taken for a generation that is gone, and of which no
        record was taken: it is that one, or as good.
        """
        none = [f for f in self._free(self._kin[base]) if not f.one.records]
        if not none:
            return False
        size = found.sight.size
        followed = max(none, key=lambda f: (f.one.size == size, f.one.size))
        if not found.continues(followed.one):
            head, tail = ends(found.fd, 0, 0)
            followed.one = replace(followed.one, end=0, lines=0, head=head, tail=tail)
        self._place(followed, found)
        return True

    def _hold(self, found: Opened, original: Followed | None = None) -> None:
        path = found.sight.path
        beside = original.stat if original else None
        held = Copy(self._listing[path].stat, original, beside)
        self._follower.copies[path] = held

    def _place(self, followed: Followed, found: Opened) -> None:
        followed.seen(found, self._listing[found.sight.path].stat, self._now)
        self._put(followed)

    def _begin(self, base: bytes, found: Opened) -> None:
        sight = found.sight
        # What was rotated before anybody followed its name is not read.
        end = sight.size if base in self._fresh and sight.path != base else 0
        head, tail = ends(found.fd, 0, end)
        one = Growing(
            id=0,
            pipeline=self._follower.pipeline,
            path=base,
            place=sight.path,
            inode=sight.inode,
            birth_ns=sight.birth_ns,
            size=sight.size,
            end=end,
            head=head,
            tail=tail,
        )
        followed = Followed(one)
        self._follower.files.append(followed)
        self._kin[base].append(followed)
        self._place(followed, found)
