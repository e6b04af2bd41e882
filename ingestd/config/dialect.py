"""
How a CSV file is written, and what happens when one does not fit.
"""

from __future__ import annotations

import codecs
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from ingestd.config.formats import date_format, timestamp_format
from ingestd.config.section import Section
from ingestd.config.values import MIB, AsciiByte, Count, Mark, Size, Strings, Text

TRUE_VALUES: Final = ("true", "True", "TRUE")
FALSE_VALUES: Final = ("false", "False", "FALSE")
NULL_MARK: Final = "\0"
"""What JSON's null becomes on the way: no string has it, one with a NUL is refused."""


def with_null_mark(csv: object, source: object) -> object:
    """
    Return the table *csv* as it holds for the files of *source*: of JSON lines no text
    is null by default, and the mark of their own null always is.
    """
    named = source.get("format") if isinstance(source, dict) else ""
    if (named or getattr(source, "format", "csv")) != "jsonl":
        return csv
    if isinstance(csv, Csv):
        csv = {name: getattr(csv, name) for name in csv.model_fields_set}
    nulls = csv.get("nulls", ()) if isinstance(csv, dict) else ()
    if not isinstance(csv, dict) or not isinstance(nulls, list | tuple):
        return csv  # which is told by the model
    others = [text for text in nulls if text != NULL_MARK]
    return csv | {"nulls": (NULL_MARK, *others)}


def _one_line(value: str) -> str:
    if any(c in value for c in "\r\n\0"):
        raise ValueError("expected a character that ends no line")
    return value


def _encoding(value: str) -> str:
    try:
        codec = codecs.lookup(value)
        codec.incrementaldecoder(errors="strict").decode(b"", final=True)
        "".encode(value)
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            "expected an encoding of text that Python knows, such as utf-8, latin-1, "
            "cp1252 or utf-16"
        ) from error
    return value


class Csv(Section):
    """
    The dialect of the CSV files.
    """

    delimiter: Annotated[Text, AfterValidator(_one_line)] = Field(
        default=",",
        description="What separates fields.",
    )
    quote: AsciiByte = Field(
        default='"',
        description='What encloses a field; "" means none.',
    )
    escape: AsciiByte = Field(
        default="",
        description='What escapes a quote; "" means quotes are doubled.',
    )
    header: bool = Field(
        default=True,
        description="Whether the first record holds the names; false: they come from "
        "the schema.",
    )
    skip_rows: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="Lines to skip before the header.",
    )
    skip_footer: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="Lines to skip at the end.",
    )
    comment: Annotated[str, AfterValidator(_one_line)] = Field(
        default="",
        description='What starts a line that is skipped; "" means nothing does.',
    )
    skip_blanks: bool = Field(
        default=False,
        description="Whether blanks after a delimiter belong to no field.",
    )
    encoding: Annotated[Text, AfterValidator(_encoding)] = Field(
        default="utf-8",
        description="The encoding of the text.",
    )
    nulls: Strings = Field(
        default=("", "NA", "null"),
        description="Fields that mean null.",
    )
    true_values: Strings = Field(
        default=TRUE_VALUES,
        description="Fields that mean true; with the defaults in any case, else just "
        "as given.",
    )
    false_values: Strings = Field(
        default=FALSE_VALUES,
        description="Fields that mean false, likewise.",
    )
    decimal: Annotated[Mark, Field(min_length=1)] = Field(
        default=".",
        description="The decimal mark.",
    )
    thousands: Mark = Field(
        default="",
        description="The mark between groups of three digits, which a number has "
        'everywhere or nowhere; "" means none.',
    )
    date_formats: Annotated[
        tuple[Annotated[str, AfterValidator(date_format)], ...], Field(strict=False)
    ] = Field(
        default=(),
        description="How dates are written, in strftime's directives (docs/types.md); "
        "the first that fits a value holds. An empty list means ISO 8601, as does the "
        "word iso.",
    )
    timestamp_formats: Annotated[
        tuple[Annotated[str, AfterValidator(timestamp_format)], ...],
        Field(strict=False),
    ] = Field(
        default=(),
        description="How timestamps are written, likewise.",
    )
    final_newline: Literal["accept", "require"] = Field(
        default="accept",
        description="a last record without one may have been cut.",
    )
    max_line_bytes: Size = Field(
        default=1 * MIB,
        description="A longer record quarantines its file.",
    )
    max_unpack_ratio: Count = Field(
        default=200,
        description="A packed file (gzip, zstd, bzip2, xz, or zip with one file in it) "
        "that unpacks to more than this many times its size is quarantined; the first "
        "64 MiB are always allowed, more than 64 GiB never.",
    )

    @property
    def words_in_any_case(self) -> bool:
        """
        Whether true and false may be written in any case: those words alone are given.
        """
        true, false = set(self.true_values), set(self.false_values)
        return true == set(TRUE_VALUES) and false == set(FALSE_VALUES)


class Drift(Section):
    """
    What happens to columns and rows that do not fit the schema.
    """

    new_column: Literal["ignore", "add", "rescue", "fail"] = Field(
        default="ignore",
        description="a column that the schema does not have is left out, is added to "
        "the schema, is kept as JSON in the column _rescued, or quarantines the file "
        "(docs/drift.md).",
    )
    missing_column: Literal["null", "fail"] = Field(
        default="null",
        description="a column that the file does not have is filled with nulls, or "
        "quarantines the file.",
    )
    duplicate_column: Literal["fail", "rename"] = Field(
        default="fail",
        description="a second column of one name quarantines the file, or gets a "
        "number (a, a_2, a_3) and follows new_column.",
    )
    match_case: bool = Field(
        default=False,
        description="Whether only equal names match; false: case and blanks around a "
        "name do not matter where only one column can be meant.",
    )
    bad_row: Literal["reject", "null", "fail"] = Field(
        default="reject",
        description="a row with a value that does not fit is set aside, gets a null "
        "there, or quarantines the file.",
    )
    max_rejects: Annotated[int, Field(ge=0)] = Field(
        default=1000,
        description="Rejected rows per file; past it the file is quarantined.",
    )
