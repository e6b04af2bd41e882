"""
One call of a store, tried again within a deadline; and when to stop asking at all.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from ingestd.errors import ComponentAway
from ingestd.retry import Backoff
from ingestd.storage.store import Forbidden, Missing, Replaced

T = TypeVar("T")

DEADLINE_SECONDS = 25.0
CALL_SECONDS = 10.0
_LONGEST_PACE = 2.0


class Trouble(StrEnum):
    """
    What an error means for the next step.
    """

    AGAIN = "again"  # the store, or the way to it, failed this once
    SLOWER = "slower"  # the store asks for fewer requests
    EXPIRED = "expired"  # the credentials are refused
    DENIED = "denied"  # they are good, and may not do this
    MISSING = "missing"
    REPLACED = "replaced"
    WRONG = "wrong"  # it would fail the same way again: no bucket, no such feature


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What an error means, in words for the operator, and what to do about it.
    """

    trouble: Trouble
    said: str
    hint: str = ""


class Cut(Exception):
    """
    What came was shorter than it said, or not from the store at all.
    """


def within(
    loop: asyncio.AbstractEventLoop,
    once: Callable[[], Coroutine[Any, Any, T]],
    seconds: float,
) -> T:
    """
    Run *once* on *loop*, which belongs to another thread; raises TimeoutError.
    """

    async def bounded() -> T:
        return await asyncio.wait_for(once(), seconds)

    return asyncio.run_coroutine_threadsafe(bounded(), loop).result()


@dataclass(slots=True)
class Breaker:
    """
    Stops asking a store that failed a whole deadline long: open for a growing while, in
    which every call fails at once; then one call may try. Safe from many threads.
    """

    clock: Callable[[], float] = time.monotonic
    backoff: Backoff = field(default_factory=lambda: Backoff(1.0, 30.0))
    _failures: int = 0
    _until: float = 0.0
    _why: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def closed(self) -> str:
        """
        Return "" when the store may be asked, else why not.
        """
        with self._lock:
            now = self.clock()
            if not self._failures or now >= self._until:
                if self._failures:
                    # One call tries; the others go on waiting until it is through.
                    self._until = now + DEADLINE_SECONDS
                return ""
            return f"{self._why} (not asked again for {self._until - now:.1f} s)"

    def failed(self, why: str) -> None:
        """
        Open, for longer than the last time.
        """
        with self._lock:
            self._failures += 1
            self._why = why
            self._until = self.clock() + self.backoff.delay(self._failures)

    def answered(self) -> None:
        """
        Close: the store answered.
        """
        with self._lock:
            self._failures, self._why = 0, ""

    @property
    def why(self) -> str:
        """
        Why it is open, "" when it is not.
        """
        return self._why


@dataclass(slots=True)
class Caller:
    """
    Makes the calls of one store. *judge* tells what an error means; *renew* has the
    credentials read anew. *component* is source or sink, *place* for messages.
    """

    component: str
    place: str
    judge: Callable[[Exception], Verdict]
    renew: Callable[[], None]
    breaker: Breaker = field(default_factory=Breaker)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    deadline_seconds: float = DEADLINE_SECONDS
    backoff: Backoff = field(default_factory=lambda: Backoff(0.1, 4.0))
    _pace: float = 0.0  # seconds before each call, after the store asked for fewer

    def call(self, what: str, once: Callable[[float], T]) -> T:
        """
        Return what *once* gives, which gets the seconds that it may take.

        Raises Missing, Replaced, Forbidden at once, ComponentAway at the deadline or
        where trying again is of no use.
        """
        if why := self.breaker.closed():
            raise self._away(what, why, "")
        begun, attempt, renewed = self.clock(), 0, False
        while True:
            attempt += 1
            if self._pace:
                self.sleep(self._pace)
            left = max(0.1, self.deadline_seconds - (self.clock() - begun))
            try:
                found = once(min(CALL_SECONDS, left))
            except Exception as error:  # noqa: BLE001 - judged, and never swallowed
                verdict = self.judge(error)
                if verdict.trouble is Trouble.EXPIRED and not renewed:
                    renewed = True
                    self.renew()
                    continue
                delay = self._delay(attempt, verdict)
                over = self.clock() - begun + delay >= self.deadline_seconds
                self._give_up(what, verdict, error, over=over)
                self.sleep(delay)
            else:
                self._pace *= 0.5 if self._pace > 0.01 else 0.0  # noqa: PLR2004
                self.breaker.answered()
                return found

    def about_store(self, what: str, once: Callable[[float], T]) -> T:
        """
        As ``call``, for what concerns the whole store: that access is denied is an
        absence, and no matter of one object.
        """
        try:
            return self.call(what, once)
        except Forbidden as error:
            hint = "Give the daemon's account access"
            raise self.away(str(error), hint) from error

    def away(self, said: str, hint: str = "") -> ComponentAway:
        """
        Return the absence of this store, because of what is *said*.
        """
        return ComponentAway(self.component, f"{self.place}: {said}", hint=hint)

    def _delay(self, attempt: int, verdict: Verdict) -> float:
        if verdict.trouble is Trouble.SLOWER:
            self._pace = min(_LONGEST_PACE, max(0.05, 2 * self._pace))
        return self.backoff.delay(attempt)

    def _give_up(
        self, what: str, verdict: Verdict, error: Exception, *, over: bool
    ) -> None:
        """
        Raise unless the call is worth another try.
        """
        trouble, said = verdict.trouble, verdict.said
        if trouble in {Trouble.MISSING, Trouble.REPLACED, Trouble.DENIED}:
            self.breaker.answered()
            kinds = {Trouble.MISSING: Missing, Trouble.REPLACED: Replaced}
            raise kinds.get(trouble, Forbidden)(f"{what}: {said}") from error
        if trouble in {Trouble.AGAIN, Trouble.SLOWER} and not over:
            return
        away = self._away(what, said, verdict.hint)
        self.breaker.failed(said)
        raise away from error

    def _away(self, what: str, said: str, hint: str) -> ComponentAway:
        return self.away(f"{what}: {said}", hint)
