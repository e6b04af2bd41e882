"""
Lines of JSON as rows of plain CSV, many at once where they are all alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingestd.run.jsonl.columns import Columns
from ingestd.run.jsonl.values import (
    KEY_END,
    Alike,
    DecodeError,
    Raw,
    Unfit,
    alike,
    field_of,
    is_hard,
    keys_apart,
    object_of,
)


@dataclass(slots=True)
class Rows:
    """
    Makes rows of *columns*. One for each text: it knows how the lines were so far.
    """

    columns: Columns
    _alike: Alike | None = field(init=False)

    def __post_init__(self) -> None:
        """
        Find out what lines look like that are all alike.
        """
        self._alike = alike(self.columns.names)

    def uniform(self, text: bytes, lines: Sequence[bytes]) -> list[bytes] | None:
        """
        Return a row for each of *lines*, which are all of *text*, in UTF-8; None unless
        each of them is an object that has every column once, and nothing else.
        """
        if self._alike is None or keys_apart(text):
            return None
        if text.count(KEY_END) != len(lines) * len(self.columns.names):
            return None
        try:
            found = self._alike(text, lines)
        except (DecodeError, RecursionError):
            return None
        self.columns.missing.clear()
        behind = self.columns.surplus
        if not is_hard(text, len(lines)):
            end = b"".join(b",%b" % field for field in behind) + b"\n"
            return [b",".join(values) + end for values in found]
        return self._mixed(lines, found, behind)

    def _mixed(
        self,
        lines: Sequence[bytes],
        found: Sequence[tuple[Raw, ...]],
        behind: tuple[bytes, ...],
    ) -> list[bytes] | None:
        rows = []
        try:
            for line, values in zip(lines, found, strict=True):
                fields = map(field_of, values) if is_hard(line) else values
                rows.append(b",".join((*fields, *behind)) + b"\n")
        except Unfit:
            return None
        return rows

    def row(self, line: bytes, *, apart: bool) -> bytes:
        """
        Return the row of *line*, text in UTF-8; *apart* as for ``object_of``. Raises
        Unfit, and Fault.
        """
        found = object_of(line, apart=apart)
        return b",".join(self.columns.row(found, hard=is_hard(line))) + b"\n"
