"""
What Polars, Arrow and the system raise, as errors that say what to do next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pyarrow as pa

from ingestd.errors import Quarantine, Reason, Retryable
from ingestd.run.faults import ours

_SYSTEM = re.compile(r"\(os error (\d+)\)")
_OVERFLOW = "overflow in decimal"


def raise_if_no_input_is_at_fault(error: Exception) -> None:
    """
    Raise for an *error* of Polars that no other input would spare: the system's.

    A full disk must never look like a bad file.
    """
    if found := _SYSTEM.search(str(error)):
        raise ours(int(found[1]), str(error)) from error


@contextmanager
def library_errors() -> Iterator[None]:
    """
    Let only errors of ``ingestd.errors`` out.
    """
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise_if_no_input_is_at_fault(error)
        if _OVERFLOW in str(error):
            message = "the sum of a decimal column has more than 38 digits"
            raise Quarantine(Reason.INTEGER_OVERFLOW, message) from error
        raise Retryable(f"polars: {error}") from error
    except pa.ArrowException as error:
        raise Retryable(f"arrow: {error}") from error
    except OSError as error:
        # Polars leaves errno empty and writes the number into the text.
        raise_if_no_input_is_at_fault(error)
        raise ours(error.errno or 0, str(error)) from error
