"""
Where the health page listens, and the names by which it may be asked.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

from ingestd.errors import ConfigError

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def parse_listen(listen: str) -> tuple[str, int]:
    """
    Split ``host:port`` or ``[v6]:port``; ConfigError when it is neither.
    """
    host, colon, port = listen.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not (colon and bare and port.isdecimal() and int(port) < 65536):  # noqa: PLR2004
        problem = f"http.listen = {listen!r}: expected host:port, as 127.0.0.1:8750"
        raise ConfigError([problem])
    return bare, int(port)


def allowed_hosts(host: str) -> frozenset[str]:
    """
    Return the names that stand for us, where we listen at *host*.
    """
    return _LOOPBACK | {host.lower(), socket.gethostname().lower()}


def is_address(name: str) -> bool:
    """
    Return whether *name* is an IP address.
    """
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
