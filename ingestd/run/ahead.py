"""
The next objects of a unit, on their way while an earlier one is looked at.

A store far away takes tens of milliseconds to answer, a small object no time to read;
one after the other a thousand of them would take most of a minute.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar

from ingestd.model import Member

AT_ONCE = 8
LARGEST = 32 << 20
"""A larger object is not fetched ahead: it keeps the line busy by itself, and the disk
holds few of them."""

Fetch = Callable[[Member], int]

_ahead: ContextVar[Ahead | None] = ContextVar("ahead", default=None)


class Ahead:
    """
    Fetches *members* in their order, a few ahead. Owned by one thread.
    """

    def __init__(self, members: tuple[Member, ...], fetch: Fetch) -> None:
        self._waiting = deque(m for m in members if m.size <= LARGEST)
        self._fetch = fetch
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch")
        self._coming: dict[int, Future[int]] = {}

    def take(self, member: Member) -> int | None:
        """
        Return the descriptor of *member*'s spool; None where it is not on its way.

        Raises what fetching it raised.
        """
        self._fill()
        coming = self._coming.pop(member.file.id, None)
        self._fill()
        return None if coming is None else coming.result()

    def close(self) -> None:
        """
        Let go of what was not taken.
        """
        self._waiting.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for coming in self._coming.values():
            if not coming.cancelled() and coming.exception() is None:
                os.close(coming.result())
        self._coming.clear()

    def _fill(self) -> None:
        while self._waiting and len(self._coming) < AT_ONCE:
            member = self._waiting.popleft()
            future = self._pool.submit(self._fetch, member)
            self._coming[member.file.id] = future


@contextmanager
def reading_ahead(members: tuple[Member, ...], fetch: Fetch) -> Iterator[None]:
    """
    Have *members* fetched ahead by *fetch* while the block reads them, in this thread.
    """
    made = Ahead(members, fetch)
    token = _ahead.set(made)
    try:
        yield
    finally:
        _ahead.reset(token)
        made.close()


def taken(member: Member) -> int | None:
    """
    Return the descriptor of what was fetched ahead of *member*, None where nothing was.
    """
    ahead = _ahead.get()
    return None if ahead is None else ahead.take(member)
