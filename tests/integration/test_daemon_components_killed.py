"""
Worker, scheduler, Prefect server: each killed under load, and the input still arrives.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.live import Daemon, content, expected_rows, output_rows, verb

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

FILES, ROWS = 24, 2_000


@pytest.mark.parametrize("victim", ["worker-0", "scheduler", "prefect"])
def test_a_component_is_killed_under_load(
    make_whole_daemon: Callable[..., Daemon], victim: str
) -> None:
    """Whatever component is killed, every row is committed once, and none is lost."""
    daemon = make_whole_daemon().start()
    inbox = daemon.folder / "inbox"
    daemon.wait_for("daemon_ready")
    half = FILES // 2
    for number in range(half):
        (inbox / f"{number}.csv").write_bytes(content(number, ROWS))
    daemon.wait_for_rows(ROWS)  # something is committed: all components are up
    for number in range(half, FILES):
        if number == half + 2:
            os.kill(daemon.children()[victim], signal.SIGKILL)
        (inbox / f"{number}.csv").write_bytes(content(number, ROWS))
    daemon.wait_for_rows(FILES * ROWS)
    daemon.wait_for("service_restarted", lambda line: line["service"] == victim)
    assert daemon.stop() == 143
    expected = expected_rows(dict.fromkeys(range(FILES), ROWS))
    assert expected == output_rows(daemon.folder)
    assert daemon.events("file_quarantined") == []
    bypassed = [b for b in daemon.events("batch_committed") if b["bypassed"]]
    # Only a server that is away may be gone around; then it stands in every place.
    assert victim == "prefect" or bypassed == []
    assert len(bypassed) == len(daemon.events("batch_bypassed"))
    assert verb(daemon.folder, "verify").returncode == 0
