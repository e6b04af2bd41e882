"""
Tell systemd how it goes: ready, still alive, stopping. Nothing without systemd.

A notice is one datagram of ``KEY=value`` lines to the Unix socket that the environment
names. The watchdog is fed by the caller's progress, never by a timer here: a loop that
hangs must look like one.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

from ingestd.observe.escape import escape
from ingestd.observe.events import NoticeLost, emit

_SEND_SECONDS = 1.0


class Notifier:
    """
    Speaks to the service manager. Safe from every thread; never raises.
    """

    def __init__(self, address: str = "", watchdog_seconds: float = 0.0) -> None:
        """
        Send to the socket *address*, an abstract one beginning with ``@``; "" is mute.

        *watchdog_seconds* is the silence after which systemd kills us, 0 for never.
        """
        self._address = address
        self.watchdog_seconds = watchdog_seconds
        self._told = False

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> Notifier:
        """
        Return what *environ* names, and remove it there.

        Removed because child processes inherit it, and may not speak for the daemon.
        """
        address = environ.pop("NOTIFY_SOCKET", "")
        usec = environ.pop("WATCHDOG_USEC", "0")
        pid = environ.pop("WATCHDOG_PID", "")
        for_us = pid in ("", str(os.getpid()))
        seconds = int(usec) / 1e6 if for_us and usec.isdecimal() else 0.0
        return cls(address, seconds)

    def ready(self, status: str = "") -> None:
        """
        Say that files are being watched; ``systemctl start`` returns.
        """
        self._send("READY=1", *_status(status))

    def status(self, text: str) -> None:
        """
        Show *text* in ``systemctl status``.
        """
        self._send(*_status(text))

    def watchdog(self) -> None:
        """
        Say that the loop has moved on.
        """
        self._send("WATCHDOG=1")

    def stopping(self, status: str = "") -> None:
        """
        Say that the daemon is on its way out.
        """
        self._send("STOPPING=1", *_status(status))

    def extend_timeout(self, seconds: float) -> None:
        """
        Ask for *seconds* from now to finish the start or the stop that goes on.
        """
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def _send(self, *rows: str) -> None:
        if not self._address or not rows:
            return
        path = self._address
        target = "\0" + path[1:] if path.startswith("@") else path
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                # Bounded, since a manager that does not read may not stop the data.
                sock.settimeout(_SEND_SECONDS)
                sock.sendto("\n".join(rows).encode(), target)
        except OSError as err:
            if not self._told:
                self._told = True
                emit(NoticeLost(f"{type(err).__name__}: {err}"))


def _status(text: str) -> tuple[str, ...]:
    # Escaped, or a file name with a newline could write READY=1 of its own.
    return (f"STATUS={escape(text)}",) if text else ()
