"""
Texts for the operator: complete, and the same in the program and in the README.
"""

from pathlib import Path

import pytest

from ingestd.cli.advice import FOR_BATCH, FOR_REASON, FOR_STATE
from ingestd.cli.arguments import parser
from ingestd.cli.output import clock, iso, path_fields, write_array, write_table
from ingestd.config import load
from ingestd.errors import Reason
from ingestd.model import BatchState, FileState

ROOT = Path(__file__).resolve().parents[3]


def test_the_readme_quotes_the_help() -> None:
    """Whoever reads the README sees what the program says."""
    block = f"```console\n$ ingestd --help\n{parser().format_help()}```\n"

    assert block in (ROOT / "README.md").read_text("utf-8")


def test_the_readme_links_to_what_is_there() -> None:
    """Each link to a document leads somewhere."""
    text = (ROOT / "README.md").read_text("utf-8")
    links = {part.split(")")[0].split("#")[0] for part in text.split("](")[1:]}
    local = {link for link in links if link and "://" not in link}

    assert local
    assert set() == {link for link in local if not (ROOT / link).exists()}


def test_the_readmes_configuration_is_valid(tmp_path: Path) -> None:
    """What is quoted can be pasted."""
    block = (ROOT / "README.md").read_text("utf-8").split("```toml\n")[1]
    config = tmp_path / "config.toml"
    config.write_text(block.split("```")[0], encoding="utf-8")

    assert ["sensors"] == [p.name for p in load(config, {}).pipelines]


def test_the_reference_names_every_verb_and_exit_code() -> None:
    """docs/cli.md has a section for each verb and a line for each code."""
    text = (ROOT / "docs" / "cli.md").read_text("utf-8")

    verbs = ("run", "check", "status", "files", "batches", "why", "rejects", "retry")
    assert [] == [
        v for v in (*verbs, "verify", "init") if f"\n## ingestd {v}" not in text
    ]
    codes = (0, 1, 2, 3, 4, 5, 6, 78, 130, 143)
    assert [] == [c for c in codes if f"\n| {c} |" not in text]


def test_there_is_advice_for_everything() -> None:
    """No state and no reason leaves the operator alone."""
    assert set(Reason) == set(FOR_REASON)
    assert set(FileState) == set(FOR_STATE)
    assert set(BatchState) == set(FOR_BATCH)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"a.csv", {"path": "a.csv"}),
        ("ä.csv".encode(), {"path": "ä.csv"}),
        (b"\xff", {"path": "\\xff", "path_hex": "ff"}),
        (b"\n", {"path": "\\n", "path_hex": "0a"}),
    ],
)
def test_a_path_in_json_is_exact(path: bytes, expected: dict[str, str]) -> None:
    """Readable always, and in hexadecimal where the readable form is not the name."""
    assert expected == path_fields(path)


def test_times_are_utc() -> None:
    """One form for programs, one for people."""
    assert "1970-01-01T00:00:01.500+00:00" == iso(1.5)
    assert iso(None) is None
    assert "1970-01-01 00:00:01Z" == clock(1.5)


def test_arrays_and_tables_stream(capsys: pytest.CaptureFixture[str]) -> None:
    """More rows than the table measures still come out, aligned."""
    write_array({"n": n} for n in range(2))
    write_table(("N", "NAME"), ((str(n), "x") for n in range(1001)), "><")

    lines = capsys.readouterr().out.splitlines()
    assert ["[", '{"n": 0},', '{"n": 1}', "]"] == lines[:4]
    assert ["  N  NAME", "  0  x"] == lines[4:6]
    assert "1000  x" == lines[-1]
