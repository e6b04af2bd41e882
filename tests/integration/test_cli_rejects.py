"""
rejects: what was set aside, to read and to repair.
"""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from ingestd.cli import main
from ingestd.errors import Reason
from ingestd.run.rejects import Reject
from tests.integration.cli_kit import World, made_world  # noqa: F401 - a fixture
from tests.unit.run.reject_kit import reject

HEADER = b"device,temp"


def aside(path: bytes, record: int, raw: bytes, **changes: Any) -> Reject:
    values = {"path": path, "header": HEADER, "raw": raw, "column": "temp"}
    return reject(1, record, **{**values, **changes})


FEW = {"reason": Reason.TOO_FEW_FIELDS, "column": "", "detail": "1 field of 2"}
REJECTS = (
    aside(b"a.csv", 3, b"1,hot"),
    aside(b"a.csv", 4, b'2,"co\nld"'),
    aside(b"b.csv", 1, b"3", **FEW),
)


@pytest.fixture
def rejected(world: World) -> World:
    """A world with three rejects of two files, and a batch without any."""
    world.commit(b"a.csv", b"b.csv", rejects=REJECTS)
    world.commit(b"c.csv")
    return world


def test_rejects_are_listed(rejected: World) -> None:
    """File, place, reason, sentence and text, each on one line."""
    answer = rejected.ask("rejects")

    assert (0, "") == (answer.code, answer.err)
    heads, *lines = answer.out.splitlines()
    assert ["FILE", "LINE", "COLUMN", "REASON", "DETAIL", "RECORD", "BATCH"] == (
        heads.split()
    )
    assert ["a.csv", "4", "temp", "bad_value", "'x'"] == lines[0].split()[:5]
    assert '2,"co\\nld"' in lines[1]
    assert ["b.csv", "2", "-", "too_few_fields"] == lines[2].split()[:4]
    assert 3 == len(lines)


def test_json_is_exact(rejected: World) -> None:
    """Every key, the record as it was, and one document."""
    first, second, _ = rejected.ask("rejects", "--json").json

    batch = next(iter(rejected.ask("batches", "--json").json))["id"]
    assert first == {
        "pipeline": "sensors",
        "batch": batch,
        "path": "a.csv",
        "line": 4,
        "record": 3,
        "byte_offset": 30,
        "column": "temp",
        "reason": "bad_value",
        "detail": "'x' is no int64",
        "header": "device,temp",
        "raw": "1,hot",
    }
    assert '2,"co\nld"' == second["raw"]


def test_nothing_in_a_record_steers_the_terminal(world: World) -> None:
    """Escapes are written out, and bytes that are no text are in hexadecimal."""
    texts = {"column": "t\x1b", "detail": "d\x1b", "header": b"h"}
    odd = aside(b"a\xff.csv", 1, b"\x1b[2J\xff", **texts)
    world.commit(b"a\xff.csv", rejects=[odd])

    answer = world.ask("rejects")
    (item,) = world.ask("rejects", "--json").json

    assert "\x1b" not in answer.out
    assert "a\\xff.csv" in answer.out
    assert "\\x1b[2J\\xff" in answer.out
    assert ("a\\xff.csv", b"a\xff.csv".hex()) == (item["path"], item["path_hex"])
    assert b"\x1b[2J\xff".hex() == item["raw_hex"]


@pytest.mark.parametrize(
    ("options", "records"),
    [
        (("--pipeline", "sensors"), [3, 4, 1]),
        (("--reason", "too_few_fields"), [1]),
        (("--file", "a.csv"), [3, 4]),
        (("--file", "a.csv", "--reason", "too_few_fields"), []),
        (("--file", "c.csv"), []),
    ],
)
def test_filters(rejected: World, options: Sequence[str], records: list[int]) -> None:
    """Each narrows the listing, and two together narrow it more."""
    for given in (options, (*options, "--batch", batch_of(rejected))):
        answer = rejected.ask("rejects", "--json", *given)
        assert records == [item["record"] for item in answer.json]


def batch_of(world: World) -> str:
    """The id of the first batch."""
    found: str = world.ask("batches", "--json").json[0]["id"]
    return found


def test_a_batch_without_rejects_lists_none(rejected: World) -> None:
    """And one that nobody knows is an error of the command line."""
    second = rejected.ask("batches", "--json").json[1]["id"]

    assert [] == rejected.ask("rejects", "--json", "--batch", second).json
    assert 2 == rejected.ask("rejects", "--batch", "20200101T000000Z-0").code


def test_a_file_is_found_by_its_place_on_disk(rejected: World) -> None:
    """As an absolute path, and after it was moved away."""
    absolute = str(rejected.inbox / "b.csv")

    assert [1] == [
        item["record"]
        for item in rejected.ask("rejects", "--json", "--file", absolute).json
    ]
    assert 2 == rejected.ask("rejects", "--file", "/etc/hostname").code


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("--reason", "bad_valu", "Did you mean bad_value?"),
        ("--pipeline", "sensor", "Did you mean sensors?"),
    ],
)
def test_a_wrong_word_names_the_right_one(
    rejected: World, option: str, value: str, hint: str
) -> None:
    """Exit code 2, the valid values, and the nearest."""
    answer = rejected.ask("rejects", option, value)

    assert 2 == answer.code
    assert "expected one of" in answer.err
    assert hint in answer.err


def test_csv_is_header_and_records_as_they_were(rejected: World) -> None:
    """A CSV file: what was quoted is quoted, and a record of two lines has two."""
    answer = rejected.ask("rejects", "--csv", "--file", "a.csv")

    assert 'device,temp\n1,hot\n2,"co\nld"\n' == answer.out
    assert [["device", "temp"], ["1", "hot"], ["2", "co\nld"]] == list(
        csv.reader(answer.out.splitlines(keepends=True))
    )


def test_csv_of_all_is_one_file_where_headers_are_equal(rejected: World) -> None:
    """Records of several files and batches below one header."""
    rejected.commit(b"d.csv", rejects=[aside(b"d.csv", 1, b"9,cold")])

    lines = rejected.ask("rejects", "--csv").out.splitlines()

    assert ["device,temp", "1,hot", '2,"co', 'ld"', "3", "9,cold"] == lines


def test_csv_does_not_mix_headers(rejected: World) -> None:
    """Nothing is written; the headers are shown, and how to select each."""
    other = aside(b"d.csv", 1, b"9,cold,x", header=b"device,temp,place")
    rejected.commit(b"d.csv", rejects=[other])

    answer = rejected.ask("rejects", "--csv")

    assert (2, "") == (answer.code, answer.out)
    assert "2 headers" in answer.err
    assert "device,temp,place (1 row: --pipeline sensors --file d.csv)" in answer.err
    chosen = rejected.ask(
        "rejects", "--csv", "--pipeline", "sensors", "--file", "d.csv"
    )
    assert "device,temp,place\n9,cold,x\n" == chosen.out


def test_csv_without_a_match_says_so(rejected: World) -> None:
    """An empty file would be taken for an answer."""
    answer = rejected.ask("rejects", "--csv", "--file", "c.csv")

    assert (0, "") == (answer.code, answer.out)
    assert "no row that matches" in answer.err


@pytest.mark.parametrize(
    ("dialect", "raw", "expected"),
    [
        ("", b"1;\xff", b"device,temp\n1;\xff\n"),
        ('encoding = "latin-1"', "1;ü".encode(), b"device,temp\n1;\xfc\n"),
        ('encoding = "utf-16"', b"1,x", "device,temp\n1,x\n".encode("utf-16")),
        (
            'encoding = "utf-16"',
            b"1,\xff",
            "device,temp\n1,\\xff\n".encode("utf-16"),
        ),
        ("header = false", b"1,x", b"1,x\n"),
        (
            "skip_rows = 2\nskip_footer = 1",
            b"1,x",
            b"a line that is skipped\n" * 2
            + b"device,temp\n1,x\na line that is skipped\n",
        ),
    ],
)
def test_csv_is_in_the_pipelines_own_dialect(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    dialect: str,
    raw: bytes,
    expected: bytes,
) -> None:
    """So that the pipeline reads it as it reads its other files."""
    schema = '[pipelines.schema]\ndevice = "int64"\ntemp = "string"\n'
    world.configure(tail=f"[pipelines.csv]\n{dialect}\n{schema}")
    world.commit(b"a.csv", rejects=[aside(b"a.csv", 1, raw)])

    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out))
    code = main(["rejects", "-c", str(world.config), "--csv"])

    assert (0, expected) == (code, out.getvalue())


def test_csv_is_not_for_a_terminal(
    rejected: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records are written as they are there, and one could steer it."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    answer = rejected.ask("rejects", "--csv")

    assert (2, "") == (answer.code, answer.out)
    assert "> repaired.csv" in answer.err


def test_json_and_csv_exclude_each_other(rejected: World) -> None:
    """One form at a time."""
    with pytest.raises(SystemExit) as ended:
        rejected.ask("rejects", "--json", "--csv")
    assert 2 == ended.value.code


def test_rejects_that_are_away_are_told_of(rejected: World) -> None:
    """Which file is missing, and what to do; why shows what the ledger knows."""
    shutil.rmtree(rejected.folder / "var" / "rejects")

    answer = rejected.ask("rejects")
    why = rejected.ask("why", "a.csv")

    assert 6 == answer.code
    assert "0000000000.parquet is gone" in answer.err
    assert "ingestd verify" in answer.err
    assert 0 == why.code
    assert "2 bad_value" in why.out
    assert "is gone" in why.out


def test_why_shows_the_rejected_rows_of_a_file(world: World) -> None:
    """Counts by reason, the first three, the Parquet file, and what to do."""
    rows = [aside(b"a.csv", n, b"%d,x" % n) for n in range(1, 5)]
    rows += [
        aside(b"a.csv", 7, b"7", **FEW),
        aside(b"b.csv", 1, b"1,y", detail="not a"),
    ]
    batch = world.commit(b"a.csv", b"b.csv", rejects=rows)

    answer = world.ask("why", "a.csv")

    assert "7 in, 2 out, 5 rejected" in answer.out
    assert "4 bad_value, 1 too_few_fields" in answer.out
    shown = [line for line in answer.out.splitlines() if "is no int64" in line]
    assert ["line 2", "line 3", "line 4"] == [
        line.strip().partition(",")[0] for line in shown
    ]
    assert "column temp: bad_value: 'x' is no int64" in shown[0]
    assert "not a" not in answer.out
    path = (
        world.folder / "var" / "rejects" / "sensors" / f"{batch.id}-0000000000.parquet"
    )
    assert f"{path} (6 rows of the batch" in answer.out
    assert "ingestd rejects --file PATH --csv" in answer.out
    assert 1 == answer.out.count("output ")


def test_listings_show_rejected_rows(rejected: World) -> None:
    """Files, batches and the last hour; a file without any has a dash."""
    files = [line.split() for line in rejected.ask("files").out.splitlines()]
    place = files[0].index("REJECTED") + 1  # the time is two words
    batches = [line.split() for line in rejected.ask("batches").out.splitlines()]

    assert ["2", "1", "-"] == [line[place] for line in files[1:]]
    assert ["3", "0"] == [line[batches[0].index("REJECTED")] for line in batches[1:]]
    (pipeline,) = rejected.ask("status", "--json").json["pipelines"]
    assert 0 == pipeline["last_hour"]["rows_rejected"]


def test_no_ledger_is_an_error(world: World) -> None:
    """As for every question to it."""
    assert 1 == world.ask("rejects").code
