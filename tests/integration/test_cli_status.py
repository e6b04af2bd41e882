"""
status, files and batches: the ledger as it stands, quickly, and safe to print.
"""

import json
import os
import subprocess
import sys

import pytest

from ingestd.cli.configured import PLACES
from ingestd.config.loader import DEFAULT_PLACES
from ingestd.model import FileState, Outcome
from tests.integration.cli_kit import World, made_world  # noqa: F401 - a fixture

HEAVY = (
    *("structlog", "prefect", "dask", "distributed", "polars", "pyarrow", "numpy"),
    *("pydantic", "rich", "httpx", "fsspec", "watchdog", "prometheus_client"),
)


def test_status_counts_every_state(world: World) -> None:
    """Backlog, batches in work, states and the last error are the ledger's."""
    world.commit(b"a.csv", b"b.csv")
    world.commit(b"bad.csv", outcome=Outcome.QUARANTINED)
    world.fail(b"later.csv")
    world.admit(b"ready.csv")

    answer = world.ask("status", "--json")

    assert 0 == answer.code
    assert "" == answer.err
    (pipeline,) = answer.json["pipelines"]
    assert (1, 100) == (pipeline["backlog"]["files"], pipeline["backlog"]["bytes"])
    found = {state: count for state, count in pipeline["files"].items() if count}
    assert {"committed": 2, "quarantined": 1, "claimed": 1, "ready": 1} == found
    assert {"batches": 1, "files": 1, "bytes": 100} == pipeline["batches"]["waiting"]
    assert "the disk said \\x1b[31mno" == pipeline["last_error"]["error"]
    assert 1 == pipeline["schema_version"]
    assert answer.json["daemon"]["running"] is False


def test_status_fits_one_screen_and_steers_no_terminal(world: World) -> None:
    """The form for people has no control characters and fits 24 lines."""
    world.fail(b"later.csv")

    answer = world.ask("status")

    assert 0 == answer.code
    assert 24 >= len(answer.out.splitlines())
    assert "\x1b" not in answer.out
    assert "no daemon runs" in answer.out
    assert "1 waiting (1 file, 100B)" in answer.out


def test_status_tells_that_a_daemon_holds_the_folder(world: World) -> None:
    """The lock's holder is named while it does not answer yet, and is not disturbed."""
    with world.ledger():
        daemon = world.ask("status", "--json").json["daemon"]

    expected = {"running": True, "pid": os.getpid(), "answers": False}
    expected |= {"away": [], "notes": []}
    assert expected == daemon


def test_status_without_a_ledger_says_how_one_is_made(world: World) -> None:
    """Before the first start there is an error with a hint, and no traceback."""
    answer = world.ask("status")

    assert 1 == answer.code
    assert "there is no ledger" in answer.err
    assert "hint: It is made when the daemon starts: ingestd run" in answer.err
    assert "Traceback" not in answer.err


def test_status_answers_while_another_key_is_wrong(world: World) -> None:
    """An operator may ask although the file could not be started with."""
    world.commit(b"a.csv")
    world.configure(head="drain_seconds = 'soon'")

    assert 0 == world.ask("status").code
    assert 78 == world.ask("verify").code


def test_a_state_dir_from_the_environment_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The override that the daemon follows is followed by the questions too."""
    world.commit(b"a.csv")
    world.configure(head="", source="")
    text = world.config.read_text().replace('"var"', '"elsewhere"')
    world.config.write_text(text)
    monkeypatch.setenv("INGESTD__STATE_DIR", str(world.folder / "var"))

    assert str(world.folder / "var") == world.ask("status", "--json").json["state_dir"]


def test_the_quick_way_looks_at_the_loaders_places() -> None:
    """The places are written down twice, for speed, and are the same."""
    assert DEFAULT_PLACES == PLACES


def test_status_imports_no_heavy_library(world: World) -> None:
    """Answering needs the standard library alone: that is what makes it quick."""
    world.commit(b"a.csv")
    code = (
        "import sys; from ingestd.cli import main; "
        f"assert main(['status', '--json', '-c', {str(world.config)!r}]) == 0; "
        f"print(*(m for m in {HEAVY!r} if m in sys.modules), file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )

    assert "" == done.stderr.strip()
    assert "sensors" == json.loads(done.stdout)["pipelines"][0]["name"]


def test_files_filters_and_writes_names_out(world: World) -> None:
    """A name that is not UTF-8 stays exact in JSON and harmless on a terminal."""
    odd = b"od\xffd\n\x1b[31m.csv"
    world.commit(odd)
    world.commit(b"bad.csv", outcome=Outcome.QUARANTINED)

    listed = world.ask("files", "--json").json
    some = world.ask("files", "--json", "--state", "quarantined").json
    shown = world.ask("files").out

    assert odd == bytes.fromhex(listed[0]["path_hex"])
    assert ["bad.csv"] == [row["path"] for row in some]
    assert "path_hex" not in some[0]
    assert "bad_value" == some[0]["reason"]
    assert 3 == len(shown.splitlines())
    assert "od\\xffd\\n\\x1b[31m.csv" in shown


def test_an_empty_listing_is_an_empty_array(world: World) -> None:
    """One JSON document, also when there is nothing to list."""
    world.commit(b"a.csv")

    assert [] == world.ask("files", "--json", "--state", "ready").json
    assert [] == world.ask("batches", "--json", "--state", "failed").json


def test_batches_lists_each_with_its_error(world: World) -> None:
    """States, counts and the error of a batch that waits."""
    done = world.commit(b"a.csv", b"b.csv")
    world.fail(b"c.csv")

    first, second = world.ask("batches", "--json", "--pipeline", "sensors").json

    assert (done.id, "committed", 2, 4) == (
        first["id"],
        first["state"],
        first["files"],
        first["rows_in"],
    )
    assert ("waiting", "the disk said \\x1b[31mno") == (
        second["state"],
        second["error"],
    )
    assert "waiting" in world.ask("batches").out


@pytest.mark.parametrize(
    ("verb", "option", "value", "expected"),
    [
        ("files", "--state", "commited", "Did you mean committed?"),
        ("files", "--state", "x", ", ".join(FileState)),
        ("batches", "--state", "ready", "sealed, claimed, waiting, staged"),
        ("batches", "--pipeline", "sensor", "Did you mean sensors?"),
    ],
)
def test_a_wrong_filter_names_the_valid_ones(
    world: World, verb: str, option: str, value: str, expected: str
) -> None:
    """Exit code 2, and what would have been right."""
    world.commit(b"a.csv")

    answer = world.ask(verb, option, value)

    assert 2 == answer.code
    assert expected in answer.err
    assert "" == answer.out


def test_a_reader_that_leaves_early_is_no_error(world: World) -> None:
    """`ingestd files | head` ends quietly."""
    world.admit(*(b"%05d.csv" % number for number in range(3000)))
    command = [sys.executable, "-m", "ingestd", "files", "-c", str(world.config)]

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()

    assert (0, b"") == (process.returncode, errors)
