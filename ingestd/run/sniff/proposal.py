"""
The one question: does the configured dialect fit these files, and which one would?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ingestd.config import Csv, Pipeline
from ingestd.model import UNTYPED, Member, Schema
from ingestd.run.sniff.notes import notes_of
from ingestd.run.sniff.proof import Bench, names_of
from ingestd.run.sniff.reading import Reading
from ingestd.run.sniff.sample import Sample, gathered
from ingestd.run.sniff.search import best_reading
from ingestd.run.sniff.texts import chosen
from ingestd.run.sniff.values import GROUPS, NO_WORDS

_TEXT_TYPE = "string"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What was found of the *files* that were looked at: *records*, of which *fit*.

    They fit with the keys of [pipelines.csv] in *change*, which differ from the
    configured ones, and *schema*; nothing and None where what is configured fits.
    *as_configured*: so many fit without these. *typed* are columns that are text as
    configured; *one_column*: there all of them are one. *notes* are sentences about
    what is a guess or could not be told; *doubt* says why nothing is known at all.
    """

    files: int = 0
    records: int = 0
    fit: int = 0
    change: dict[str, object] = field(default_factory=dict)
    schema: Schema | None = None
    as_configured: int = 0
    typed: tuple[str, ...] = ()
    one_column: bool = False
    notes: tuple[str, ...] = ()
    doubt: str = ""


def sniffed(pipeline: Pipeline, members: Iterable[Member]) -> Finding:
    """
    Look at the beginnings of the first *members* and say what dialect they have.

    Reads a bounded part of a few files and changes nothing; its own copies are removed.
    Never raises for what a file holds.
    """
    configured = pipeline.csv
    sample = gathered(pipeline.source.url, members, pipeline.source.storage)
    if not sample.excerpts:
        return Finding(doubt=_nothing(sample))
    encoding, texts = chosen(sample.excerpts, configured)
    best = best_reading(
        texts, configured.model_copy(update={"encoding": encoding.name})
    )
    with TemporaryDirectory(prefix="ingestd-sniff-") as scratch:
        bench = Bench(Path(scratch), texts, best)
        found = _finding(bench, pipeline, guessed=encoding.guessed)
    missing = (f"{_shown(path)}: {detail}" for path, detail in sample.faults)
    return replace(found, notes=(*missing, *found.notes))


def _nothing(sample: Sample) -> str:
    if sample.faults:
        path, detail = sample.faults[0]
        return f"{_shown(path)}: {detail}"
    return "every file is empty"


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")


def _finding(bench: Bench, pipeline: Pipeline, *, guessed: bool) -> Finding:
    best, configured = bench.found, pipeline.csv
    if doubt := _doubt(best):
        return Finding(len(bench.texts), doubt=doubt)
    names = names_of(best, best.options)
    options = _needed(bench, configured, names)
    change = {
        key: getattr(options, key)
        for key in Csv.model_fields
        if getattr(options, key) != getattr(configured, key)
    }
    trials = best.candidate.trials
    notes = notes_of(bench.texts, best, pipeline, change, guessed=guessed)
    declared = _declared(pipeline)
    # Types are of no interest where none is proposed.
    schema = Schema(tuple((name, _TEXT_TYPE) for name in names))
    proposed = change or (declared and len(declared.columns) != len(names))
    if proposed:
        schema = bench.inferred(trials, options, names) or schema
    proof = bench.read(options, schema)
    if not proof.fit and proof.refusal:
        return Finding(len(bench.texts), doubt=proof.refusal)
    found = Finding(len(bench.texts), proof.records, proof.fit, notes=tuple(notes))
    if not proposed:
        return found
    before = declared or bench.as_configured(configured)
    return replace(
        found,
        change=change,
        schema=schema,
        as_configured=bench.read(configured, before).fit,
        typed=tuple(_typed(schema, before)),
        one_column=before is not None and len(before.columns) == 1 < len(names),
    )


def _declared(pipeline: Pipeline) -> Schema | None:
    """
    Return the schema that names the columns of files without a header.
    """
    if pipeline.csv.header or pipeline.schema_ is None:
        return None
    return Schema(tuple(pipeline.schema_.items()))


def _doubt(best: Reading) -> str:
    """
    Say why the sample tells nothing; "" where it does.
    """
    candidate = best.candidate
    refusals = [trial.refused for trial in candidate.trials if trial.refused]
    if len(refusals) == len(candidate.trials):
        return f"no dialect reads it: {refusals[0]}"
    headers = len(best.first) if best.options.header else 0
    if candidate.rows + candidate.aside <= headers:
        return "there is one record and no more: too little to tell a dialect by"
    if candidate.rows < candidate.aside:
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
    options, trials = bench.found.options, bench.found.candidate.trials
    full: int | None = None
    for group in GROUPS:
        keys: dict[str, object] = {key: getattr(configured, key) for key in group}
        without = options.model_copy(update=keys)
        if without == options or NO_WORDS & set(options.nulls) - set(configured.nulls):
            continue
        if full is None:
            full = _number_typed(bench.inferred(trials, options, names))
        if _number_typed(bench.inferred(trials, without, names)) >= full:
            options = without
    return options


def _number_typed(schema: Schema | None) -> int:
    columns = schema.columns if schema else ()
    return sum(kind not in (_TEXT_TYPE, UNTYPED) for _, kind in columns)


def _typed(schema: Schema, before: Schema | None) -> Iterator[str]:
    if before is None or len(schema.columns) != len(before.columns):
        return
    for (name, now), (_, then) in zip(schema.columns, before.columns, strict=True):
        if then == _TEXT_TYPE != now:
            yield name
