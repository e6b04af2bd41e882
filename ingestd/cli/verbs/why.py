"""
``ingestd why PATH``: where is my file?
"""

from __future__ import annotations

import os
import time
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from ingestd.cli import advice, taken
from ingestd.cli.configured import load
from ingestd.cli.output import ago, clock, write
from ingestd.cli.places import Place, places
from ingestd.cli.running import request
from ingestd.config import Config, Pipeline
from ingestd.discover.rules import Rules
from ingestd.discover.tail.names import TailRules
from ingestd.errors import IngestdError
from ingestd.ledger.reader import AttemptRow, BatchRow, FileRow, PartRow, Reader
from ingestd.ledger.sqlite import SqliteReader
from ingestd.model import FileState, PartKind
from ingestd.observe.escape import escape, printable
from ingestd.observe.units import counted, size

_SHOWN = 4
_REJECTS_SHOWN = 3
_LONGEST = 300
_WITH_ROWS = (FileState.COMMITTED, FileState.MOVED, FileState.DELETED)
_WITH_BATCH = frozenset(
    {
        *(FileState.CLAIMED, *_WITH_ROWS),
        *(FileState.QUARANTINED, FileState.VANISHED, FileState.CHANGED),
    }
)


def execute(arguments: Namespace) -> int:
    """
    Answer in one screen; a path that nobody knows is an answer too.
    """
    config, _ = load(arguments)
    reader = _reader(config)
    try:
        for line in _answer(arguments.path, config, reader):
            write(line)
    finally:
        if reader is not None:
            reader.close()
    return 0


def _reader(config: Config) -> SqliteReader | None:
    state_dir = Path(config.state_dir)
    try:
        return SqliteReader.open(state_dir)
    except IngestdError:
        # Before the first start there is none, and the rules can answer without it.
        if (state_dir / "ledger.sqlite").exists():
            raise
        return None


def _answer(given: str, config: Config, reader: Reader | None) -> Iterator[str]:
    found = places(
        given,
        config.pipelines,
        lambda pipeline, path: bool(_versions(reader, Place(pipeline, path))),
    )
    if not found:
        yield f"{printable(os.fsencode(given))}: no pipeline takes it"
        yield "  it lies in no source, from here or by name; the sources are:"
        for pipeline in config.pipelines:
            yield f"    {pipeline.name}: {printable(pipeline.source.url)}"
        return
    for place in map(_as_followed, found):
        yield printable(place.absolute)
        for label, text in _about(place, config, reader):
            yield f"  {label:<10}{text}"


def _as_followed(place: Place) -> Place:
    """
    Return the place by whose name a rotated file is followed.
    """
    source = place.pipeline.source
    if source.mode != "tail":
        return place
    base = TailRules(Rules.of(source)).base(os.fsdecode(place.path))
    return place if base is None else replace(place, path=os.fsencode(base))


def _about(
    place: Place, config: Config, reader: Reader | None
) -> Iterator[tuple[str, str]]:
    rule, disk = taken.by_name(place), taken.on_disk(place)
    versions = _versions(reader, place)
    if rule:
        yield "pipeline", f"lies in the source of {place.pipeline.name}; not taken"
        yield "because", escape(rule)
    else:
        yield "pipeline", place.pipeline.name
        yield from _path(place)
    newest = versions[-1].state if versions else None
    if disk and newest not in (FileState.MOVED, FileState.DELETED):
        yield "on disk", disk
    for older in versions[:-1][-_SHOWN:]:
        yield "before", f"{_version(older)}: {older.state.value}"
    if versions and reader is not None:
        yield from _newest(versions[-1], place.pipeline, reader)
    elif not rule:
        yield "ledger", "not admitted: the ledger does not know this path"
    grows = place.pipeline.source.mode == "tail"
    if not rule and (grows or newest not in _WITH_BATCH - {FileState.CLAIMED}):
        yield from _held(place, config)


def _path(place: Place) -> Iterator[tuple[str, str]]:
    if place.pipeline.source.path_names:
        from ingestd.cli import shaping  # noqa: PLC0415 - pyarrow

        yield "path", shaping.of_path(place)


def _versions(reader: Reader | None, place: Place) -> list[FileRow]:
    if reader is None:
        return []
    return list(reader.files(pipeline=place.pipeline.name, path=place.path))


def _version(row: FileRow) -> str:
    when = clock(row.seen_at)
    return f"version of {when} ({size(row.size)}, {ago(row.seen_at, time.time())})"


def _newest(
    row: FileRow, pipeline: Pipeline, reader: Reader
) -> Iterator[tuple[str, str]]:
    yield "state", f"{row.state.value}: {advice.FOR_STATE[row.state]}"
    yield "version", _version(row).removeprefix("version of ")
    if row.reason:
        first, *traced = row.detail.split("\n")
        yield "reason", f"{row.reason}: {_cut(first)}"
        yield from (("", escape(line)) for line in traced)
        yield "do", advice.FOR_REASON.get(row.reason, "see the log")
    if row.state in _WITH_ROWS:
        rows = f"{row.rows_in:,} in, {row.rows_out:,} out"
        rows += f", {row.rows_rejected:,} rejected"
        rows += f", {row.rows_filtered:,} filtered" if row.rows_filtered else ""
        yield "rows", rows
    if row.batch_id is None:
        return
    if row.rows_rejected:
        yield from _rejected(row, row.batch_id, pipeline, reader)
    for batch in reader.batches(batch_id=row.batch_id):
        yield from _batch(batch, row, reader)


def _rejected(
    row: FileRow, batch_id: str, pipeline: Pipeline, reader: Reader
) -> Iterator[tuple[str, str]]:
    from ingestd.cli import rejected  # noqa: PLC0415 - pyarrow, for some files only

    mine = (m for m in reader.members(batch_id) if m.file_id == row.id)
    counts = [f"{rows:,} {reason}" for m in mine for reason, rows in m.rejected]
    yield "rejected", ", ".join(counts) or counted(row.rows_rejected, "row")
    left = _REJECTS_SHOWN
    for found in rejected.published(reader, pipeline, batch_id):
        try:
            for each in islice(rejected.rows_of(found, row.path), left):
                left -= 1
                column = f", column {escape(each.column)}" if each.column else ""
                where = f"line {each.line:,}{column}"
                yield "", f"{where}: {each.reason}: {_cut(each.detail)}"
        except IngestdError as err:
            yield "", escape(str(err))
        rows = f"{counted(found.rows, 'row')} of the batch"
        yield "rejects", f"{printable(found.where)} ({rows}, {size(found.size)})"
    yield "do", advice.FOR_REJECTS


def _batch(batch: BatchRow, row: FileRow, reader: Reader) -> Iterator[tuple[str, str]]:
    files = counted(batch.files, "file")
    yield "batch", f"{batch.id} {advice.FOR_BATCH[batch.state]} ({files})"
    yield from _attempts(reader.attempts(batch.id))
    if batch.schema_version:
        yield from _schema(batch, row, reader)
    if row.state in _WITH_ROWS:
        yield from _outputs(reader.parts(batch.id))
    if batch.bypassed:
        yield "note", "the batch ran without Prefect's record (when_down = bypass)"


def _schema(batch: BatchRow, row: FileRow, reader: Reader) -> Iterator[tuple[str, str]]:
    """
    Say with which version the file was read, and how its columns stood to it.
    """
    read, newest = batch.schema_version, reader.schema(row.pipeline)
    since = newest.version if newest else read
    later = f"; the newest is {since}" if since != read else ""
    yield "schema", f"version {read}{later}"
    if row.state in _WITH_ROWS:
        # Of a file that was moved or deleted afterwards only the batch knows it still.
        for member in reader.members(batch.id):
            note = member.detail
            if member.rows_rejected:
                # The first reject stands in front; it is listed by itself.
                note = note.partition("; ")[2]
            if member.file_id == row.id and note:
                yield "note", _cut(note)


def _attempts(attempts: list[AttemptRow]) -> Iterator[tuple[str, str]]:
    failed = [attempt for attempt in attempts if attempt.error]
    for attempt in failed[-_SHOWN:]:
        when = "" if attempt.ended_at is None else f" ({clock(attempt.ended_at)})"
        free = "" if attempt.counted else ", not counted"
        yield "attempt", f"{attempt.number}{when}{free}: {_cut(attempt.error)}"


def _outputs(every: list[PartRow]) -> Iterator[tuple[str, str]]:
    parts = [part for part in every if part.kind is PartKind.DATA]
    for part in parts[:_SHOWN]:
        rows = counted(part.rows, "row")
        yield "output", f"{printable(part.name)} ({rows}, {size(part.size)})"
    if len(parts) > _SHOWN:
        yield "output", f"… and {len(parts) - _SHOWN:,} more of this batch"
    if not parts:
        yield "output", "no Parquet file: the batch had no rows"


def _held(place: Place, config: Config) -> Iterator[tuple[str, str]]:
    question = {"command": "why", "pipeline": place.pipeline.name}
    question["path"] = place.path.hex()
    try:
        reply = request(Path(config.state_dir), question)
    except IngestdError as err:
        yield "daemon", escape(str(err))
        return
    if reply is None:
        yield "daemon", "none runs; it is looked at when one starts: ingestd run"
        return
    if reply["holding"]:
        yield "held by", escape(reply["holding"])
    for reason in reply["away"]:
        yield "waiting", escape(reason)
    if not reply["holding"] and not reply["away"]:
        seconds = place.pipeline.source.scan_seconds
        yield "daemon", f"runs; the folder is scanned every {seconds:g} s"


def _cut(text: str) -> str:
    safe = escape(text)
    return safe if len(safe) <= _LONGEST else f"{safe[:_LONGEST]}…"
