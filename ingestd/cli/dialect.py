"""
Whether the configured dialect fits the files there, and the one that would.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingestd.cli.preview import as_toml, members_of
from ingestd.config import Pipeline
from ingestd.config.notation import toml
from ingestd.ledger.ledger import Entry
from ingestd.model import Schema
from ingestd.observe.escape import escape
from ingestd.observe.units import counted
from ingestd.run.sniff.proposal import Finding, sniffed

_SHOWN = 5


def lines(
    pipeline: Pipeline, known: Schema | None, entries: list[Entry]
) -> Iterator[str]:
    """
    Yield what to print: one line where the dialect fits, else a proposal to paste.
    """
    members = members_of(pipeline, entries)
    found = sniffed(pipeline.csv, pipeline.source.url, members, known)
    if found.doubt:
        yield f"dialect  cannot be told: {escape(found.doubt)}"
    elif not found.change:
        yield f"dialect  {_fits(found)}"
    else:
        yield "dialect  another one fits better, ready to paste:"
        for line in _pasted(found):
            yield f"  {line}"
        yield f"because  {_evidence(found)}"
    for note in found.notes:
        yield f"note     {escape(note)}"


def _fits(found: Finding) -> str:
    files = counted(found.files, "file")
    if found.fit == found.records:
        return f"fits: {counted(found.records, 'record')} of {files} read as configured"
    return (
        f"fits best as configured: {found.fit:,} of "
        f"{counted(found.records, 'record')} of {files}"
    )


def _pasted(found: Finding) -> Iterator[str]:
    yield "[pipelines.csv]"
    for key, value in found.change.items():
        yield f"{key} = {toml(value)}"
    if found.schema is not None:
        yield ""
        yield from as_toml(found.schema)


def _evidence(found: Finding) -> str:
    files = counted(found.files, "file")
    own = f"{found.as_configured:,}"
    if found.one_column:
        own += ", in one column"
    elif found.typed and found.as_configured == found.fit:
        own += f", but {_list(found.typed)} would be text"
    return (
        f"with these, {found.fit:,} of {counted(found.records, 'record')} of {files} "
        f"fit; as configured, {own}"
    )


def _list(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(escape(name) for name in names[:_SHOWN]) + more
