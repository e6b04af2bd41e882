"""
why: one answer for every path, whether it is known or not.
"""

import os
from pathlib import Path

import pytest

from ingestd.model import FileState, Outcome, Schema
from tests.integration.cli_kit import (  # noqa: F401 - a fixture
    SCHEMA,
    World,
    made_world,
)


def test_a_committed_file_shows_batch_and_outputs(world: World) -> None:
    """State, rows, batch and Parquet file."""
    batch = world.commit(b"a.csv")
    (world.inbox / "a.csv").touch()

    answer = world.ask("why", "a.csv")

    assert 0 == answer.code
    assert str(world.inbox / "a.csv") == answer.out.splitlines()[0]
    assert "committed: its rows are in the output" in answer.out
    assert "2 in, 2 out, 0 rejected" in answer.out
    assert f"{batch.id}-0000000000.parquet (2 rows" in answer.out


def test_a_file_shows_the_schema_that_it_was_read_with(world: World) -> None:
    """The version, what the file had more or less, and that there is a newer one."""
    world.commit(b"a.csv", note="'x' left out; no 'temp', null instead")

    first = world.ask("why", "a.csv").out
    with world.ledger() as ledger:
        wider = Schema((*SCHEMA.columns, ("x", "int64")), source="added")
        ledger.widen("sensors", wider, 60.0)
        (row,) = ledger.files(path=b"a.csv")
        ledger.disposed(row.id, FileState.MOVED, 61.0)
    later = world.ask("why", "a.csv").out

    assert "schema    version 1\n" in first
    assert "schema    version 1; the newest is 2\n" in later
    for answer in (first, later):
        assert "note      'x' left out; no 'temp', null instead\n" in answer


def test_a_quarantined_file_shows_reason_and_remedy(world: World) -> None:
    """The reason's code, its detail, and what to do."""
    world.commit(b"bad.csv", outcome=Outcome.QUARANTINED)

    answer = world.ask("why", str(world.inbox / "bad.csv"))

    assert 0 == answer.code
    assert "bad_value: record 3: 'x' is no int64" in answer.out
    assert "ingestd retry PATH" in answer.out


def test_a_file_in_a_failed_attempt_shows_the_error(world: World) -> None:
    """The batch that holds it, and the attempt's error, safe to print."""
    world.fail(b"later.csv")

    answer = world.ask("why", "later.csv")

    assert "is tried again after a while" in answer.out
    assert "the disk said \\x1b[31mno" in answer.out
    assert "daemon    none runs" in answer.out


def test_versions_before_the_newest_are_listed(world: World) -> None:
    """Each version of a path has had an end of its own."""
    world.commit(b"a.csv")
    world.admit(b"a.csv", version=2)

    answer = world.ask("why", "a.csv")

    assert "before" in answer.out
    assert "state     ready: it waits for a batch" in answer.out


def test_a_name_that_is_no_utf8_is_found(world: World) -> None:
    """File names are bytes, on the command line too."""
    world.commit(b"od\xffd.csv")

    answer = world.ask("why", os.fsdecode(b"od\xffd.csv"))

    assert 0 == answer.code
    assert "od\\xffd.csv" in answer.out
    assert "committed" in answer.out


@pytest.mark.parametrize(
    ("make", "name", "expected"),
    [
        (Path.touch, "a.txt", "not taken by source.include"),
        (Path.touch, "not-this.csv", "left out by source.exclude"),
        (Path.touch, ".a.csv", "unfinished files"),
        (os.mkfifo, "pipe.csv", "it is a FIFO"),
        (Path.mkdir, "folder.csv", "it is a folder"),
        (lambda p: p.symlink_to("/etc/passwd"), "link.csv", "a symbolic link"),
        (Path.touch, "new.csv", "not admitted"),
        (lambda _: None, "gone.csv", "nothing is there"),
        (lambda _: None, "sub/a.csv", "source.recursive is false"),
    ],
)
def test_a_path_that_is_not_taken_gets_the_reason(
    world: World, make: object, name: str, expected: str
) -> None:
    """The answer is the exact rule, and an answer is never a failure."""
    world.configure(source='exclude = ["not-*"]')
    make(world.inbox / name)

    answer = world.ask("why", str(world.inbox / name))

    assert 0 == answer.code
    assert expected in answer.out


def test_a_path_outside_of_every_source_names_the_sources(world: World) -> None:
    """So that the operator sees what would have been looked at."""
    answer = world.ask("why", "/etc/hostname")

    assert 0 == answer.code
    assert "no pipeline takes it" in answer.out
    assert str(world.inbox) in answer.out


def test_a_relative_path_is_taken_from_here(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the current folder first, links on the way resolved."""
    (world.folder / "link").symlink_to(world.inbox)
    (world.inbox / "a.csv").touch()
    monkeypatch.chdir(world.folder)

    for given in ("inbox/a.csv", "./inbox/../inbox/a.csv", "link/a.csv"):
        first = world.ask("why", given).out.splitlines()[0]
        assert str(world.inbox / "a.csv") == first


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("north/a.csv", "path      gives site = north"),
        (
            "a.csv",
            "path      the path 'a.csv' does not match source.path_columns: it is",
        ),
    ],
)
def test_columns_of_the_path(world, name, said):
    """What a path gives, or that its file is quarantined, before it is read."""
    source = "recursive = true\npath_columns = '(?P<site>[^/]+)/.*'\n"
    world.configure(source=source)
    (world.inbox / name).parent.mkdir(exist_ok=True)
    (world.inbox / name).write_text("x\n1\n")
    assert said in world.ask("why", str(world.inbox / name)).out
