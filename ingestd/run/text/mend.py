"""
Records that stay although something in them does not fit: nulls take its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingestd.errors import Reason
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.emit import Plain
from ingestd.run.text.octets import Bytes, Positions
from ingestd.run.text.records import Table
from ingestd.run.text.tokens import read_record, rewritten
from ingestd.run.text.unsound import Rules


@dataclass(frozen=True, slots=True)
class Misfit:
    """
    A value that is none of its column's type: the *row* of the text that was judged,
    from 0, the *place* of the field in it, from 0, its *column* and a sentence. With
    *reason* EXPRESSION_ERROR it is an expression that has no value, and no field.
    """

    row: int
    place: int
    column: str
    detail: str
    reason: Reason = Reason.BAD_VALUE


@dataclass(slots=True)
class Mender:
    """
    Mends records of one table; *instead* has them written anew, by their index.
    """

    array: Bytes
    table: Table
    dialect: Dialect
    plain: Plain
    rules: Rules
    instead: dict[int, bytes] = field(default_factory=dict)
    nulled: int = 0

    def pad(self, found: dict[int, tuple[Reason, str]]) -> None:
        """
        Give records with too few fields nulls for the rest; they leave *found*.
        """
        short = [i for i, why in found.items() if why[0] is Reason.TOO_FEW_FIELDS]
        for index in short:
            fields = self._fields(index)
            self.nulled += self.rules.fields - len(fields)
            self._put(index, fields)
            del found[index]

    def blank_out(self, places: Positions, misfits: Sequence[Misfit]) -> None:
        """
        Make nulls of the values that do not fit; *places* are the judged rows' indices.
        """
        cells: dict[int, list[int]] = {}
        for misfit in misfits:
            cells.setdefault(int(places[misfit.row]), []).append(misfit.place)
        for index, wrong in cells.items():
            fields = self._fields(index)
            for place in wrong:
                fields[place] = self.rules.null_text
            self.nulled += len(wrong)
            self._put(index, fields)

    def _fields(self, index: int) -> list[bytes]:
        raw = self.array[self.table.span(index)].tobytes()
        return read_record(raw, 0, self.dialect).fields

    def _put(self, index: int, fields: list[bytes]) -> None:
        fields += [self.rules.null_text] * (self.rules.fields - len(fields))
        plain = self.plain
        self.instead[index] = rewritten(fields, plain.delimiter, plain.quote)
