"""
The loop: rows are set aside, listed as CSV, repaired, dropped into the inbox, read.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingestd.cli import main
from ingestd.model import FileState
from ingestd.run.engine import load
from tests.fault.rig import start

CONFIG = """
state_dir = "var"
[limits]
min_free = 0
[[pipelines]]
name = "rows"
[pipelines.source]
url = "inbox"
settle_unseen_seconds = 1
[pipelines.csv]
{csv}
[pipelines.schema]
id = "int64"
text = "string"
[pipelines.sink]
url = "outbox"
"""

GOOD = "id,text\n1,one\n2,two\n"
BAD = "three,3\n4\n5,fiv\xe9,more\n"
REPAIRS = [("three,3", "3,three"), ("\n4\n", "\n4,four\n"), (",more", "")]
EXPECTED = [(1, "one"), (2, "two"), (3, "three"), (4, "four"), (5, "fiv\xe9")]

DIALECTS = {
    "plain": ("", "{}"),
    "no header": ("header = false", "{}"),
    "latin-1": ('encoding = "latin-1"', "{}"),
    "utf-16": ('encoding = "utf-16"', "{}"),
    "carriage returns": ("", "{}"),
    "a preamble and a footer": ("skip_rows = 2\nskip_footer = 1", "of\n\n{}the end\n"),
    "a long delimiter": ('delimiter = "||"', "{}"),
    "comments": ('comment = "#"', "# no\n{}# no\n"),
    "a last record that is cut": ('final_newline = "require"', "{}"),
    "a byte order mark": ("", "\ufeff{}"),
}


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """A world in one dialect; return its name and encoding."""
    options, frame = DIALECTS[request.param]
    text = frame.format(GOOD + BAD)
    if request.param == "no header":
        text = text.partition("\n")[2]
    if request.param == "carriage returns":
        text = text.replace("\n", "\r\n")
    if request.param == "a long delimiter":
        text = text.replace(",", "||")
    if request.param == "a last record that is cut":
        text = text.removesuffix("\n")
    encoding = options.partition('encoding = "')[2].partition('"')[0] or "utf-8"
    (tmp_path / "config.toml").write_text(CONFIG.format(csv=options))
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.csv").write_bytes(text.encode(encoding))
    return request.param, encoding


def ingest(folder: Path) -> None:
    """A life of the daemon with the real engine, until all is drained."""
    rig = start(folder, load("polars"))
    rig.run_to_idle()
    rig.stop()


def asked(folder: Path, monkeypatch: pytest.MonkeyPatch, *verb: str) -> bytes:
    """What a verb writes to standard output; it must end well."""
    out = io.BytesIO()
    name, *options = verb
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(out))
        assert 0 == main([name, "-c", str(folder / "config.toml"), *options])
        return out.getvalue()


def output(folder: Path) -> list[tuple[int, str]]:
    """The rows in the outbox, sorted."""
    tables = [pq.read_table(path) for path in (folder / "outbox").glob("**/*.parquet")]
    rows = [row for table in tables for row in table.to_pylist()]
    return sorted((row["id"], row["text"]) for row in rows)


def test_what_was_set_aside_comes_back(
    tmp_path: Path, dialect: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    In every dialect: what is written as CSV is read as its pipeline's files are, and
    after the repair every row is in the output once.
    """
    name, encoding = dialect
    ingest(tmp_path)
    assert EXPECTED[:2] == output(tmp_path)

    text = asked(tmp_path, monkeypatch, "rejects", "--csv").decode(encoding)
    assert 3 == len(asked(tmp_path, monkeypatch, "rejects").splitlines()[1:])
    for wrong, right in REPAIRS:
        if name == "a long delimiter":
            wrong, right = wrong.replace(",", "||"), right.replace(",", "||")  # noqa: PLW2901
        assert wrong in text
        text = text.replace(wrong, right)
    (tmp_path / "inbox" / "repaired.csv").write_bytes(text.encode(encoding))
    ingest(tmp_path)

    assert EXPECTED == output(tmp_path)
    asked(tmp_path, monkeypatch, "verify", "--deep")
    why = asked(tmp_path, monkeypatch, "why", "repaired.csv").decode()
    assert FileState.COMMITTED in why
    assert "3 in, 3 out, 0 rejected" in why


def test_what_is_not_repaired_is_set_aside_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The rows stay where they can be repaired, under the file that brought them last.
    """
    (tmp_path / "config.toml").write_text(CONFIG.format(csv=""))
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.csv").write_text(GOOD + BAD)
    ingest(tmp_path)
    first = asked(tmp_path, monkeypatch, "rejects", "--csv")
    (tmp_path / "inbox" / "again.csv").write_bytes(first)
    ingest(tmp_path)

    assert EXPECTED[:2] == output(tmp_path)
    again = asked(tmp_path, monkeypatch, "rejects", "--csv", "--file", "again.csv")
    assert first == again
    asked(tmp_path, monkeypatch, "verify", "--deep")
