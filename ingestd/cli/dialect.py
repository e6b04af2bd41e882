"""
Whether the configured dialect fits the files there, and the one that would.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingestd.cli.preview import as_toml, members_of
from ingestd.config import Pipeline
from ingestd.config.notation import toml
from ingestd.ledger.ledger import Entry
from ingestd.observe.escape import escape, printable
from ingestd.observe.units import counted
from ingestd.run.jsonl.glance import fit_of
from ingestd.run.sniff.proposal import Finding, sniffed

_SHOWN = 5


def lines(pipeline: Pipeline, entries: list[Entry]) -> Iterator[str]:
    """
    Yield what to print: one line where the dialect fits, else a proposal to paste.
    """
    if pipeline.source.format == "jsonl":
        yield from _of_json(pipeline, entries)
        return
    found = sniffed(pipeline.as_in_files, members_of(pipeline, entries))
    if found.doubt:
        yield f"dialect  cannot be told: {escape(found.doubt)}"
    elif found.schema is None:
        yield f"dialect  {_fits(found)}"
    else:
        yield "dialect  another one fits better, ready to paste:"
        yield from (f"  {line}" for line in _pasted(found))
        yield f"because  {_evidence(found)}"
    for note in found.notes:
        yield f"note     {escape(note)}"


def _of_json(pipeline: Pipeline, entries: list[Entry]) -> Iterator[str]:
    found = fit_of(pipeline, members_of(pipeline, entries[:_SHOWN]))
    files, count = counted(found.files, "file"), counted(found.lines, "line")
    yield f"format   jsonl: {found.fit:,} of {count} of {files} are records"
    if found.first:
        path, detail = found.first
        yield f"note     {printable(path)}: {escape(detail)}"
    if found.lines and not found.fit:
        yield 'note     is it CSV? source.format = "csv" reads that'


def _fits(found: Finding) -> str:
    files, records = counted(found.files, "file"), counted(found.records, "record")
    if found.fit == found.records:
        return f"fits: {records} of {files} read as configured"
    return f"fits best as configured: {found.fit:,} of {records} of {files}"


def _pasted(found: Finding) -> Iterator[str]:
    if found.change:
        yield "[pipelines.csv]"
        yield from (f"{key} = {toml(value)}" for key, value in found.change.items())
        yield ""
    if found.schema is not None:
        yield from as_toml(found.schema)


def _evidence(found: Finding) -> str:
    files, records = counted(found.files, "file"), counted(found.records, "record")
    own = f"{found.as_configured:,}"
    if found.one_column:
        own += ", in one column"
    elif found.typed and found.as_configured == found.fit:
        own += f", but {_list(found.typed)} would be text"
    return (
        f"with these, {found.fit:,} of {records} of {files} fit; as configured, {own}"
    )


def _list(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(escape(name) for name in names[:_SHOWN]) + more
