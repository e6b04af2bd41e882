"""
Lines that have as many fields as a record and are none, and short records that only
look like a footer. Here the values tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ingestd.config import Csv
from ingestd.run.sniff.candidate import tried_all
from ingestd.run.sniff.kinds import TEXT, Forms, kind_of_one
from ingestd.run.sniff.reading import Reading, reading
from ingestd.run.sniff.sample import Text, beginning
from ingestd.run.text.tokens import read_record

_HIDDEN = 3
_FEW_COLUMNS = 3
_TOTALS = frozenset(
    (
        *("total", "totals", "sum", "subtotal", "count", "rows", "records", "average"),
        *("mean", "summe", "gesamt", "totaal", "totale", "suma", "итого", "end", "eof"),
        "somme",  # codespell:ignore somme
    )
)


def without_false_footer(
    texts: Sequence[Text], found: Reading, configured: Csv
) -> Reading:
    """
    Return *found* without its footer where that is no more than a cut record.
    """
    options, candidate = found.candidate.options, found.candidate
    if options.skip_footer <= configured.skip_footer:
        return found
    whole = [
        (text, trial)
        for text, trial in zip(texts, candidate.trials, strict=True)
        if text.whole and not trial.refused
    ]
    if len(whole) != 1:
        return found
    text, trial = whole[0]
    footer = text.data[trial.stop :]
    lines = [read_record(b, 0, trial.dialect).fields for b in _lines(footer)]
    ended = footer.endswith((b"\n", b"\r"))
    if not all(_may_be_cut(line, found, ended=ended) for line in lines):
        return found
    kept = options.model_copy(update={"skip_footer": configured.skip_footer})
    return reading(tried_all(texts, kept))


def _lines(footer: bytes) -> Iterator[bytes]:
    yield from (line for line in footer.splitlines() if line)


def _may_be_cut(fields: Sequence[bytes], found: Reading, *, ended: bool) -> bool:
    """
    Tell whether *fields* may be the beginning of a record.
    """
    if len(fields) > len(found.kinds):
        return False
    forms = Forms.of(found.options)
    values = [field.decode("utf-8", "replace") for field in fields]
    pairs = list(zip(values, found.kinds, strict=False))
    if any(_differs(value, kind, forms) for value, kind in pairs):
        return False
    typed = any(kind not in ("", TEXT) for _, kind in pairs)
    # One whole line of one word, where the others have many: no record was cut here.
    return typed or not ended or len(fields) > 1 or len(found.kinds) < _FEW_COLUMNS


def _differs(value: str, kind: str, forms: Forms) -> bool:
    return (
        kind not in ("", TEXT)
        and value not in forms.nulls
        and kind_of_one(value, forms) != kind
    )


def without_hidden_lines(texts: Sequence[Text], found: Reading) -> Reading:
    """
    Return *found* without lines of a preamble and sums at the end that are as wide as
    records, where more columns have a type without them.
    """
    starts = [beginning(text) for text in texts]
    for lines in range(1, _HIDDEN + 1) if TEXT in found.kinds else ():
        better = _skipping(starts, found, "skip_rows", lines)
        if better.options.header and better.named and better.typed > found.typed:
            found = _skipping(texts, found, "skip_rows", lines)
            break
    if not _ends_in_totals(texts, found):
        return found
    better = _skipping(texts, found, "skip_footer", 1)
    return better if better.typed > found.typed else found


def _skipping(texts: Sequence[Text], found: Reading, key: str, lines: int) -> Reading:
    options = found.candidate.options
    more = {key: getattr(options, key) + lines}
    return reading(tried_all(texts, options.model_copy(update=more)))


def _ends_in_totals(texts: Sequence[Text], found: Reading) -> bool:
    """
    Tell whether the last record of each text is a sum, or mostly empty.
    """
    trials = found.candidate.trials
    pairs = [(t, r) for t, r in zip(texts, trials, strict=True) if not r.refused]
    return bool(pairs) and all(
        text.whole and _is_total(text.data[trial.begin : trial.stop], found)
        for text, trial in pairs
    )


def _is_total(records: bytes, found: Reading) -> bool:
    lines = records.rstrip(b"\r\n").splitlines()
    if not lines:
        return False
    dialect = found.candidate.trials[0].dialect
    values = [
        f.decode("utf-8", "replace") for f in read_record(lines[-1], 0, dialect).fields
    ]
    named = any(word.lower().strip(" :") in _TOTALS for word in _words(values))
    return named or 2 * sum(not value.strip() for value in values) > len(values)


def _words(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from value.split()
