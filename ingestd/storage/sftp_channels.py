"""
One SSH connection to a server, and the channels for files that are open on it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import paramiko

from ingestd.storage.sftp_errors import UnknownHost, Unusable

CHANNELS: Final = 8
"""OpenSSH lets a connection have ten."""
_NO_WAY_IN: Final = "No authentication methods available"
_KEEPALIVE_SECONDS: Final = 15


class _Refusing(paramiko.MissingHostKeyPolicy):
    """
    Refuses a server whose key nobody wrote down.
    """

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:  # noqa: ANN401
        """
        Raise UnknownHost.
        """
        del client
        raise UnknownHost(f"{hostname} and its key {key.get_name()} are not known")


_POLICIES: Final = {
    "reject": _Refusing,
    "warning": paramiko.WarningPolicy,
    "auto_add": paramiko.AutoAddPolicy,
}


class Channels:
    """
    Connects when it is first needed, and again when the connection broke. Safe from
    many threads; a channel is lent to one at a time.
    """

    def __init__(self, authority: str, options: dict[str, Any]) -> None:
        """
        Take *authority*, ``user@host:port``, and the options of an SSH connection.
        """
        given = dict(options)
        self._policy = str(given.pop("host_key_policy", "reject"))
        self._known_hosts = given.pop("known_hosts", None)
        self._authority = authority
        self._given = given
        self._room = threading.BoundedSemaphore(CHANNELS)
        self._lock = threading.Lock()
        self._idle: list[paramiko.SFTPClient] = []
        self._ssh: Any = None

    @contextmanager
    def lent(self, seconds: float) -> Iterator[Any]:
        """
        Lend a channel on which nothing may take longer than *seconds* without a byte.

        What fails may have left an answer on its way, so the channel is closed, unless
        the server just said that there is no such file or no access to it.
        """
        if not self._room.acquire(timeout=seconds):
            raise TimeoutError("no free channel")
        try:
            channel = self._taken(seconds)
            channel.get_channel().settimeout(seconds)
            try:
                yield channel
            except (FileNotFoundError, PermissionError):
                self._idle.append(channel)
                raise
            except BaseException:
                channel.close()
                raise
            self._idle.append(channel)
        finally:
            self._room.release()

    def close(self) -> None:
        """
        Close the connection; the next call connects anew.
        """
        with self._lock:
            self._close()

    def _taken(self, seconds: float) -> Any:  # noqa: ANN401 - the library has no types
        with self._lock:
            transport = self._ssh.get_transport() if self._ssh else None
            if transport is None or not transport.is_active():
                self._close()
                self._ssh = self._connected(seconds)
            if self._idle:
                return self._idle.pop()
            return self._ssh.open_sftp()

    def _connected(self, seconds: float) -> Any:  # noqa: ANN401 - the same
        policy = _POLICIES.get(self._policy)
        if policy is None:
            raise Unusable(f"host_key_policy: expected one of {sorted(_POLICIES)}")
        given = _target(self._authority) | self._given
        ssh = paramiko.SSHClient()
        waits = ("timeout", "banner_timeout", "auth_timeout", "channel_timeout")
        try:
            ssh.set_missing_host_key_policy(policy())
            ssh.load_system_host_keys(self._known_hosts)
            ssh.connect(**dict.fromkeys(waits, seconds), **given)
        except (TypeError, FileNotFoundError) as error:
            # An option that SSH does not have, or a file that one of them names.
            ssh.close()
            raise Unusable(str(error)) from error
        except paramiko.SSHException as error:
            ssh.close()
            if _NO_WAY_IN in str(error):
                raise paramiko.AuthenticationException(str(error)) from error
            raise
        except BaseException:
            ssh.close()
            raise
        ssh.get_transport().set_keepalive(_KEEPALIVE_SECONDS)
        return ssh

    def _close(self) -> None:
        self._idle.clear()
        if self._ssh is not None:
            self._ssh.close()
        self._ssh = None


def _target(authority: str) -> dict[str, Any]:
    """
    Return host, port and user of *authority*, as far as it tells them.
    """
    try:
        parts = urlsplit(f"sftp://{authority}")
        told = {"hostname": parts.hostname, "port": parts.port}
    except ValueError as error:
        raise Unusable(f"{authority}: expected user@host:port: {error}") from error
    told["username"] = parts.username
    return {name: value for name, value in told.items() if value is not None}
