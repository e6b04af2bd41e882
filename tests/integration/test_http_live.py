"""
The health page of a running daemon, over HTTP.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable

import httpx
import pytest

from tests.live import PATIENCE_SECONDS, Daemon, content

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]


def configured(make_daemon: Callable[..., Daemon], listen: str) -> Daemon:
    """A daemon that is told to listen at *listen*, and has no other line changed."""
    daemon = make_daemon()
    config = daemon.folder / "config.toml"
    text = config.read_text()
    assert text.count('listen = ""') == 1
    config.write_text(text.replace('listen = ""', f'listen = "{listen}"'))
    return daemon


def free() -> socket.socket:
    """A socket that is bound to a free port, and holds it."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder


def metric(page: str, name: str) -> float:
    """The sum of all samples of *name*."""
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", page, re.MULTILINE)
    assert found, name
    return sum(map(float, found))


def test_health_readiness_and_metrics_of_a_running_daemon(
    make_whole_daemon: Callable[..., Daemon],
) -> None:
    """Alive from the start; ready, with reasons until then; rows are counted."""
    with free() as holder:
        listen = f"127.0.0.1:{holder.getsockname()[1]}"
    daemon = configured(make_whole_daemon, listen).start()
    daemon.wait_for("port_opened")
    with httpx.Client(base_url=f"http://{listen}", timeout=60) as client:
        assert client.get("/healthz").status_code == 200
        # The children take seconds to start; the page is there before them.
        first = client.get("/readyz")
        assert first.status_code == 503
        assert "starting" in first.text
        daemon.wait_for("daemon_ready")
        (daemon.folder / "inbox" / "1.csv").write_bytes(content(1, 25))
        daemon.wait_for_rows(25)
        end = time.monotonic() + PATIENCE_SECONDS
        while (ready := client.get("/readyz")).status_code != 200:
            assert time.monotonic() < end, ready.text
            time.sleep(0.05)  # between two looks
        page = client.get("/metrics").text
        assert client.get("/healthz").status_code == 200
    assert metric(page, "ingestd_rows_out_total") == 25
    assert metric(page, "ingestd_batches_total") == 1
    assert metric(page, "ingestd_in_flight_batches") == 0
    assert daemon.stop() == 143


def test_a_busy_port_is_a_warning(make_daemon: Callable[..., Daemon]) -> None:
    """Data matter more than the page: the daemon works, and says what to do."""
    with free() as holder:
        holder.listen()
        listen = f"127.0.0.1:{holder.getsockname()[1]}"
        daemon = configured(make_daemon, listen).start()
        busy = daemon.wait_for("port_busy")
        assert busy["level"] == "warning"
        assert busy["hint"]
        (daemon.folder / "inbox" / "1.csv").write_bytes(content(1, 25))
        daemon.wait_for_rows(25)
        assert daemon.stop() == 143
