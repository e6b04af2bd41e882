"""
The thread that fetches notices from a queue, and acknowledges them.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from ingestd.discover.notice import Unreadable
from ingestd.errors import IngestdError, said_of
from ingestd.observe.events import (
    FaultCaught,
    NoticeSetAside,
    QueueBack,
    QueueLost,
    emit,
)
from ingestd.retry import Backoff
from ingestd.storage.queue import Message, Queue

WAIT_SECONDS: Final = 20
"""How long a queue is asked that has nothing: as long as SQS lets one wait."""

BUSY_SECONDS: Final = 1
"""The same while messages are in hand, which are to be acknowledged soon."""

VISIBLE_SECONDS: Final = 60
MOST_RECEIVED: Final = 20
"""Deliveries after which a message is taken for poison."""

_LONGEST_TEXT: Final = 4_096


class Accepted(Protocol):
    """
    What became of a notice.
    """

    @property
    def room(self) -> bool:
        """
        Whether there was room for it.
        """
        ...


class Accepts(Protocol):
    """
    What takes the notices; see ``Notices``.
    """

    def room(self) -> bool:
        """
        Return whether more may come.
        """
        ...

    def accept(self, text: str, done: Callable[[], None]) -> Accepted:
        """
        Take one; *done* is called once it need not be told again.
        """
        ...


class Courier:
    """
    A service. *away* says why the queue cannot be asked, "" where it can.
    """

    def __init__(
        self,
        pipeline: str,
        url: str,
        source: Queue,
        accepts: Accepts,
        *,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Fetch from *source*, hand to *accepts*.
        """
        self._pipeline = pipeline
        self._url = url
        self._queue = source
        self._accepts = accepts
        self._backoff = backoff or Backoff(1.0, 60.0)
        self._clock = clock
        self._acknowledged: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._visible: dict[str, float] = {}  # until when, by receipt; the thread's own
        self._redrives: bool | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.away = ""

    def start(self) -> None:
        """
        Begin.
        """
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """
        End at once, also within a long poll. What was not acknowledged comes again.
        """
        self._stopping.set()
        self._queue.interrupt()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        failures, lost_at = 0, 0.0
        while not self._stopping.is_set():
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001 - the thread's border: told, tried again
                failures += 1
                lost_at = lost_at or self._clock()
                delay = self._backoff.delay(failures)
                self._tell(error, delay)
                self._stopping.wait(delay)
            else:
                if failures and not self._stopping.is_set():
                    emit(QueueBack(self._pipeline, self._url, self._clock() - lost_at))
                    self.away, failures, lost_at = "", 0, 0.0
        self._queue.close()

    def _tell(self, error: Exception, delay: float) -> None:
        self.away, hint = said_of(error)
        if not isinstance(error, IngestdError):
            emit(FaultCaught("courier", repr(error), traceback.format_exc()))
        emit(QueueLost(self._pipeline, self._url, self.away, delay, hint))

    def turn(self) -> None:
        """
        Acknowledge what is done, hold what is not, and take what there is.
        """
        if self._redrives is None:
            self._redrives = self._queue.redrives()
        self._acknowledge()
        self._hold()
        if not self._accepts.room():
            self._stopping.wait(BUSY_SECONDS)
            return
        soon = bool(self._visible or self.away)  # what is back is to be told so
        wait = BUSY_SECONDS if soon else WAIT_SECONDS
        begun = self._clock()
        for message in self._queue.receive(wait, VISIBLE_SECONDS):
            self._visible[message.receipt] = begun + VISIBLE_SECONDS
            self._take(message)

    def _acknowledge(self) -> None:
        done = set()
        while not self._acknowledged.empty():
            done.add(self._acknowledged.get())
        if done:
            self._queue.delete(sorted(done))
            for receipt in done:
                self._visible.pop(receipt, None)

    def _hold(self) -> None:
        """
        Keep from others what is in hand, as long as it takes.
        """
        soon = self._clock() + VISIBLE_SECONDS / 2
        ending = [receipt for receipt, at in self._visible.items() if at <= soon]
        if not ending:
            return
        until = self._clock() + VISIBLE_SECONDS
        late = self._queue.extend(ending, VISIBLE_SECONDS)
        for receipt in ending:
            if receipt in late:
                del self._visible[receipt]
            else:
                self._visible[receipt] = until

    def _take(self, message: Message) -> None:
        if message.received > MOST_RECEIVED:
            self._set_aside(message, f"it was delivered {message.received} times")
            return
        done = partial(self._acknowledged.put, message.receipt)
        try:
            if not self._accepts.accept(message.body, done).room:
                # Nobody will be done with it: let it come again.
                del self._visible[message.receipt]
        except Unreadable as error:
            self._set_aside(message, str(error))

    def _set_aside(self, message: Message, reason: str) -> None:
        """
        Leave *message* to the queue's own dead letters; where there are none, tell it
        whole and remove it.
        """
        left = bool(self._redrives)
        text = message.body[:_LONGEST_TEXT]
        emit(NoticeSetAside(self._pipeline, reason, text, left_in_queue=left))
        if left:
            del self._visible[message.receipt]
        else:
            self._acknowledged.put(message.receipt)
