"""
A real daemon with its workers, from bucket to bucket.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live import Daemon
from tests.objects.kit import KINDS, of, rows_at
from tests.servers import Make
from tests.stores import Bucket

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("live")]

PIPELINE = """
[[pipelines]]
name = "{kind}"
[pipelines.source]
url = {source}
scan_seconds = 1
after_commit = "delete"
settle_unseen_seconds = 1
[pipelines.batch]
max_files = {files}
[pipelines.schema]
n = "int64"
[pipelines.sink]
url = {sink}
[pipelines.rejects]
url = {rejects}
"""


@pytest.fixture
def buckets(servers: Callable[[str], Make]) -> dict[str, Bucket]:
    """A bucket in every store that there is here; Swift speaks as moto does."""
    found: dict[str, Bucket] = {}
    for kind in KINDS:
        if kind == "swift":
            continue
        try:
            found[kind] = servers(kind)("daemon")
        except pytest.skip.Exception:
            continue
    return found


def test_a_daemon_that_is_killed_goes_on_where_it_was(
    buckets: dict[str, Bucket], tmp_path: Path
) -> None:
    """
    With a pipeline for each store: workers find the credentials in the environment;
    each row is out once, or among the rejects; each object is gone once it is
    committed, and not before.
    """
    environment: dict[str, str] = {}
    text = 'state_dir = "var"\n[http]\nlisten = ""\n[limits]\nmin_free = 0\n'
    for kind, bucket in buckets.items():
        environment |= bucket.environment
        for number in range(12):
            bucket.put(f"in/{number:02d}.csv", b"n\n%d\n" % number)
        source, sink = of(bucket, "in"), of(bucket, "out")
        text += PIPELINE.format(
            kind=kind,
            source=source,
            sink=sink,
            rejects=of(bucket, "aside"),
            files=4,
        )
    (tmp_path / "config.toml").write_text(text)
    first = Daemon(tmp_path, environment).start()
    try:
        first.wait_for("batch_committed")
    finally:
        first.kill()
    for bucket in buckets.values():
        bucket.put("in/99.csv", b"n\n99\nx\n")
    again = Daemon(tmp_path, environment, ("--once",)).start()
    assert again.wait() == 0
    expected = [(number,) for number in [*range(12), 99]]
    assert dict.fromkeys(buckets, expected) == {
        kind: rows_at(bucket) for kind, bucket in buckets.items()
    }
    assert dict.fromkeys(buckets, 1) == {
        kind: len(rows_at(bucket, "aside/")) for kind, bucket in buckets.items()
    }
    assert [] == [key for bucket in buckets.values() for key in bucket.keys("in/")]
    staged = [k for b in buckets.values() for k in b.keys("") if "/staging/" in k]
    assert staged == []
