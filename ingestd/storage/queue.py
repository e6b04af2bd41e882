"""
A queue of notices: what it can do, and the one behind a URL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from ingestd.errors import ConfigError
from ingestd.storage.opening import missing_extra


@dataclass(frozen=True, slots=True)
class Message:
    """
    One delivery of a message. *receipt* names the delivery, *received* counts them.
    """

    receipt: str
    body: str
    received: int


class Queue(Protocol):
    """
    A queue. All methods but ``interrupt`` belong to one thread; all raise ComponentAway
    when it does not answer or refuses, with what to do.
    """

    def redrives(self) -> bool:
        """
        Return whether the queue itself sets aside what is received too often.
        """
        ...

    def receive(self, wait_seconds: int, visible_seconds: int) -> list[Message]:
        """
        Return what is there, after at most *wait_seconds*; the messages are hidden from
        others for *visible_seconds*.
        """
        ...

    def delete(self, receipts: Sequence[str]) -> None:
        """
        Remove messages; one that is delivered anew stays, without an error.
        """
        ...

    def extend(self, receipts: Sequence[str], visible_seconds: int) -> set[str]:
        """
        Hide messages for longer; return those for which that is possible no more.
        """
        ...

    def lacking(self) -> list[str]:
        """
        Return the permissions that are missing; changes nothing.
        """
        ...

    def interrupt(self) -> None:
        """
        End the call that is under way, and each later one, at once. From any thread.
        """
        ...

    def close(self) -> None:
        """
        Close the connection.
        """
        ...


def open_queue(url: str, options: Mapping[str, Any]) -> Queue:
    """
    Return the queue at *url*; asks it nothing yet. *options* are the source's storage.

    Raises ConfigError when a package is missing.
    """
    if lacking := missing_extra("s3"):
        raise ConfigError([lacking.replace("s3://", url.partition("://")[0] + "://")])
    # By name: the module is the door of a heavy library.
    made: Queue = import_module("ingestd.storage.sqs").SqsQueue(url, dict(options))
    return made
