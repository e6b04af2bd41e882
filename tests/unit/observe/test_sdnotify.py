"""
Notices to systemd, on a real socket.
"""

import os
import socket

import pytest

from ingestd.observe.events import NoticeLost, capture
from ingestd.observe.sdnotify import Notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """
    Return a bound socket and the address that NOTIFY_SOCKET would hold.
    """
    name = f"@ingestd-test-{os.getpid()}" if request.param == "abstract" else "n.sock"
    address = name if name.startswith("@") else str(tmp_path / name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + address[1:] if address.startswith("@") else address)
        sock.settimeout(20)
        yield sock, address


def test_notices(manager):
    """
    Each notice is one datagram of KEY=value lines.
    """
    sock, address = manager
    notifier = Notifier(address)
    notifier.ready("watching 2 folders")
    notifier.status("3 files wait")
    notifier.watchdog()
    notifier.extend_timeout(1.5)
    notifier.stopping()
    assert [
        b"READY=1\nSTATUS=watching 2 folders",
        b"STATUS=3 files wait",
        b"WATCHDOG=1",
        b"EXTEND_TIMEOUT_USEC=1500000",
        b"STOPPING=1",
    ] == [sock.recv(4096) for _ in range(5)]


def test_a_status_cannot_say_ready(manager):
    """
    A newline in a file name does not become a notice of its own.
    """
    sock, address = manager
    Notifier(address).status("x\nREADY=1")
    assert b"STATUS=x\\nREADY=1" == sock.recv(4096)


def test_taken_from_the_environment():
    """
    The address is taken out of the environment: children may not speak for us.
    """
    pid = str(os.getpid())
    environ = {
        "NOTIFY_SOCKET": "/x",
        "WATCHDOG_USEC": "60000000",
        "WATCHDOG_PID": pid,
        "A": "b",
    }
    notifier = Notifier.take(environ)
    assert ({"A": "b"}, 60.0, "/x") == (
        environ, notifier.watchdog_seconds, notifier._address,
    )  # fmt: skip


@pytest.mark.parametrize(
    "environ",
    [{}, {"WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}],
)
def test_no_watchdog_that_is_not_ours(environ):
    """
    Without a watchdog for this process nothing needs feeding.
    """
    assert 0.0 == Notifier.take(environ).watchdog_seconds


def test_mute_without_systemd():
    """
    Outside systemd every notice is nothing.
    """
    with capture() as seen:
        Notifier().ready("x")
        Notifier.take({}).watchdog()
    assert [] == seen


def test_a_dead_socket_is_told_once(tmp_path):
    """
    A manager that is gone stops nobody, and fills no log.
    """
    notifier = Notifier(str(tmp_path / "gone"))
    with capture() as seen:
        notifier.watchdog()
        notifier.watchdog()
    assert [
        NoticeLost("FileNotFoundError: [Errno 2] No such file or directory")
    ] == seen
