"""
A proposal is proved by the engine that will read it: on copies of the sample.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingestd.config import Csv, Drift, Pipeline
from ingestd.errors import IngestdError
from ingestd.model import UNTYPED, FileRef, Fingerprint, Member, Schema, Unit
from ingestd.run.engine import Plan, load
from ingestd.run.faults import Fault
from ingestd.run.header import look
from ingestd.run.layout import named
from ingestd.run.sniff.kinds import behind_first
from ingestd.run.sniff.reading import Reading
from ingestd.run.sniff.sample import Text
from ingestd.run.sniff.texts import as_is
from ingestd.run.sniff.trial import Trial, tried
from ingestd.run.text.tokens import rewritten

_NAME = "sniff"
_TEXT = "string"
_MOST = 1000
"""Of a file with more rejects nothing fits."""

_DRIFT = Drift(bad_row="reject", max_rejects=_MOST, duplicate_column="rename")


@dataclass(frozen=True, slots=True)
class Proof:
    """
    How many *records* the engine found, how many *fit*, and why it refused a file.
    """

    records: int = 0
    fit: int = 0
    refusal: str = ""


@dataclass(slots=True)
class Bench:
    """
    A folder for copies of *texts*, cut where *found* has a record's end.
    """

    folder: Path
    texts: Sequence[Text]
    found: Reading
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def as_configured(self, configured: Csv) -> Schema | None:
        """
        Return the schema that the engine infers of the sample with the options
        *configured*; None where it cannot.
        """
        texts = as_is([text.excerpt for text in self.texts], configured)
        data = texts[0].data
        try:
            names = named(look(data, len(data), configured).names, _DRIFT)[0]
        except Fault:
            return None
        trials = [tried(text, configured, len(names)) for text in texts]
        return self.inferred(trials, configured, names)

    def inferred(
        self, trials: Sequence[Trial], options: Csv, names: Sequence[str]
    ) -> Schema | None:
        """
        Return the schema that the engine infers of what *trials* keep of the sample,
        for the forms of values in *options*; None where it cannot.
        """
        root = self._made("tables")
        trials = [trial for trial in trials if trial.width == len(names)]
        same = [t for t in trials if t.plain == trials[0].plain]
        members = tuple(
            _put(root, number, _table(trial, header=options.header))
            for number, trial in enumerate(same)
        )
        if not members:
            return None
        plain = same[0].plain
        csv = options.model_copy(
            update=_PLAIN
            | {"delimiter": plain.delimiter.decode(), "quote": plain.quote.decode()}
        )
        pipeline = Pipeline(name=_NAME, csv=csv)
        try:
            schema = load("polars").infer(pipeline, str(root), members)
        except IngestdError:
            return None
        types = [column_type for _, column_type in schema.columns]
        if not options.header:
            # Each column needs a name, so none may be left for later.
            types = [_TEXT if kind == UNTYPED else kind for kind in types]
        return Schema(tuple(zip(names, types, strict=True)), source="inferred")

    def read(self, options: Csv, schema: Schema | None) -> Proof:
        """
        Read the copies with *options* and *schema*.
        """
        if schema is None:
            return Proof()
        root, staging = self._made("in"), self._made("staging")
        pairs = zip(self.texts, self.found.candidate.trials, strict=True)
        members = tuple(
            _put(root, number, _copy(text, trial, options))
            for number, (text, trial) in enumerate(pairs)
        )
        pipeline = Pipeline(name=_NAME, csv=options, drift=_DRIFT)
        plan = Plan(
            _NAME,
            pipeline,
            schema,
            str(root),
            str(staging),
            {},
            rejects_staging=str(self._made("rejects")),
        )
        found = load("polars").read_and_aggregate(plan, Unit(0, members)).members
        return Proof(
            records=sum(result.rows_in for result in found),
            fit=sum(result.rows_out for result in found),
            refusal=next((result.detail for result in found if result.reason), ""),
        )

    def _made(self, name: str) -> Path:
        made = self.folder / f"{name}-{next(self._numbers)}"
        made.mkdir()
        return made


_PLAIN = {
    "escape": "",
    "comment": "",
    "skip_blanks": False,
    "skip_rows": 0,
    "skip_footer": 0,
    "header": True,
    "encoding": "utf-8",
}


def names_of(found: Reading, options: Csv) -> tuple[str, ...]:
    """
    Return the columns' names as *options* give them, each once; c1, c2 and so on where
    there is no header.
    """
    if options.header and found.first:
        return named(found.first[0], _DRIFT)[0]
    return tuple(f"c{number}" for number in range(1, found.candidate.width + 1))


def _table(trial: Trial, *, header: bool) -> bytes:
    """
    Return the records of *trial* behind names of our own: its own need not differ.
    """
    names = [b"c%d" % number for number in range(trial.width)]
    first = rewritten(names, trial.plain.delimiter, trial.plain.quote)
    return first + (behind_first(trial) if header else trial.kept)


def _copy(text: Text, trial: Trial, options: Csv) -> bytes:
    """
    Return the file's own bytes; of a longer one up to a record's end, with the lines at
    its end behind that are to be skipped.
    """
    raw = text.raw(trial.stop or len(text.data))
    if text.whole or not options.skip_footer:
        return raw
    lines = text.tail.rstrip(b"\r\n").split(b"\n")[-options.skip_footer :]
    return raw + b"\n".join(lines)


def _put(folder: Path, number: int, content: bytes) -> Member:
    name = f"{number}.csv"
    path = folder / name
    path.write_bytes(content)
    status = path.stat()
    file = FileRef(number + 1, _NAME, os.fsencode(name), Fingerprint.of(status))
    return Member(file, 0, status.st_size)
