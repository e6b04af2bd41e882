"""
The marks of a CSV file as bytes: what the scan of records looks for.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestd.config import Csv

NEWLINE = b"\n"
RETURN = b"\r"
CANONICAL_QUOTE = b'"'
UNIT_SEPARATORS = bytes((0x1F, 0x1E, 0x1D, 0x1C, *range(1, 9), *range(14, 28)))
"""Control bytes that may stand for a delimiter of several characters."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    The marks of text in UTF-8. *quote*, *escape* and *comment* are empty where there is
    none. *returns*: a line ends in CR alone, or in any of CR, LF, CRLF. *skip_blanks*:
    blanks after a delimiter belong to no field. *escaped_null*: a bare field that is
    the escape and N stays as it is. *max_line_bytes* bounds a record.
    """

    delimiter: bytes
    quote: bytes = b""
    escape: bytes = b""
    comment: bytes = b""
    returns: bool = False
    skip_blanks: bool = False
    escaped_null: bool = False
    max_line_bytes: int = 1 << 20

    @property
    def plain(self) -> bool:
        """
        Whether the parsers of the engines know this dialect, comment lines aside.
        """
        special = self.escape or self.returns or self.skip_blanks
        return len(self.delimiter) == 1 and not special


def dialect_of(options: Csv, *, returns: bool = False) -> Dialect:
    """
    Return the dialect that *options* describe; *returns* as the file's first line has
    it.
    """
    escape, quote = options.escape.encode(), options.quote.encode()
    return Dialect(
        delimiter=options.delimiter.encode(),
        quote=quote,
        # A quote that escapes a quote is a doubled one.
        escape=b"" if escape == quote else escape,
        comment=options.comment.encode(),
        returns=returns,
        skip_blanks=options.skip_blanks,
        escaped_null=f"{options.escape}N" in options.nulls if escape else False,
        max_line_bytes=options.max_line_bytes,
    )
