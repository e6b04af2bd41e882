"""
The command line where source and sink are buckets.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingestd.cli import main
from tests.fault.rig import Rig
from tests.objects.kit import EVERY_STORE, config, of, url_of
from tests.stores import Bucket

Begin = Callable[..., Rig]

pytestmark = EVERY_STORE


@pytest.fixture
def done(bucket: Bucket, begin: Begin, tmp_path: Path) -> str:
    """A daemon has read one object into the bucket; return its configuration."""
    bucket.put("in/a.csv", b"n,text\n1,x\n2,y\n")
    rig = begin(config(of(bucket, "in"), of(bucket, "out")))
    rig.run_to_idle()
    rig.ledger.close()
    return str(tmp_path / "config.toml")


def test_verify_finds_what_is_missing_and_what_is_foreign(
    bucket: Bucket, done: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what the objects hold, and whether they are there."""
    assert main(["verify", "-c", done]) == 0
    assert main(["verify", "--deep", "-c", done]) == 0
    assert "2 rows in = 2 out" in capsys.readouterr().out

    (part,) = bucket.keys("out/")
    data = bucket.get(part)
    bucket.put(part, data[:-9] + b"123456789")
    bucket.put("out/foreign.parquet", b"x")
    (manifest,) = bucket.keys("out.ingestd/manifest/")
    bucket.delete(manifest)
    assert main(["verify", "-c", done]) == 4
    found = capsys.readouterr().out.splitlines()
    kinds = {line.split()[1].rstrip(":") for line in found if "DIFFERENCE" in line}
    assert kinds == {"wrong_hash", "orphan_part", "missing_manifest"}

    bucket.delete(part)
    assert main(["verify", "-c", done]) == 4
    assert "missing_part" in capsys.readouterr().out


def test_check_lists_the_bucket_and_previews_an_object(
    bucket: Bucket, done: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And tells of a bucket that is not there, with the key."""
    assert main(["check", "-c", done]) == 0
    shown = capsys.readouterr().out
    assert f"{url_of(bucket, 'in')}: 1 file there" in shown
    assert "answers, and can be listed" in shown
    assert "preview" in shown

    nowhere = url_of(bucket, "in").replace(bucket.name, bucket.nowhere)
    wrong = Path(done).read_text().replace(url_of(bucket, "in"), nowhere)
    Path(done).write_text(wrong)
    assert main(["check", "-c", done]) == 6
    error = capsys.readouterr().err
    assert "pipelines.rows.source.url" in error
    assert bucket.no_bucket in error


def test_why_knows_an_object_by_its_url(
    bucket: Bucket, done: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And by its name alone."""
    for name in (url_of(bucket, "in/a.csv"), "a.csv"):
        assert main(["why", "-c", done, name]) == 0
        assert "committed" in capsys.readouterr().out
