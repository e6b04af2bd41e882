"""
Files as people have them, through a whole daemon: an odd dialect, bad rows among good
ones, packed files, and one that is cut into slices for all workers.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.live import Daemon, verb

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

CONFIG = """
state_dir = "var"
drain_seconds = 20
[http]
listen = ""
[prefect]
start_seconds = 300

[[pipelines]]
name = "shops"
[pipelines.source]
url = "inbox"
settle_unseen_seconds = 1
[pipelines.csv]
delimiter = ";"
skip_rows = 1
comment = "#"
decimal = ","
date_formats = ["%d.%m.%Y"]
[pipelines.schema]
id = "int64"
day = "date"
shop = "string"
price = "float64"
[pipelines.batch]
unit_bytes = "256KiB"
[pipelines.sink]
url = "outbox"
"""
HEAD = 'Report "May"\nid;day;shop;price\n# made for tests\n'
GIANT = 30_000
BAD = {
    101: ("101;31.02.2026;x;1,5", "bad_value"),
    102: ("102;01.05.2026;x;1,5;more", "too_many_fields"),
    103: ("103;01.05.2026", "too_few_fields"),
    104: ('104;01.05.2026;"x"y;1,5', "bad_quote"),
}


def line(number: int) -> str:
    """A sound record; every third has a line end and a delimiter within quotes."""
    shop = f'"a;b\nc{number}"' if number % 3 == 0 else f"s{number}"
    return f"{number};01.05.2026;{shop};{number},5\n"


def put(folder: Path, name: str, content: bytes) -> None:
    """Let a whole file appear at once."""
    partial = folder / f".{name}.part"
    partial.write_bytes(content)
    partial.rename(folder / name)


def test_every_row_is_right_or_among_the_rejects(
    make_daemon: Callable[..., Daemon],
) -> None:
    """Whatever comes in; the counts add up, and repaired rejects are fed back."""
    daemon = make_daemon()
    folder = daemon.folder
    (folder / "config.toml").write_text(CONFIG)
    inbox = folder / "inbox"
    giant = HEAD + "".join(map(line, range(1000, 1000 + GIANT)))
    put(inbox, "giant.csv", giant.encode())
    put(inbox, "packed.csv", gzip.compress((HEAD + line(1) + line(2)).encode()))
    bad = "".join(f"{text}\n" for text, _ in BAD.values())
    put(inbox, "mixed.csv", (HEAD + line(3) + bad + line(4)).encode())
    put(inbox, "latin.csv", HEAD.encode() + b"5;01.05.2026;K\xf6ln;5,5\n")

    daemon.start()
    daemon.wait_for_rows(GIANT + 4)
    _rejected(folder)
    _repair(folder)
    daemon.wait_for_rows(GIANT + 4 + 1)
    assert 143 == daemon.stop(), daemon.tail()

    _rows_are_right(folder)
    committed = daemon.events("batch_committed")
    assert {False} == {event["bypassed"] for event in committed}
    assert GIANT + 5 == sum(event["rows_out"] for event in committed)
    assert 5 == sum(event["rows_rejected"] for event in committed)
    assert [] == daemon.events("count_mismatched")
    # Each slice of the giant file has a part of its own, beside one of each other file.
    assert 4 < sum(event["parts"] for event in committed)
    assert 0 == verb(folder, "verify", "--deep").returncode


def _rejected(folder: Path) -> None:
    rows = json.loads(verb(folder, "rejects", "--json").stdout)
    found = {(row["path"], row["raw"], row["reason"]) for row in rows}
    mixed = {("mixed.csv", text, reason) for text, reason in BAD.values()}
    (latin,) = found - mixed
    assert ("latin.csv", "bad_encoding") == (latin[0], latin[2])
    assert 5 == len(rows)


def _repair(folder: Path) -> None:
    """Mend one reject in its CSV, as a person would in an editor, and drop it again."""
    text = verb(folder, "rejects", "--csv", "--reason", "bad_value").stdout
    assert "id;day;shop;price\n101;31.02.2026;x;1,5\n" in text
    put(folder / "inbox", "repaired.csv", text.replace("31.02.", "28.02.").encode())


def _rows_are_right(folder: Path) -> None:
    """By the standard library's reader, of what was written."""
    numbers = [*range(1, 5), *range(1000, 1000 + GIANT)]
    text = io.StringIO("".join(map(line, numbers)), newline="")
    expected = {
        (int(row[0]), row[2], float(row[3].replace(",", ".")))
        for row in csv.reader(text, delimiter=";")
    } | {(101, "x", 1.5)}
    query = f"select id, shop, price from read_parquet('{folder}/outbox/*.parquet')"
    rows = duckdb.sql(query).fetchall()
    assert len(expected) == len(rows)
    assert expected == set(rows)
