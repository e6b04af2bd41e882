"""
Where the records of a growing file end: what may be taken of it, and what must wait.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestd.config import Csv, Pipeline
from ingestd.growing import Begun, Borders, Whole
from ingestd.run.faults import Fault
from ingestd.run.header import HEAD_BYTES, UTF8_MARK, Header, look
from ingestd.run.jsonl.borders import LineBorders
from ingestd.run.text.decode import decoded, is_utf8
from ingestd.run.text.dialect import Dialect, dialect_of
from ingestd.run.text.lines import lines
from ingestd.run.text.octets import Bytes
from ingestd.run.text.records import table_of
from ingestd.run.text.sieve import HARD
from ingestd.run.text.tokens import read_record


@dataclass(frozen=True, slots=True)
class CsvBorders:
    """
    The borders of CSV records in the dialect of *options*; see ``Borders``.
    """

    options: Csv
    fields: int = 2

    @property
    def longest(self) -> int:
        """
        The bytes in which a record must end.
        """
        return HARD * self.options.max_line_bytes

    def begin(self, data: bytes, known: bytes | None, *, final: bool) -> Begun | None:
        """
        Return what is in front of the records of *data*, the beginning of a file.
        """
        final = final or len(data) >= HEAD_BYTES
        try:
            found = _header(data, self.options)
        except Fault:
            # At last it is taken as it is: the reader sets it aside, and says why.
            return Begun(b"", 0, 0) if final else None
        if found is None:
            return Begun(b"", 0, 0) if final else None
        end, header = found
        if self.options.header and known and not _alike(header, known, self.options):
            # A writer that goes on without a header after a rotation.
            start = len(UTF8_MARK) if data.startswith(UTF8_MARK) else 0
            return Begun(known, start, 0)
        return Begun(data[:end], end, header.lines)

    def whole(self, data: bytes, *, final: bool) -> Whole:
        """
        Return how much of *data*, which begins where a record begins, is whole records.
        """
        dialect = dialect_of(self.options)
        array = np.frombuffer(data, np.uint8)
        at, records, ended = 0, 0, 0
        while at < len(array):
            used, found, stuck = self._some(array[at:], dialect, final=final)
            at, records = at + used, records + found
            ended += lines(array[at - used : at], dialect)
            if stuck or not used:
                break
        return Whole(at, records, ended)

    def _some(
        self, array: Bytes, dialect: Dialect, *, final: bool
    ) -> tuple[int, int, bool]:
        """
        Return the bytes and the number of records that *array* begins with, and whether
        what is behind them has to wait.
        """
        table = table_of(array, dialect, self.fields, final=final)
        used, found = table.used, int(np.count_nonzero(~table.skipped))
        if not table.alone:
            return used, found, True
        text = array[used:].tobytes()
        if dialect.comment and text.startswith(dialect.comment):
            end = text.find(b"\n") + 1
            end = len(text) if final and not end else end
            return used + end, found, not end
        record = read_record(text, 0, dialect)
        if not (record.closed or final):
            return used, found, True
        broken = 1 if record.sound else _lines_of(text[: record.end])
        return used + record.end, found + broken, False


def _lines_of(text: bytes) -> int:
    """
    Return how many records one with broken quotes counts as: each of its lines is set
    aside.
    """
    return sum(bool(line.removesuffix(b"\r")) for line in text.split(b"\n"))


def _header(data: bytes, options: Csv) -> tuple[int, Header] | None:
    """
    Return where the records of *data* begin, and its header; None while a line of what
    is in front of them has no end yet.
    """
    text, plain = data[:HEAD_BYTES], is_utf8(options.encoding)
    if not plain:
        text = decoded(text, options.encoding, final=True)
    header = look(text, len(text), options)
    end = header.end
    some = options.header or options.skip_rows
    if some and not text[:end].endswith(b"\n"):
        return None
    # Every other encoding that is followed has one byte for a character.
    return (end if plain else len(text[:end].decode("utf-8", "replace"))), header


def _alike(header: Header, known: bytes, options: Csv) -> bool:
    """
    Tell whether *header* names a column of the header *known*.
    """
    try:
        before = _header(known, options)
    except Fault:
        return True
    if before is None:
        return True
    names = {name.strip().casefold() for name in before[1].names}
    return any(name.strip().casefold() in names for name in header.names)


def borders_of(pipeline: Pipeline) -> Borders:
    """
    Return the borders of the records of *pipeline*'s files.
    """
    if pipeline.source.format == "jsonl":
        return LineBorders(pipeline.csv)
    columns = pipeline.schema_ or {}
    return CsvBorders(pipeline.csv, max(1, len(columns)))
