"""
From candidates to the dialect that reads the sample best.

The dialects are tried on the first kilobytes; those that do best there on the whole
sample. Fewest records set aside wins, then most columns, then most of them with a
type; what is configured wins every tie.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingestd.config import Csv
from ingestd.run.sniff.candidate import settled, tried_all
from ingestd.run.sniff.lines import without_false_footer, without_hidden_lines
from ingestd.run.sniff.marks import Marks
from ingestd.run.sniff.reading import Reading, reading
from ingestd.run.sniff.sample import Text

_FIRST_BYTES = 8 << 10
_FINALISTS = 6
_READ = 4


def best_reading(texts: Sequence[Text], configured: Csv) -> Reading:
    """
    Return the reading of *texts* that fits best; that of *configured* where none is
    better.
    """
    own = reading(tried_all(texts, configured))
    marks = Marks(b"".join(text.data for text in texts), configured)
    best = _best(texts, marks.dialects(), own, configured)
    if not best.candidate.plausible:
        best = own
        rare = _best(texts, marks.dialects(weak=True), own, configured)
        # A blank or a colon in every line of one column is more likely text.
        if rare.candidate.plausible and _is_compelling(rare):
            best = rare
    best = without_hidden_lines(texts, best)
    return reading(best.candidate, None)


def _is_compelling(found: Reading) -> bool:
    """
    Tell whether more than the number of fields speaks for a delimiter that is rare:
    a header, or that every column has a type.
    """
    all_typed = found.typed == found.candidate.width
    header = found.sure and found.options.header
    blank = found.options.delimiter == " "
    return not found.candidate.cost and (header or (blank and all_typed))


def _best(
    texts: Sequence[Text], dialects: Iterable[Csv], own: Reading, configured: Csv
) -> Reading:
    starts = [_start(text) for text in texts]
    tried = [settled(starts, options) for options in dialects]
    tried.sort(key=lambda c: c.rank(configured))
    whole = [settled(texts, _bare(c.options, configured)) for c in tried[:_FINALISTS]]
    whole.sort(key=lambda c: c.rank(configured))
    # Sorting keeps the order of what is equal: the likeliest first.
    readings = [own]
    for candidate in whole[:_READ]:
        if candidate.rows:
            found = reading(candidate)
            readings.append(without_false_footer(texts, found, configured))
    return min(readings, key=lambda r: _rank(r, configured))


def _rank(found: Reading, configured: Csv) -> tuple[object, ...]:
    candidate = found.candidate
    refused, implausible, cost, width, changes = candidate.rank(configured)
    return (
        refused,
        implausible,
        cost,
        width,
        found.blanks,
        -found.typed,
        changes,
    )


def _bare(options: Csv, configured: Csv) -> Csv:
    """
    Return *options* with the lines to skip that are configured: those of a beginning
    may be others than those of the whole.
    """
    return options.model_copy(
        update={
            "skip_rows": configured.skip_rows,
            "skip_footer": configured.skip_footer,
        }
    )


def _start(text: Text) -> Text:
    if len(text.data) <= _FIRST_BYTES:
        return text
    for size in (_FIRST_BYTES, 8 * _FIRST_BYTES):
        end = max(text.data.rfind(mark, 0, size) for mark in (b"\n", b"\r")) + 1
        if end:
            return replace(text, data=text.data[:end], whole=False)
    return text
