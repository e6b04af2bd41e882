"""
Random files through the whole engine, beside independent readers.

    python -m tests.fuzz.differential [--minutes N] [--seed S] [--case C]

Of each file: rows and rejects are those of the reference reader; where Python's csv
module or DuckDB takes it, they are also what that reader has; rows out and rejected are
together its records. Prints a case's number where something differs; --case runs that
one again. Ends with 1 then.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple
from unittest import mock

from ingestd.batch.plan import plan
from ingestd.errors import Reason
from ingestd.model import Batch, MemberResult, Outcome
from ingestd.run.engine import Engine, UnitResult, load
from ingestd.run.rejects import Reject
from ingestd.run.slices import whole_files
from ingestd.run.text.unsound import Rules
from tests.conformance.engine_kit import Bench, frame_of
from tests.fuzz.cases import Case, File, case_of
from tests.fuzz.readers import by_csv, by_duckdb, is_sound
from tests.fuzz.sifting import MANY, Item, items

Value = str | int | None
Aside = tuple[int, int, Reason, str, bytes]  # record, line, reason, column, raw


class Wanted(NamedTuple):
    """
    The rows of a file, and what is set aside.
    """

    rows: list[tuple[Value, ...]]
    aside: list[Aside]


@dataclass
class Tally:
    """
    What was tried so far.
    """

    cases: int = 0
    files: int = 0
    records: int = 0
    rejects: int = 0
    quarantined: int = 0
    by_csv: int = 0
    by_duckdb: int = 0


def check(case: Case, engine: Engine, folder: Path, tally: Tally) -> None:
    """
    Read the files of *case*; raise AssertionError where anything differs.
    """
    bench = Bench(engine, folder, _schema(case), _settings(case, folder))
    contents = [_packed(case, _encoded(case, file)) for file in case.files]
    members = [bench.put(f"{i}.csv", text) for i, text in enumerate(contents)]
    with mock.patch(
        "ingestd.run.member_text.SMALL_BYTES", 0 if case.way == "file" else 1 << 20
    ):
        cut = case.way == "slices" and members
        found = _in_slices(bench, members) if cut else [bench.read(*members)]
    results = {m.file_id: m for result in found for m in result.members}
    rejects = [reject for result in found for reject in result.rejects]
    rows = _rows(case, bench, found)
    tally.cases += 1
    for number, (file, member) in enumerate(zip(case.files, members, strict=True)):
        result = results[member.file.id]
        own = [r for r in rejects if r.file_id == member.file.id]
        seen = Seen(result, own, rows.get(f"{number}.csv", []))
        _check_file(case, file, seen, tally)
    if case.way == "groups":
        kept = [row[0] for file in case.files for row in wanted(case, file).rows]
        assert dict(Counter(kept)) == rows["groups"], "groups"


class Seen(NamedTuple):
    """
    What the engine made of one file.
    """

    result: MemberResult
    rejects: list[Reject]
    rows: list[tuple[Value, ...]]


def _check_file(case: Case, file: File, seen: Seen, tally: Tally) -> None:
    result = seen.result
    assert result.outcome is Outcome.READ, (result.reason, result.detail)
    expected = wanted(case, file)
    lines = file.head.count(b"\r" if case.dialect.returns else b"\n")
    aside = [
        (r.record, r.line - lines, r.reason, r.column, r.raw) for r in seen.rejects
    ]
    assert expected.aside == aside, f"rejects\n{expected.aside}\n{aside}"
    counts = (len(expected.rows), len(aside))
    assert counts == (result.rows_out, result.rows_rejected), "counts"
    assert result.rows_in == sum(counts), "rows_in"
    if case.way != "groups":
        assert expected.rows == seen.rows, f"rows\n{expected.rows}\n{seen.rows}"
    tally.files += 1
    tally.records += result.rows_in
    tally.rejects += result.rows_rejected
    _beside_csv(case, file, expected, tally)
    _beside_duckdb(case, file, expected, tally)


def wanted(case: Case, file: File) -> Wanted:
    """
    Return what the reference reader, and Python's own numbers, make of *file*.
    """
    rules = Rules(
        case.columns, MANY, whole_end=case.options["final_newline"] == "require"
    )
    rows: list[tuple[Value, ...]] = []
    aside: list[Aside] = []
    for item in items(file.body, case.dialect, rules):
        row = _row(case, item)
        if isinstance(row, tuple):
            rows.append(row)
        else:
            column = case.names[0] if row is Reason.BAD_VALUE else ""
            aside.append((item.record, item.line, row, column, item.raw))
    return Wanted(rows, aside)


def _row(case: Case, item: Item) -> tuple[Value, ...] | Reason:
    nulled = case.bad_row == "null"
    if item.reason is not None and not (
        nulled and item.reason is Reason.TOO_FEW_FIELDS
    ):
        return item.reason
    said = [field.decode() for field in item.fields]
    values: list[Value] = [None if text in case.nulls else text for text in said]
    values += [None] * (case.columns - len(values))
    first = values[0]
    if isinstance(first, str) and not first.strip(" \t"):
        first = None if "" in case.nulls else ""
    if case.key == "int64" and isinstance(first, str):
        number = _integer(first)
        if number is None and not nulled:
            return Reason.BAD_VALUE
        first = number
    if case.key == "int64":
        values[0] = first
    return tuple(values)


def _integer(text: str) -> int | None:
    bare = text.lstrip(" \t")
    digits = bare[1:] if bare[:1] in ("+", "-") else bare
    if not (digits.isascii() and digits.isdigit()):
        return None
    number = int(bare)
    return number if -(2**63) <= number < 2**63 else None


def _beside_csv(case: Case, file: File, expected: Wanted, tally: Tally) -> None:
    """
    Hold *expected* against Python's csv module: each of its records is a row with
    those values, or is set aside for what csv itself shows.
    """
    seen = by_csv(file.body, case.dialect)
    if seen is None or case.dialect.escaped_null:
        return
    tally.by_csv += 1
    count, kept = 0, []
    for record in seen:
        raw = b"".join(record.lines)
        if is_sound(raw, case.dialect):
            count += 1
            if len(record.fields) == case.columns and _is_text(raw):
                kept.append(record.fields)
        else:
            count += sum(bool(line.strip(b"\r\n")) for line in record.lines)
    assert count == len(expected.rows) + len(expected.aside), f"csv has {count}"
    also = (Reason.BAD_VALUE, Reason.NO_FINAL_NEWLINE)
    if case.bad_row == "reject" and not any(a[2] in also for a in expected.aside):
        rows = [_shown(row) for row in expected.rows]
        assert [_as_read(case, row) for row in kept] == rows, f"csv\n{kept}\n{rows}"


def _beside_duckdb(case: Case, file: File, expected: Wanted, tally: Tally) -> None:
    """
    Hold *expected* against DuckDB, where it takes each record for a row.
    """
    rows = by_duckdb(file.body, case.dialect, case.columns)
    if rows is None or any(a[2] is Reason.BAD_QUOTE for a in expected.aside):
        return
    tally.by_duckdb += 1
    count = len(expected.rows) + len(expected.aside)
    assert len(rows) == count, f"DuckDB has {rows} for {expected}"
    if not expected.aside and case.bad_row == "reject":
        ours = [_shown(row) for row in expected.rows]
        assert [_as_read(case, row) for row in rows] == ours, f"DuckDB\n{rows}\n{ours}"


def _is_text(raw: bytes) -> bool:
    try:
        return "\0" not in raw.decode()
    except UnicodeDecodeError:
        return False


def _as_read(case: Case, row: list[str]) -> list[str]:
    """
    Return *row* with nulls and numbers as they are written for comparison.
    """
    said = ["" if text in case.nulls else text for text in row]
    if case.key == "int64":
        # Blanks alone are as null as nothing is.
        said[0] = str(int(said[0])) if said[0].strip(" \t") else ""
    return said


def _shown(row: tuple[Value, ...]) -> list[str]:
    return ["" if value is None else str(value) for value in row]


def _schema(case: Case) -> dict[str, str]:
    return dict.fromkeys(case.names, "string") | {case.names[0]: case.key}


def _settings(case: Case, folder: Path) -> dict[str, object]:
    sink = {
        "url": str(folder / "out"),
        "lineage_columns": case.way in ("memory", "file"),
    }
    settings: dict[str, object] = {
        "csv": case.options,
        "drift": {"bad_row": case.bad_row, "max_rejects": MANY},
        "sink": sink,
    }
    if case.way == "groups":
        spec = {"group_by": [case.names[0]], "metrics": {"n": ["*", "count"]}}
        settings["aggregate"] = spec
    return settings


def _encoded(case: Case, file: File) -> bytes:
    encoding = str(case.options["encoding"])
    if encoding == "utf-8":
        return file.text
    return file.text.decode().encode(encoding)


def _packed(case: Case, text: bytes) -> bytes:
    return gzip.compress(text, 1) if case.packed else text


def _in_slices(bench: Bench, members: list) -> list[UnitResult]:
    batch = Batch("b", 1, "p", tuple(members), 0.0)
    units = plan(batch, max(24, members[0].size // 8), cut=True)

    def read(unit):
        return bench.engine.read_and_aggregate(bench.plan, unit)

    return whole_files(units, [read(unit) for unit in units], read, MANY)


def _rows(case: Case, bench: Bench, found: list[UnitResult]) -> dict[str, object]:
    parts = tuple(part for result in found for part in result.parts)
    if case.way == "groups":
        partials = [result.partial for result in found if result.partial is not None]
        frame = frame_of(bench.engine.combine(bench.plan, partials))
        return {"groups": {row[0]: row[1] for row in frame.iter_rows()}}
    rows: dict[str, list] = {}
    for row in frame_of(parts).iter_rows():
        if case.way == "slices":
            rows.setdefault("0.csv", []).append(row)
        else:
            *values, file, _, _ = row
            rows.setdefault(file, []).append(tuple(values))
    return rows


def run(seeds: range, engine: Engine, tally: Tally) -> dict[int, str]:
    """
    Try the cases *seeds*; return what differs, by the case's number.
    """
    wrong: dict[int, str] = {}
    for seed in seeds:
        case = case_of(seed)
        with tempfile.TemporaryDirectory(prefix="ingestd-fuzz") as folder:
            try:
                check(case, engine, Path(folder), tally)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
                wrong[seed] = f"{type(error).__name__}: {error}"
    return wrong


def main() -> int:
    """
    Try cases for some minutes, or one.
    """
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=1.0)
    arguments.add_argument("--seed", type=int, default=Random().randrange(10**9))
    arguments.add_argument("--case", type=int)
    options = arguments.parse_args()
    engine, tally, wrong = load("polars"), Tally(), {}
    if options.case is not None:
        case = case_of(options.case)
        print(case)
        wrong = run(range(options.case, options.case + 1), engine, tally)
    begun, seed = time.monotonic(), options.seed
    while options.case is None and time.monotonic() - begun < 60 * options.minutes:
        found = run(range(seed, seed + 50), engine, tally)
        for number, text in found.items():
            print(f"--case {number}: {text}\n", flush=True)
        wrong |= found
        seed += 50
    print(f"from seed {options.seed}: {tally}; {len(wrong)} differ")
    print("\n".join(f"--case {number}: {text}" for number, text in wrong.items()))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
