"""
check: reaches everything, shows schema and preview, changes nothing.
"""

import hashlib
import os
import socket
from pathlib import Path

import pytest

from ingestd.model import UNTYPED, Schema
from tests.integration.cli_kit import (  # noqa: F401 - a fixture
    AGGREGATE,
    World,
    made_world,
)

CPU = '[cluster]\nkind = "local"\n'
CSV = "device,temp,note\n1,20.5,x\n2,,\n1,21.5,z\n"


def _snapshot(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(p), p.lstat().st_mtime_ns) for p in folder.rglob("*"))


def test_a_sound_configuration_is_shown_whole(world: World) -> None:
    """Inferred schema, ready to paste; rows as read; exit code 0; nothing changed."""
    world.configure(head=CPU)
    (world.inbox / "a.csv").write_text(CSV)
    before = _snapshot(world.folder)

    answer = world.ask("check")

    assert (0, "") == (answer.code, answer.err)
    assert before == _snapshot(world.folder)
    assert '    device = "int64"\n    temp = "float64"\n' in answer.out
    assert "read lease" in answer.out or "after its close" in answer.out
    rows = [line.split() for line in answer.out.splitlines()]
    assert ["1", "20.5", "x"] in rows
    assert ["2", "null", "null"] in rows


def test_an_aggregate_is_previewed_too(world: World) -> None:
    """The groups of the first files, as the sink would get them."""
    metrics = '[pipelines.aggregate.metrics]\nn = ["*", "count"]\n'
    world.configure(head=CPU, tail=AGGREGATE + metrics)
    (world.inbox / "a.csv").write_text(CSV)

    answer = world.ask("check")

    rows = [line.split() for line in answer.out.splitlines()]
    assert ["device", "n", "_rows"] in rows
    assert ["1", "2", "2"] in rows


def test_a_file_that_would_be_quarantined_is_named(world: World) -> None:
    """Before any daemon has run, with the reason; it is no reason to fail."""
    world.configure(head=CPU)
    (world.inbox / "a.csv").write_text(CSV)
    (world.inbox / "b.csv").write_text("device,temp,temp\n1,2,x\n")

    answer = world.ask("check")

    assert 0 == answer.code
    assert "b.csv: quarantined: duplicate_column" in answer.out


def test_a_large_file_is_previewed_by_its_head(world: World) -> None:
    """The preview reads a part, not gigabytes, and cuts at a record's end."""
    world.configure(head=CPU)
    line = '7,1.5,"a\nb"\n'
    (world.inbox / "big.csv").write_text("device,temp,note\n" + line * 500_000)

    answer = world.ask("check")

    assert 0 == answer.code
    assert ["7", "1.5", "a\\nb"] in [row.split() for row in answer.out.splitlines()]
    assert "quarantined" not in answer.out


def test_a_pinned_schema_is_shown_as_toml(world: World) -> None:
    """The ledger's, with its version, once a batch has pinned it."""
    world.configure(head=CPU)
    world.commit(b"a.csv")

    answer = world.ask("check")

    assert "pinned, version 1" in answer.out
    assert 'temp = "float64"' in answer.out


def test_the_versions_of_a_schema_are_listed(world: World) -> None:
    """A line each, with what it changed; the newest as TOML, ready to paste."""
    world.configure(head=CPU)
    with world.ledger() as ledger:
        first = Schema((("a", "int64"), ("n", UNTYPED)), source="inferred")
        ledger.pin("sensors", first, 1_795_000_000.0)
        wider = Schema((*first.columns, ("b\n", "date")), source="added")
        ledger.widen("sensors", wider, 1_795_000_001.0)

    answer = world.ask("check")

    assert 0 == answer.code
    assert "  schema   pinned, version 2, added\n" in answer.out
    assert '    a = "int64"\n    # n: held only nulls so far' in answer.out
    assert '    "b\\n" = "date"\n' in answer.out
    assert (
        "  versions\n"
        "    1  2026-11-18 11:06:40Z  inferred: 2 columns\n"
        "    2  2026-11-18 11:06:41Z  added: +b\\n date\n"
    ) in answer.out


def test_what_the_next_start_pins_is_shown(world: World) -> None:
    """A declaration that changed, with the columns that files have added."""
    schema = '[pipelines.schema]\na = "float64"\n'
    world.configure(head=CPU, tail=schema)
    assert "schema   declared in the configuration\n" in world.ask("check").out
    with world.ledger() as ledger:
        ledger.pin("sensors", Schema((("a", "int64"),)), 1.0)
        wider = Schema((("a", "int64"), ("b", "date")), source="added")
        ledger.widen("sensors", wider, 2.0)

    answer = world.ask("check")

    assert (
        "declared in the configuration; the next start pins it as version 3: "
        "a: int64 -> float64\n" in answer.out
    )
    assert '    a = "float64"\n    b = "date"\n' in answer.out


def test_columns_that_the_files_there_would_add_are_shown(world: World) -> None:
    """And previewed as they would be read; nothing is pinned."""
    world.configure(head=CPU, tail='[pipelines.drift]\nnew_column = "add"\n')
    with world.ledger() as ledger:
        ledger.pin("sensors", Schema((("device", "int64"),)), 1.0)
    (world.inbox / "a.csv").write_text(CSV)

    answer = world.ask("check")

    would = "the first files there ask for another version: +temp float64, +note string"
    assert f"  drift    {would}\n" in answer.out
    assert ["1", "20.5", "x"] in [line.split() for line in answer.out.splitlines()]
    with world.ledger() as ledger:
        assert 1 == len(ledger.schemas("sensors"))


def test_every_problem_is_listed(world: World) -> None:
    """Exit code 6: one run tells all that is missing, each with key and remedy."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        world.configure(
            head=f'[cluster]\naddress = "tcp://127.0.0.1:{port}"\n'
            f'[prefect]\napi_url = "http://127.0.0.1:{port}/api"\n'
        )
        world.inbox.rmdir()
        world.outbox.write_text("a file, no folder")

        answer = world.ask("check")

    assert 6 == answer.code
    for key in (
        "cluster.address",
        "prefect.api_url",
        "source folder",
        "pipelines.sensors.sink.url",
    ):
        assert 1 == sum(key in line for line in answer.err.splitlines()), key


def test_a_gpu_that_is_asked_for_and_not_there_is_a_problem(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its batches would wait for one without end."""
    monkeypatch.setenv("INGESTD__PIPELINES__SENSORS__ENGINE", "cudf")
    world.configure(head=CPU)

    answer = world.ask("check")

    assert 6 == answer.code
    said = 'pipelines.sensors.engine = "cudf": its batches would wait for a GPU'
    assert said in answer.err


def test_an_address_that_is_no_scheduler_is_a_problem(world: World) -> None:
    """That something takes connections there proves nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        world.configure(head=f'[cluster]\naddress = "tcp://127.0.0.1:{port}"\n')

        answer = world.ask("check")

    assert 6 == answer.code
    said = f"cluster.address = 'tcp://127.0.0.1:{port}': no answer of a Dask scheduler"
    assert said in answer.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_sink_without_write_access_is_a_problem(world: World) -> None:
    """Found by asking, not by writing."""
    world.configure(head=CPU)
    world.outbox.mkdir(mode=0o500)

    answer = world.ask("check")

    assert 6 == answer.code
    assert "no write access" in answer.err


def test_a_broken_configuration_lists_all_its_problems(world: World) -> None:
    """Exit code 78, a line for each, with the file's name."""
    world.configure(head="drain_secs = 1\n[limits]\nmax_in_flight = 0")

    answer = world.ask("check")

    assert 78 == answer.code
    lines = answer.err.splitlines()
    assert 2 == len(lines)
    assert all(line.startswith(str(world.config)) for line in lines)
    assert "did you mean drain_seconds" in answer.err


def test_the_folder_of_the_rejects_is_reached(world: World) -> None:
    """Where rows are set aside, and only there: it is made at the start."""
    world.configure(head=CPU, tail='[pipelines.drift]\nbad_row = "fail"\n')
    assert "ok       rejects" not in world.ask("check").out
    world.configure(head=CPU)

    answer = world.ask("check")

    assert (0, "") == (answer.code, answer.err)
    folder = world.folder / "var" / "rejects" / "sensors"
    assert f"ok       rejects    {folder}: writable (is made at" in answer.out


def test_rejects_that_cannot_be_written_are_a_problem(world: World) -> None:
    """A file in the way, for one: named, with the key."""
    (world.folder / "aside").touch()
    world.configure(head=CPU, tail='[pipelines.rejects]\nurl = "aside"\n')

    answer = world.ask("check")

    assert 6 == answer.code
    assert "pipelines.sensors.rejects.url" in answer.err
    assert "is no folder" in answer.err


def test_rows_that_would_be_set_aside_are_named(world: World) -> None:
    """How many of a file, and the first, beside the rows that would be read."""
    world.configure(head=CPU)
    (world.inbox / "a.csv").write_text(CSV)
    (world.inbox / "b.csv").write_text("device,temp,note\n1,2\n1,2.5,x\n3\n")

    answer = world.ask("check")

    assert 0 == answer.code
    expected = "b.csv: 2 rows set aside, the first in line 2: too_few_fields: "
    assert expected in answer.out
    assert ["1", "2.5", "x"] in [line.split() for line in answer.out.splitlines()]


SITES = "recursive = true\npath_columns = '(?P<site>[^/]+)/.*'\n"


def test_a_transform_is_shown_step_by_step(world: World) -> None:
    """What is parsed and what is not; the rows before and after it, and the groups."""
    tail = (
        "[pipelines.transform]\n"
        "derive = { warm = 'temp > 21' }\n"
        "where = \"site <> 'test'\"\n"
        '[pipelines.aggregate]\ngroup_by = ["site", "warm"]\n'
        '[pipelines.aggregate.metrics]\nn = ["*", "count"]\n'
    )
    world.configure(head=CPU, source=SITES, tail=tail)
    for name in ("north/a.csv", "test/b.csv", "c.csv"):
        (world.inbox / name).parent.mkdir(exist_ok=True)
        (world.inbox / name).write_text(CSV)

    answer = world.ask("check")

    assert (0, "") == (answer.code, answer.err)
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert "paths 2 files of 3 match; the first: site = north" in lines
    assert (
        "note the path 'c.csv' does not match source.path_columns: the file would be "
        "quarantined"
    ) in lines
    assert "parsed temp (1 of 3 columns); not converted: device, note" in lines
    assert "derived warm = temp > 21" in lines
    assert "keys site, warm" in lines
    assert "1 21.5 z" in lines
    assert "1 21.5 z north True" in lines
    assert "north True 1 1" in lines


def test_a_transform_that_the_files_do_not_fit(world: World) -> None:
    """Of an inferred schema it is told here, before any daemon runs: exit code 78."""
    world.configure(head=CPU, tail='[pipelines.transform]\nwhere = "tmep > 1"\n')
    (world.inbox / "a.csv").write_text(CSV)

    answer = world.ask("check")

    assert 78 == answer.code
    assert "did you mean 'temp'?\n        tmep > 1\n        ^\n" in answer.out


def test_a_transform_that_a_declared_schema_does_not_fit(world: World) -> None:
    """The configuration is refused, with a caret under the place."""
    schema = '[pipelines.schema]\ntemp = "float64"\n'
    tail = schema + '[pipelines.transform]\nwhere = "tmep > 1"\n'
    world.configure(head=CPU, tail=tail)

    answer = world.ask("check")

    assert 78 == answer.code
    assert "pipelines.sensors.transform.where: no column 'tmep'" in answer.err
    assert "    tmep > 1\n    ^" in answer.err


def test_the_head_of_a_large_file_keeps_its_path(world: World) -> None:
    """Its columns come from there."""
    world.configure(head=CPU, source=SITES)
    (world.inbox / "north").mkdir()
    text = "device,temp,note\n" + "7,1.5,x\n" * 800_000
    (world.inbox / "north" / "big.csv").write_text(text)

    answer = world.ask("check")

    assert ["7", "1.5", "x", "north"] in [x.split() for x in answer.out.splitlines()]


OWN = """
import polars as pl

def warm(rows):
    return rows.filter(pl.col("temp") > 21).with_columns(score=pl.col("temp") * 2)

def broken(rows):
    raise ValueError("no such unit")
"""
SCORE = 'python_columns = { score = "float64" }\n'


def _with_function(world: World, name: str, code: str = OWN) -> None:
    (world.folder / "own").mkdir()
    (world.folder / "own" / f"{name}.py").write_text(code)
    (world.inbox / "a.csv").write_text(CSV)


def test_a_function_is_tried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is imported by another process, its hash is told, its rows are shown."""
    _with_function(world, "own_tried")
    monkeypatch.setenv("PYTHONPATH", str(world.folder / "own"), prepend=os.pathsep)
    monkeypatch.syspath_prepend(world.folder / "own")
    tail = f'[pipelines.transform]\npython = "own_tried:warm"\n{SCORE}'
    world.configure(head=CPU, tail=tail)

    answer = world.ask("check")

    assert (0, "") == (answer.code, answer.err)
    source = hashlib.sha256(OWN.encode()).hexdigest()
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert f"python own_tried:warm: sha256 {source}" in lines
    assert "gives score float64" in lines
    assert "1 21.5 z 43.0" in lines
    assert "2 null null" in lines


def test_a_function_that_fails_is_told_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the line that raised, before any daemon runs."""
    _with_function(world, "own_failing")
    monkeypatch.setenv("PYTHONPATH", str(world.folder / "own"), prepend=os.pathsep)
    monkeypatch.syspath_prepend(world.folder / "own")
    tail = '[pipelines.transform]\npython = "own_failing:broken"\n'
    world.configure(head=CPU, tail=tail)

    answer = world.ask("check")

    assert "own_failing:broken raised ValueError: no such unit\n" in answer.out
    assert 'own_failing.py", line 8, in broken' in answer.out


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import no_such_thing\n", "cannot be imported: ModuleNotFoundError: "),
        ("import os\nos._exit(0)\n", "its import ended Python with status 0"),
        ("print('hello')\n", "own_unfit has no 'warm'"),
    ],
    ids=["missing", "exits", "without it"],
)
def test_a_function_that_cannot_be_imported(
    world: World, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    """Exit code 78, and nothing is read with it."""
    _with_function(world, "own_unfit", code)
    monkeypatch.setenv("PYTHONPATH", str(world.folder / "own"), prepend=os.pathsep)
    tail = '[pipelines.transform]\npython = "own_unfit:warm"\n'
    world.configure(head=CPU, tail=tail)

    answer = world.ask("check")

    assert 78 == answer.code
    assert f"own_unfit:warm: {said}" in answer.out
    assert "preview" not in answer.out


def test_json_lines_are_previewed(world: World) -> None:
    """How many lines are records, the schema, the rows, the line that is none."""
    world.configure(head=CPU, source='format = "jsonl"')
    (world.inbox / "a.jsonl").write_text('{"a":1,"b":"x"}\n{"b":"y"}\nno\n')

    answer = world.ask("check")

    assert (0, "") == (answer.code, answer.err)
    assert "jsonl: 2 of 3 lines of 1 file are records" in answer.out
    assert "a.jsonl: no JSON object: it begins with 'no'" in answer.out
    assert '    a = "int64"\n    b = "string"\n' in answer.out
    rows = [line.split() for line in answer.out.splitlines()]
    assert ["null", "y"] in rows
