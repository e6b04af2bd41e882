"""
Rows that are set aside into a bucket, whatever the dataset is in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestd.cli import main
from ingestd.errors import ComponentAway
from ingestd.storage import Place, open_store
from tests.fault.rig import Rig
from tests.objects.kit import FOLDER_IN, FOLDER_OUT, config, of, rows_at, rows_in
from tests.stores import Bucket, S3Bucket

Begin = Callable[..., Rig]

TEXT = "day,n\nd1,1\nd2,x\nd1,3\nd2\n"
SCHEMA = '[pipelines.schema]\nday = "string"\nn = "int64"\n'
GOOD, BAD = [("d1", 1), ("d1", 3)], {"bad_value", "too_few_fields"}


@pytest.fixture(params=["bucket", "folder"])
def sink(request: pytest.FixtureRequest, bucket: Bucket) -> str:
    """Where the dataset is, while the rejects are in a bucket."""
    return of(bucket, "out") if request.param == "bucket" else FOLDER_OUT


def text_of(bucket: Bucket, sink: str, prefix: str = "rejects/of") -> str:
    rejects = f"[pipelines.rejects]\nurl = {of(bucket, prefix)}\n"
    return config(FOLDER_IN, sink, rest=SCHEMA + rejects)


def begun(begin: Begin, bucket: Bucket, sink: str, folder: Path) -> Rig:
    (folder / "inbox").mkdir(exist_ok=True)
    (folder / "inbox" / "a.csv").write_text(TEXT)
    return begin(text_of(bucket, sink))


def data(bucket: Bucket, sink: str, folder: Path) -> list[Any]:
    return rows_in(folder / "outbox") if sink == FOLDER_OUT else rows_at(bucket)


def reasons(bucket: Bucket) -> set[str]:
    """By a reader who looks at all that is there."""
    rows = rows_at(bucket, "rejects/of/")
    return {value for row in rows for value in row if value in BAD}


def store_of(bucket: Bucket) -> Any:
    options = {"endpoint_url": bucket.endpoint}
    return open_store(Place.of(f"s3://{bucket.name}"), options, "sink")


def asked(folder: Path, capsys: pytest.CaptureFixture[str], *verb: str) -> str:
    name, *options = verb
    assert main([name, "-c", str(folder / "config.toml"), *options]) == 0
    return capsys.readouterr().out


def test_rejects_are_in_the_bucket_and_read_back(
    bucket: Bucket,
    begin: Begin,
    sink: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By people, by rejects and why; verify agrees, and nothing is left in staging."""
    rig = begun(begin, bucket, sink, tmp_path)
    rig.run_to_idle()
    rig.ledger.close()
    assert data(bucket, sink, tmp_path) == GOOD
    assert reasons(bucket) == BAD
    (part,) = bucket.keys("rejects/")
    assert part.startswith("rejects/of/")
    assert [k for k in bucket.keys("") if "staging" in k] == []
    left = [path for path in tmp_path.rglob("*rejects*") if "rows" not in path.parts]
    assert [path for path in left if path.is_file()] == []

    rows = json.loads(asked(tmp_path, capsys, "rejects", "--json"))
    assert {(row["line"], row["reason"]) for row in rows} == {
        (3, "bad_value"),
        (5, "too_few_fields"),
    }
    assert f"s3://{bucket.name}/{part}" in asked(tmp_path, capsys, "why", "a.csv")
    assert "2 rows in" not in asked(tmp_path, capsys, "verify", "--deep")
    shown = asked(tmp_path, capsys, "check")
    assert f"s3://{bucket.name}/rejects/of: answers, and can be listed" in shown


def test_a_dataset_in_a_bucket_beside_rejects_in_another(
    bucket: Bucket, begin: Begin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sink's storage serves the rejects where they have no table of their own."""
    other = S3Bucket.made(bucket.endpoint, f"{bucket.name}-other")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.csv").write_text(TEXT)
    rejects = f'[pipelines.rejects]\nurl = "s3://{other.name}/aside"\n'
    text = config(FOLDER_IN, of(bucket, "out"), rest=SCHEMA + rejects)
    rig = begin(text)
    rig.run_to_idle()
    rig.ledger.close()
    assert rows_at(bucket) == GOOD
    assert len(rows_at(other, "aside/")) == 2
    assert list((tmp_path / "var/scratch/rows").iterdir()) == []
    asked(tmp_path, capsys, "verify")


def test_verify_finds_what_is_missing_and_what_is_foreign(
    bucket: Bucket,
    begin: Begin,
    sink: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Among the rejects too."""
    rig = begun(begin, bucket, sink, tmp_path)
    rig.run_to_idle()
    rig.ledger.close()
    (part,) = bucket.keys("rejects/of/")
    bucket.put("rejects/of/foreign.parquet", b"x")
    bucket.put(part, bucket.get(part)[:-9] + b"123456789")
    assert main(["verify", "-c", str(tmp_path / "config.toml")]) == 4
    found = capsys.readouterr().out.splitlines()
    kinds = {line.split()[1].rstrip(":") for line in found if "DIFFERENCE" in line}
    assert kinds == {"wrong_hash", "orphan_rejects"}
    bucket.delete(part)
    assert main(["verify", "-c", str(tmp_path / "config.toml")]) == 4
    assert "missing_part" in capsys.readouterr().out
    assert main(["rejects", "-c", str(tmp_path / "config.toml")]) != 0
    assert f"{part} is gone" in capsys.readouterr().err


class Crash(BaseException):
    """
    The daemon dies here.
    """


@pytest.mark.parametrize("when", ["put", "copy", "copied"])
def test_a_crash_is_finished_by_the_next_start(
    bucket: Bucket,
    begin: Begin,
    sink: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    """No row is in the output before its batch's rejects are there, and each once."""
    rig = begun(begin, bucket, sink, tmp_path)
    store = store_of(bucket)
    put, copy = store.put, store.copy

    def placed(key: str, path: str, sha256: str) -> None:
        put(key, path, sha256)
        if when == "put" and key.startswith("rejects/"):
            raise Crash

    def copied(source: str, target: str, sha256: str) -> None:
        if not target.startswith("rejects/"):
            assert reasons(bucket) == BAD
        if when == "copy":
            raise Crash
        copy(source, target, sha256)
        if when == "copied":
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(store, "put", placed)
        patch.setattr(store, "copy", copied)
        with pytest.raises(Crash):
            rig.run_to_idle()
    assert data(bucket, sink, tmp_path) == []

    again = begin(text_of(bucket, sink))
    again.run_to_idle()
    assert data(bucket, sink, tmp_path) == GOOD
    assert reasons(bucket) == BAD
    assert len(bucket.keys("rejects/")) == 1
    assert [k for k in bucket.keys("") if "staging" in k] == []


def test_a_store_of_rejects_that_is_away_keeps_the_batch_staged(
    bucket: Bucket,
    begin: Begin,
    sink: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its rows are not in the output meanwhile; nothing fails."""
    rig = begun(begin, bucket, sink, tmp_path)

    def away(source: str, target: str, sha256: str) -> None:
        raise ComponentAway("sink", "away")

    with monkeypatch.context() as patch:
        patch.setattr(store_of(bucket), "copy", away)
        rig.scan()
        rig.turn(200)
        assert rig.parts.committer.waiting == 1
        assert data(bucket, sink, tmp_path) == []
    rig.run_to_idle()
    assert data(bucket, sink, tmp_path) == GOOD
    assert reasons(bucket) == BAD
