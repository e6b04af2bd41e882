"""
The contract of everything that lives long: started once, stopped once, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol


class Service(Protocol):
    """
    A long-lived part of the daemon.
    """

    def start(self) -> None:
        """
        Return when the service is ready, or raise; nothing is left behind on raising.
        """
        ...

    def stop(self) -> None:
        """
        Block until stopped; harmless when never started, and when called twice.
        """
        ...


def start_all(services: Sequence[Service]) -> ExitStack:
    """
    Start *services* in order; closing the returned stack stops them in reverse.

    When one fails to start, those already started are stopped and its error is raised.
    """
    with ExitStack() as stack:
        for service in services:
            service.start()
            stack.callback(service.stop)
        return stack.pop_all()
