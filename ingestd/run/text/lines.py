"""
Where lines end, quoted ones too.
"""

from __future__ import annotations

import numpy as np

from ingestd.run.text.dialect import Dialect
from ingestd.run.text.octets import CR, LF, Bytes, Flags
from ingestd.run.text.window import Window


def line_ends(array: Bytes, dialect: Dialect, *, final: bool = True) -> Flags:
    """
    Return the last byte of each line end.

    Unless the text is *final*, a CR at its very end ends no line yet: an LF may follow.
    """
    newline = array == LF
    if dialect.returns and len(array):
        alone = array == CR
        alone[:-1] &= ~newline[1:]
        alone[-1] &= final
        newline |= alone
    return np.asarray(newline)


def lines(array: Bytes, dialect: Dialect) -> int:
    """
    Return how many lines end in *array*.
    """
    return int(np.count_nonzero(line_ends(array, dialect)))


def settled(array: Bytes, window: Window) -> int:
    """
    Return how many bytes of *array*, the last of *window*, are no half of a CRLF.
    """
    return len(array) - (not window.final and array[-1] == CR)
