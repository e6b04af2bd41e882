"""
Whatever listens, listens on loopback.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live import Daemon, content

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

LISTEN = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}


def _listening(pids: set[int]) -> set[str]:
    """Return the local addresses (hex, as the kernel has them) where *pids* listen."""
    sockets = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(entry.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and fields[9] in sockets:
                found.add(fields[1].partition(":")[0])
    return found


def test_every_listener_of_the_process_tree_is_on_loopback(
    make_whole_daemon: Callable[..., Daemon],
) -> None:
    """Scheduler, worker, dashboards, Prefect: none is reachable from another host."""
    daemon = make_whole_daemon().start()
    daemon.wait_for("daemon_ready")
    (daemon.folder / "inbox" / "1.csv").write_bytes(content(1, 10))
    daemon.wait_for_rows(10)
    assert daemon.process is not None
    addresses = _listening({daemon.process.pid, *daemon.children().values()})
    assert addresses
    assert addresses <= LOOPBACK
    daemon.stop()
