"""
A real daemon with its workers, from bucket to bucket.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live import Daemon
from tests.objects.kit import EVERY_STORE, config, of, rows_at
from tests.stores import Bucket

pytestmark = [pytest.mark.integration, EVERY_STORE]


def test_a_daemon_that_is_killed_goes_on_where_it_was(
    bucket: Bucket, tmp_path: Path
) -> None:
    """Workers find the credentials in the environment; each row is out once."""
    for number in range(30):
        bucket.put(f"in/{number:02d}.csv", b"n\n%d\n" % number)
    options = "scan_seconds = 1"
    text = config(of(bucket, "in"), of(bucket, "out"), options=options)
    text = text.replace("[limits]", '[http]\nlisten = ""\n[limits]')
    (tmp_path / "config.toml").write_text(
        text + "\n[pipelines.batch]\nmax_files = 10\n"
    )
    first = Daemon(tmp_path, bucket.environment).start()
    try:
        first.wait_for("batch_committed")
    finally:
        first.kill()
    bucket.put("in/99.csv", b"n\n99\n")
    again = Daemon(tmp_path, bucket.environment, ("--once",)).start()
    assert again.wait() == 0
    assert rows_at(bucket) == [(number,) for number in [*range(30), 99]]
    staged = [key for key in bucket.keys("out.ingestd/") if "/staging/" in key]
    assert staged == []
