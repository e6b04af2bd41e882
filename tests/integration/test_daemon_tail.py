"""
A daemon that follows logs: rotated in every way, and killed meanwhile.
"""

from __future__ import annotations

import pytest

from tests.live import Daemon, verb
from tests.logs import Logs, numbers_read, tailed

pytestmark = pytest.mark.timeout(300)


def test_every_record_comes_once_and_in_order(tmp_path, prefect_url):
    """Through renames, copies, new names, packing, half written records and SIGKILL."""
    (tmp_path / "config.toml").write_text(tailed())
    server = {"INGESTD__PREFECT__API_URL": prefect_url}
    logs = Logs(tmp_path / "logs", seed=1)
    logs.write(50)
    daemon = Daemon(tmp_path, server).start()
    daemon.wait_for("batch_committed")
    for killed in range(2):
        logs.write(100)
        logs.rotate()
        logs.write(100)
        daemon.wait_for("batch_committed", lambda line: line["rows_out"] > 0)
        logs.rotate()
        logs.write(30)
        if not killed:
            daemon.kill()
            logs.write(10)
            logs.rotate()
            logs.write(10)
            daemon = Daemon(tmp_path, server).start()
    logs.rotate()
    wanted = sum(map(len, logs.written.values()))
    while sum(map(len, numbers_read(tmp_path).values())) < wanted:
        daemon.wait_for_new("batch_committed")
    assert 0 == daemon.stop() - 143
    assert logs.written == numbers_read(tmp_path)
    found = verb(tmp_path, "verify")
    assert (0, True) == (found.returncode, " 0 differences" in found.stdout)
    assert [] == daemon.events("tail_given_up")
