"""
The user's own function: called with the rows of one file, and not believed.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass

import polars as pl

from ingestd.errors import Reason, Retryable
from ingestd.model import UNTYPED, Schema
from ingestd.run.engines.polars.convert import data_type
from ingestd.run.engines.polars.read import Sample
from ingestd.run.faults import Fault, no_file_is_at_fault, ours
from ingestd.run.transform.function import Loaded

_SAMPLED = 1000
_MOST_SAID = 300
_MOST_TRACED = 2000


@dataclass(frozen=True, slots=True)
class OwnFunction:
    """
    Calls *function*. Its result must have the columns of *rows* that have a type and
    those *reserved* ones that it was given; of them *names* are wanted.
    """

    function: Loaded
    rows: Schema
    names: tuple[str, ...]
    reserved: tuple[str, ...]

    def applied(self, frame: pl.DataFrame) -> pl.DataFrame:
        """
        Return the wanted columns of what the function makes of *frame*, the rows of one
        file.

        Raises Fault where the function raises, or gives what is not as declared. It is
        not called for no rows.
        """
        reserved = [name for name in frame.columns if name in self.reserved]
        kinds = {name: frame.schema[name] for name in reserved}
        expected = {
            name: data_type(kind) for name, kind in self.rows.columns if kind != UNTYPED
        } | kinds
        height = frame.height
        found = self._checked(self._called(frame), expected, height) if height else None
        if found is None:
            found = pl.DataFrame(schema=expected)
        # A column without a type is null, and a float to those who need one.
        nulls = [name for name in self.names if name not in expected]
        found = found.with_columns(
            pl.lit(None, dtype=pl.Float64()).alias(name) for name in nulls
        )
        return found.select(*self.names, *reserved)

    def measure(self, found: pl.DataFrame, sample: Sample) -> None:
        """
        Have *sample* know the size of the floats in *found*.
        """
        for column in found.head(_SAMPLED):
            if column.dtype.is_float():
                sample.measure(column)

    def _called(self, frame: pl.DataFrame) -> object:
        try:
            return self.function.call(frame)
        except MemoryError as error:
            message = f"{self.function.reference} ran out of memory"
            raise Retryable(message) from error
        except (Exception, SystemExit, pl.exceptions.PanicException) as error:
            if isinstance(error, OSError) and no_file_is_at_fault(error):
                raise ours(error.errno or 0, str(error)) from error
            detail = f"{self.function.reference} raised {_told(error)}"
            raise Fault(Reason.PYTHON_FAILED, detail) from error

    def _checked(
        self, found: object, expected: dict[str, pl.DataType], height: int
    ) -> pl.DataFrame:
        if not isinstance(found, pl.DataFrame):
            given = f"a {type(found).__module__}.{type(found).__qualname__}"
            raise self._wrong(f"{given}; expected a polars.DataFrame")
        wrong = [name for name in expected if name not in found.columns]
        if wrong:
            raise self._wrong(f"no column {wrong[0]!r}; it has {_list(found)}")
        wrong = [name for name in found.columns if name not in expected]
        if wrong:
            message = "declare it in transform.python_columns, or drop it"
            raise self._wrong(f"a column {wrong[0]!r} that is unknown; {message}")
        nulls = [n for n in expected if found.schema[n] == pl.Null()]
        found = found.with_columns(pl.col(n).cast(expected[n]) for n in nulls)
        for name, kind in expected.items():
            if found.schema[name] != kind:
                has = f"{name!r} as {found.schema[name]}"
                raise self._wrong(f"{has}; expected {kind}{self._declared(name)}")
        if found.height > height:
            message = "it may leave rows out, and add none"
            raise self._wrong(f"{found.height:,} rows of {height:,}; {message}")
        return found

    def _declared(self, name: str) -> str:
        kind = dict(self.rows.columns).get(name)
        return f", for {kind}" if kind else ""

    def _wrong(self, what: str) -> Fault:
        return Fault(Reason.PYTHON_FAILED, f"{self.function.reference} gave {what}")


def _list(frame: pl.DataFrame) -> str:
    return ", ".join(frame.columns) or "none"


def _told(error: BaseException) -> str:
    """
    Return what *error* says, and below it the end of the way to it.
    """
    said = traceback.format_exception_only(error)[-1].strip()
    ours = error.__traceback__
    way = "".join(traceback.format_tb(ours.tb_next if ours else None)).rstrip()
    if len(way) > _MOST_TRACED:
        way = "  …\n" + way[-_MOST_TRACED:].partition("\n")[2]
    text = "\n".join(filter(None, (_short(said), way)))
    # The ledger takes no surrogates, which the name of a file may have brought in.
    return text.encode("utf-8", "backslashreplace").decode()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_SAID else f"{line[:_MOST_SAID]}…"
