"""
Reads CSV text on the GPU; everything that decides what is right is shared.

The GPU cuts the text into fields,
all of them strings, because cuDF's own conversions never refuse a value: "1.9" would
become 1, an integer wraps, a fraction of a second is misread. Conversion, checks and
grouping are the CPU engine's, on what comes back as Arrow, so that both engines give
the same answers by construction. Grouping on the device is the next step.
"""

from __future__ import annotations

from pathlib import Path

import cudf
import polars as pl

from ingestd.config import Csv
from ingestd.errors import ComponentAway
from ingestd.run.engine import Plan
from ingestd.run.engines.polars import PolarsEngine
from ingestd.run.engines.polars.convert import stored_type
from ingestd.run.layout import Layout
from ingestd.run.text.emit import Plain

_FIRST = 3


class CudfEngine(PolarsEngine):
    """
    Reads on the GPU. Stateless; one thread of a worker at a time (its GPU is one).
    """

    name = "cudf"

    def __init__(self) -> None:
        """
        Make a first allocation: importing cuDF succeeds without any GPU.
        """
        try:
            answer = int(cudf.Series([1, _FIRST - 1]).sum())
        except Exception as err:
            # cuDF raises a different class for each thing that can be missing.
            message = f"the GPU does not compute: {type(err).__name__}: {err}"
            raise ComponentAway("cluster", message) from err
        if answer != _FIRST:
            message = f"the GPU computes 1 + 2 = {answer}"
            raise ComponentAway("cluster", message)

    def scan(
        self,
        paths: list[str],
        layout: Layout,
        plain: Plain,
        plan: Plan,
        *,
        unmarked: bool = False,
    ) -> pl.LazyFrame:
        """
        Return the frame of *paths*, parsed on the device, with the reader's types.
        """
        del unmarked  # everything is text first, so no marker can be misread
        options = plan.pipeline.csv
        frame = pl.concat(
            [_parsed(path, layout.names, plain, options) for path in paths]
        )
        return frame.lazy().select(
            _stored(name, column_type, options)
            for name, column_type in layout.stored(plan.schema).items()
        )


def _parsed(
    path: str, names: tuple[str, ...], plain: Plain, options: Csv
) -> pl.DataFrame:
    """
    Return one file's fields as text; raise as the CPU engine does for a long record.
    """
    # One column more than there are: a record that is too long shows there, where cuDF
    # by itself would drop its last fields.
    spare = "ingestd:spare"
    # Bytes, not the path: cuDF opens a file by itself, and a descriptor's path may
    # be opened only where it was checked.
    text = Path(path).read_bytes()
    _check_utf8(text)
    read = cudf.read_csv(
        text,
        names=[*names, spare],
        header=0 if options.header else None,
        dtype=dict.fromkeys([*names, spare], "str"),
        sep=plain.delimiter.decode(),
        # It takes no None; with quoting=3 the character means nothing.
        quotechar=plain.quote.decode() or '"',
        quoting=0 if plain.quote else 3,
        na_filter=False,
        skip_blank_lines=False,
    )
    frame = pl.DataFrame(pl.from_arrow(read.to_arrow()))
    if (frame[spare].fill_null("") != "").any():
        raise pl.exceptions.ComputeError("found more fields than columns")
    return frame.drop(spare)


def _check_utf8(text: bytes) -> None:
    """
    Raise as the CPU engine does for text that is no UTF-8; cuDF copies it unseen.
    """
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise pl.exceptions.ComputeError("invalid utf-8 sequence") from error


def _stored(name: str, column_type: str, options: Csv) -> pl.Expr:
    """
    Convert text to what the CPU engine's reader gives; strictly: a bad value raises.
    """
    wanted = stored_type(column_type, options)
    column = pl.col(name).cast(pl.String)
    if "" in options.nulls:
        column = pl.when(column.is_in(list(options.nulls))).then(None).otherwise(column)
    if isinstance(wanted, pl.String):
        return column.alias(name)
    if isinstance(wanted, pl.Boolean):
        words = dict.fromkeys(options.true_values, True)
        words |= dict.fromkeys(options.false_values, False)
        return column.replace_strict(words, return_dtype=pl.Boolean()).alias(name)
    # The CPU engine's reader skips blanks before a number.
    return column.str.strip_chars_start(" ").cast(wanted, strict=True).alias(name)
