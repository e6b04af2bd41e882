"""
From candidates to the dialect that reads the sample best.

The dialects are tried on the first kilobytes; those that do best there on the whole
sample. Fewest records set aside wins, then most columns, then most of them with a
type; what is configured wins every tie.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingestd.config import Csv
from ingestd.run.sniff.candidate import settled, tried_all
from ingestd.run.sniff.lines import without_false_footer, without_hidden_lines
from ingestd.run.sniff.marks import Marks
from ingestd.run.sniff.reading import Reading, reading
from ingestd.run.sniff.sample import SOME_BYTES, Text, beginning

_FIRST_BYTES = 3 << 10
_SEMIFINALISTS = 12
_FINALISTS = 5
_READ = 4


def best_reading(texts: Sequence[Text], configured: Csv) -> Reading:
    """
    Return the reading of *texts* that fits best; that of *configured* where none is
    better.
    """
    own = reading(tried_all(texts, configured))
    marks = Marks(b"".join(text.data for text in texts), configured)
    fits = own.options.header == configured.header
    doubtful = marks.decimal_commas and own.options.delimiter == "," and not fits
    best = _best(texts, marks.dialects(), None if doubtful else own, configured)
    if best is None or not best.candidate.plausible:
        best = own
        rare = _best(texts, marks.dialects(weak=True), own, configured)
        # A blank or a colon in every line of one column is more likely text.
        if rare and rare.candidate.plausible and _is_compelling(rare, configured):
            best = rare
    if best.candidate.rows:
        best = without_hidden_lines(texts, best)
    return reading(best.candidate, None)


def _is_compelling(found: Reading, configured: Csv) -> bool:
    """
    Tell whether more than the number of fields speaks for a delimiter that is rare:
    a header, or that every column has a type.
    """
    all_typed = found.typed == found.candidate.width
    header = found.sure and found.options.header
    blank = found.options.delimiter == " "
    return not found.candidate.cost(configured) and (header or (blank and all_typed))


def _best(
    texts: Sequence[Text],
    dialects: Iterable[Csv],
    own: Reading | None,
    configured: Csv,
) -> Reading | None:
    readings = [own] if own else []
    if configured.skip_rows:
        # More may be skipped than there is; then it fits, and records are missing.
        fewer = configured.model_copy(update={"skip_rows": 0})
        readings.append(reading(tried_all(texts, fewer)))
    left = [
        tried_all([beginning(texts[0], _FIRST_BYTES)], options) for options in dialects
    ]
    for size, kept in ((SOME_BYTES, _SEMIFINALISTS), (None, _FINALISTS)):
        # Sorting keeps the order of what is equal: the likeliest first.
        left.sort(key=lambda c: c.rank(configured))
        starts = [beginning(text, size) for text in texts]
        left = [settled(starts, _bare(c.options, configured)) for c in left[:kept]]
        left = [candidate for candidate in left if candidate.plausible]
    whole = sorted(left, key=lambda c: c.rank(configured))
    for candidate in whole[:_READ]:
        if candidate.rows:
            found = reading(candidate)
            readings.append(without_false_footer(texts, found, configured))
    return min(readings, key=lambda r: _rank(r, configured), default=None)


def _rank(found: Reading, configured: Csv) -> tuple[object, ...]:
    refused, implausible, cost, width, changes = found.candidate.rank(configured)
    header = found.options.header != configured.header
    # A column that is empty everywhere may be half of a longer delimiter.
    columns = (-found.filled, -width)
    rest = (found.blanks, -found.typed, changes + header, -found.candidate.rows)
    return (refused, implausible, cost, *columns, *rest)


def _bare(options: Csv, configured: Csv) -> Csv:
    """
    Return *options* with the lines to skip that are configured: those of a beginning
    may be others than those of the whole.
    """
    lines = ("skip_rows", "skip_footer")
    return options.model_copy(update={key: getattr(configured, key) for key in lines})
