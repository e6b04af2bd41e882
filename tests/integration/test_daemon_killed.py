"""
SIGKILL of the daemon: its children end with it, and the next start finishes the work.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from tests.live import (
    PATIENCE_SECONDS,
    Daemon,
    content,
    expected_rows,
    output_rows,
    verb,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_children_end_with_the_daemon_and_the_next_start_recovers(
    make_whole_daemon: Callable[..., Daemon],
) -> None:
    """No child outlives a killed daemon; rows in flight are committed once, later."""
    first = make_whole_daemon().start()
    inbox = first.folder / "inbox"
    first.wait_for("daemon_ready")
    for number in range(8):
        (inbox / f"{number}.csv").write_bytes(content(number, 500))
    first.wait_for("files_admitted")
    children = first.children()
    assert {"prefect", "scheduler", "worker-0"} == set(children)
    first.kill()
    end = time.monotonic() + PATIENCE_SECONDS
    while not all(map(_gone, children.values())):
        assert time.monotonic() < end, "children outlived the daemon"
        time.sleep(0.02)  # between two looks; the bound is the end above
    second = make_whole_daemon("", "", "--once").start()
    assert second.wait() == 0, second.tail()
    expected = expected_rows(dict.fromkeys(range(8), 500))
    assert expected == output_rows(first.folder)
    assert list((first.folder / "outbox.ingestd" / "staging").iterdir()) == []
    assert verb(first.folder, "verify").returncode == 0


def test_a_second_daemon_is_refused(make_daemon: Callable[..., Daemon]) -> None:
    """A second daemon on the same state exits with 5 and a sentence with the pid."""
    first = make_daemon().start()
    first.wait_for("daemon_ready")
    assert first.process is not None
    refused = verb(first.folder, "run")
    assert refused.returncode == 5
    assert "another daemon" in refused.stderr
    assert str(first.process.pid) in refused.stderr
    assert first.stop() == 143


def test_sigterm_drains_and_sighup_is_ignored(
    make_daemon: Callable[..., Daemon],
) -> None:
    """A clean stop commits what is in flight; SIGHUP leaves a line and nothing else."""
    import signal

    daemon = make_daemon().start()
    daemon.wait_for("daemon_ready")
    (daemon.folder / "inbox" / "1.csv").write_bytes(content(1, 100))
    daemon.wait_for_rows(100)
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for("signal_ignored")
    (daemon.folder / "inbox" / "2.csv").write_bytes(content(2, 100))
    daemon.wait_for("files_admitted", lambda line: line is not daemon.lines[0])
    assert daemon.stop() == 143
    assert daemon.events("daemon_stopped") != []
    again = make_daemon("", "", "--once").start()
    assert again.wait() == 0, again.tail()
    assert expected_rows({1: 100, 2: 100}) == output_rows(daemon.folder)
