"""
Quotes out of place, in many records at once.
"""

from __future__ import annotations

import numpy as np

from ingestd.run.text.dialect import Dialect
from ingestd.run.text.octets import BLANK, CR, LF, Bytes, Flags, Positions


def first_fault(
    array: Bytes,
    dialect: Dialect,
    places: Positions,
    delimiters: Flags,
    ends: Positions,
) -> int:
    """
    Return the first quote out of place: one opens where a field begins; behind a
    closing one a field ends, or its twin follows.
    """
    opens, closes = places[::2], places[1::2]
    previous = array[opens - 1]  # of the first byte the last one, which is not asked
    doubled = np.zeros(len(opens), bool)
    doubled[1:] = opens[1:] == closes[: len(opens) - 1] + 1
    if dialect.plain:
        begins = (opens == 0) | (previous == LF) | (previous == dialect.delimiter[0])
    else:
        begins = _begin_fields(array, dialect, opens, delimiters, ends)
    wrong = opens[~(begins | doubled)]
    ending = _may_end(array, dialect, delimiters, closes + 1)
    wrong_end = closes[~ending]
    found = [int(bad[0]) for bad in (wrong, wrong_end) if len(bad)]
    return min(found, default=-1)


def _begin_fields(
    array: Bytes,
    dialect: Dialect,
    opens: Positions,
    delimiters: Flags,
    ends: Positions,
) -> Flags:
    begins = field_begins(array, dialect, delimiters, ends)
    return np.asarray(begins[opens])


def _may_end(
    array: Bytes, dialect: Dialect, delimiters: Flags, after: Positions
) -> Flags:
    """
    Tell of each place *after* a closing quote whether what stands there may.
    """
    last = len(array) - 1
    there = np.minimum(after, last)
    byte = array[there]
    ends = (byte == LF) | delimiters[there] | (byte == dialect.quote[0])
    returns = byte == CR
    if not dialect.returns:
        following = np.minimum(after + 1, last)
        returns &= (after >= last) | (array[following] == LF)
    return np.asarray(ends | returns | (after > last))


def field_begins(
    array: Bytes, dialect: Dialect, delimiters: Flags, ends: Positions
) -> Flags:
    """
    Return where a field may begin: behind delimiters and line ends, and behind blanks
    that belong to no field.
    """
    begins = np.zeros(len(array) + len(dialect.delimiter), bool)
    begins[0] = True
    begins[ends + 1] = True
    begins[np.flatnonzero(delimiters) + len(dialect.delimiter)] = True
    if not dialect.skip_blanks:
        return begins
    # Each byte belongs to the place behind the last text before it, or to the field
    # that begins within the blanks between.
    apart = begins[: len(array) + 1].copy()
    apart[1:] |= array != BLANK
    place = np.maximum.accumulate(np.where(apart, np.arange(len(apart)), 0))
    return np.asarray(begins[place])
