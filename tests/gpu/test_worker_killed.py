"""
A daemon on this machine's GPU, whose worker is killed again and again.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestd.run.lacking import gpu_lacks
from tests.live import Daemon, content, expected_rows, output_rows, verb

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(300)]

FILES, ROWS, KILLS = 24, 60_000, 4
CONFIG = """
state_dir = "var"
[http]
listen = ""
[cluster]
kind = "cuda"
gpu_min_bytes = "1KiB"
[[pipelines]]
name = "rows"
[pipelines.source]
url = "inbox"
[pipelines.schema]
file = "int64"
row = "int64"
text = "string"
[pipelines.batch]
max_files = 1
[pipelines.sink]
url = "outbox"
"""


def processes_under(pid: int) -> Iterator[int]:
    """
    Yield the process ids of the descendants of *pid*.
    """
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from processes_under(child)


def gpu_worker(daemon: Daemon) -> list[int]:
    """
    Return the processes that Dask's nanny has started.
    """
    pids = processes_under(daemon.children()["worker-0"])
    return [p for p in pids if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()]


def test_a_gpu_s_worker_is_killed_under_load(tmp_path):
    """
    Every row is committed once; no file is blamed.
    """
    if lack := gpu_lacks():
        pytest.skip(lack.what)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "config.toml").write_text(CONFIG)
    daemon = Daemon(tmp_path).start()
    try:
        killed = 0
        for number in range(FILES):
            whole = content(number, ROWS)
            (tmp_path / "inbox" / f"{number}.csv").write_bytes(whole)
            if number % (FILES // KILLS) == 0:
                daemon.wait_for_rows(max(1, number - 2) * ROWS)
                for pid in gpu_worker(daemon):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
        daemon.wait_for_rows(FILES * ROWS)
        assert 143 == daemon.stop()
    finally:
        daemon.kill()
    left = daemon.events("unit_left_to_cpu")
    attempts = [line["attempt"] for line in daemon.events("batch_committed")]
    print("killed", killed, "left to the CPU", len(left), "attempts", attempts)
    assert killed >= 1
    assert [] == daemon.events("file_quarantined")
    expected = expected_rows(dict.fromkeys(range(FILES), ROWS))
    assert expected == output_rows(tmp_path)
    assert 0 == verb(tmp_path, "verify").returncode
