"""
Signals, taken in a thread of their own.

Python runs a handler in the main thread between any two of its steps: there it may hold
the lock of the log, of a metric or of an event, and to take it once more would hang the
daemon for ever. So the handlers do nothing; the interpreter writes the signal's number
into a socket, and a thread reads it there.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

React = Callable[[int], None]


@contextmanager
def heard(numbers: Sequence[signal.Signals], react: React) -> Iterator[None]:
    """
    Call *react* with each of *numbers* that comes, from another thread.

    Entered in the main thread; earlier handlers are put back at the end.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    thread = threading.Thread(
        target=_listen, args=(reader, frozenset(numbers), react), daemon=True
    )
    before = {number: signal.signal(number, _nothing) for number in numbers}
    earlier = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(earlier)
        for number, handler in before.items():
            signal.signal(number, handler)
        writer.close()
        thread.join()
        reader.close()


def _listen(reader: socket.socket, numbers: frozenset[int], react: React) -> None:
    while came := reader.recv(64):
        for number in came:
            if number in numbers:
                react(number)


def _nothing(_number: int, _frame: object) -> None:
    """
    Only a handler of Python's own has the number written into the socket.
    """
