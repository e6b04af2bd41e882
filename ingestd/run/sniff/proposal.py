"""
The one question: does the configured dialect fit these files, and which one would?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ingestd.config import Csv
from ingestd.model import Member, Schema
from ingestd.run.sniff.candidate import tried_all
from ingestd.run.sniff.proof import VALUE_KEYS, Bench, names_of
from ingestd.run.sniff.reading import Reading, reading
from ingestd.run.sniff.sample import Sample, gathered
from ingestd.run.sniff.search import best_reading
from ingestd.run.sniff.texts import as_is, chosen
from ingestd.run.sniff.values import NO_WORDS

_TEXT_TYPE = "string"
_GROUPS = (
    ("decimal", "thousands"),
    ("true_values", "false_values"),
    ("date_formats",),
    ("timestamp_formats",),
    ("nulls",),
)
"""Keys of values that are kept or left together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What was found of the *files* that were looked at.

    *change*: the keys of [pipelines.csv] that differ from the configured ones, empty
    where those fit; *schema* as inferred with them. Of *records*, *fit* are read with
    these, *as_configured* with what is configured. *typed* are columns that are text as
    configured; *one_column*: there all of them are one. *notes* are sentences about
    what is a guess or could not be told; *doubt* says why nothing is known at all.
    """

    files: int = 0
    change: dict[str, object] = field(default_factory=dict)
    schema: Schema | None = None
    records: int = 0
    fit: int = 0
    as_configured: int = 0
    typed: tuple[str, ...] = ()
    one_column: bool = False
    notes: tuple[str, ...] = ()
    doubt: str = ""


def sniffed(
    configured: Csv, root: str, members: Iterable[Member], known: Schema | None
) -> Finding:
    """
    Look at the beginnings of the first *members* and say what dialect they have;
    *known* names the columns where the files have no header.

    Reads a bounded part of a few files and changes nothing; its own copies are removed.
    Never raises for what a file holds.
    """
    sample = gathered(root, members)
    if not sample.excerpts:
        return Finding(doubt=_nothing(sample))
    encoding, texts = chosen(sample.excerpts, configured)
    own = reading(tried_all(as_is(sample.excerpts, configured), configured))
    decoded = configured.model_copy(update={"encoding": encoding.name})
    same = encoding.name == configured.encoding
    best = best_reading(
        texts, decoded, own if same else reading(tried_all(texts, decoded))
    )
    with TemporaryDirectory(prefix="ingestd-sniff-") as scratch:
        bench = Bench(Path(scratch), texts, best)
        found = _finding(bench, replace(own, options=configured), known)
    notes = [f"{_shown(path)}: {detail}" for path, detail in sample.faults]
    if encoding.guessed and "encoding" in found.change:
        notes.append(
            f'encoding = "{encoding.name}" is a guess: look at the letters that are '
            "not ASCII"
        )
    return replace(found, notes=(*notes, *found.notes))


def _nothing(sample: Sample) -> str:
    if sample.faults:
        path, detail = sample.faults[0]
        return f"{_shown(path)}: {detail}"
    return "every file is empty"


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")


def _finding(bench: Bench, own: Reading, known: Schema | None) -> Finding:
    best, names, configured = bench.found, names_of(bench.found), own.options
    files = len(bench.texts)
    if doubt := _doubt(bench):
        return Finding(files, doubt=doubt)
    options = _needed(bench, configured, names)
    notes = tuple(f"column {names[n.column]!r}: {n.text}" for n in best.notes)
    change = {
        key: getattr(options, key)
        for key in Csv.model_fields
        if getattr(options, key) != getattr(configured, key)
    }
    declared = None if configured.header else known
    if not change:
        records, fit = bench.read(configured, declared or _all_text(names))
        return Finding(files, {}, None, records, fit, fit, notes=notes)
    schema = bench.inferred(best, options, names)
    own_schema = declared or bench.inferred(own, configured, names_of(own))
    _, as_configured = bench.read(configured, own_schema)
    records, fit = bench.read(options, schema)
    return Finding(
        files,
        change,
        schema,
        records,
        fit,
        as_configured,
        tuple(_typed(schema, own_schema)),
        own_schema is not None and len(own_schema.columns) == 1 < len(names),
        notes,
    )


def _all_text(names: Sequence[str]) -> Schema:
    return Schema(tuple((name, _TEXT_TYPE) for name in names))


def _doubt(bench: Bench) -> str:
    """
    Say why the sample tells nothing; "" where it does.
    """
    best = bench.found
    candidate = best.candidate
    refusals = [trial.refused for trial in candidate.trials if trial.refused]
    if len(refusals) == len(candidate.trials):
        return f"no dialect reads it: {refusals[0]}"
    headers = len(best.first) if best.options.header else 0
    if candidate.rows + candidate.aside <= headers:
        return "there is one record and no more: too little to tell a dialect by"
    if candidate.rows < 2 * candidate.aside:
        return (
            f"no dialect reads it: at best {candidate.rows:,} of "
            f"{candidate.rows + candidate.aside:,} records have the same fields"
        )
    return ""


def _needed(bench: Bench, configured: Csv, names: Sequence[str]) -> Csv:
    """
    Return the options that were found, without forms of values under which the engine
    finds no more types.
    """
    options = bench.found.options
    full: int | None = None
    for group in _GROUPS:
        keys: dict[str, object] = {
            k: getattr(configured, k) for k in group if k in VALUE_KEYS
        }
        without = options.model_copy(update=keys)
        if without == options or NO_WORDS & set(options.nulls) - set(configured.nulls):
            continue
        if full is None:
            full = _typed_columns(bench.inferred(bench.found, options, names))
        fewer = _typed_columns(bench.inferred(bench.found, without, names))
        if fewer >= full:
            options = without
    return options


def _typed_columns(schema: Schema | None) -> int:
    columns = schema.columns if schema else ()
    return sum(column_type != _TEXT_TYPE for _, column_type in columns)


def _typed(schema: Schema | None, own: Schema | None) -> Iterator[str]:
    if schema is None or own is None or len(schema.columns) != len(own.columns):
        return
    for (name, column_type), (_, before) in zip(
        schema.columns, own.columns, strict=True
    ):
        if before == _TEXT_TYPE != column_type:
            yield name
