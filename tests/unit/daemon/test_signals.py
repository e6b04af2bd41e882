"""
Signals come when they come, also while the main thread holds a lock.
"""

from __future__ import annotations

import os
import signal
import threading

from ingestd.daemon.signals import heard


def test_a_signal_within_a_lock_hangs_nobody() -> None:
    """What reacts may take the very lock that the main thread holds meanwhile."""
    lock, told = threading.Lock(), threading.Event()
    took = []

    def react(number: int) -> None:
        took.append((number, lock.acquire(timeout=10)))
        told.set()

    with heard([signal.SIGHUP], react):
        with lock:
            os.kill(os.getpid(), signal.SIGHUP)
        assert told.wait(20)
    assert [(signal.SIGHUP, True)] == took


def test_earlier_handlers_are_put_back() -> None:
    """Afterwards a signal means what it meant before."""
    before = signal.getsignal(signal.SIGHUP)
    with heard([signal.SIGHUP], lambda _: None):
        assert signal.getsignal(signal.SIGHUP) is not before
    assert signal.getsignal(signal.SIGHUP) is before


def test_each_signal_is_heard_once_and_in_order() -> None:
    """Two signals, one after the other, are two calls."""
    seen: list[int] = []
    came = threading.Semaphore(0)

    def react(number: int) -> None:
        seen.append(number)
        came.release()

    with heard([signal.SIGHUP, signal.SIGUSR1], react):
        for number in (signal.SIGHUP, signal.SIGUSR1):
            os.kill(os.getpid(), number)
            assert came.acquire(timeout=20)
    assert [signal.SIGHUP, signal.SIGUSR1] == seen
