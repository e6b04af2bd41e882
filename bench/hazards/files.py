"""
The hazards: a small file for each, and the records that are really in it.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

Fields = tuple[str, ...]
Settings = dict[str, object]

DEFAULT: Settings = {}
WIDE, TALL, LONG = 10_000, 3_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """
    A record of a file: its bytes, its fields; not *sound* if it can be no row.
    """

    raw: bytes
    fields: Fields
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Hazard:
    """
    A file with the columns *names* and the *records*.

    *shown* and *note* tell a person what is in it. *settings* are those that ingestd is
    tried with, one after the other, each a table of keys of the pipeline. *renames*:
    the header's names cannot all be kept.
    """

    name: str
    shown: str
    note: str
    content: Callable[[], bytes]
    names: Fields
    records: tuple[Record, ...]
    settings: tuple[Settings, ...] = (DEFAULT,)
    renames: bool = False
    file: str = "file.csv"

    @property
    def sound(self) -> list[Fields]:
        """
        The fields of the records that are rows.
        """
        return [record.fields for record in self.records if record.sound]

    @property
    def unsound(self) -> list[Fields]:
        """
        The fields of the others, as far as they can be told.
        """
        return [record.fields for record in self.records if not record.sound]


@dataclass(slots=True)
class _Made:
    """
    The hazards so far, in the order of the page.
    """

    hazards: list[Hazard] = field(default_factory=list)

    def add(
        self,
        name: str,
        content: bytes | Callable[[], bytes],
        names: str,
        records: Sequence[str | tuple[str, ...] | Record],
        *settings: Settings,
        shown: str | None = None,
        note: str = "",
        renames: bool = False,
        file: str = "file.csv",
    ) -> None:
        made = (lambda: content) if isinstance(content, bytes) else content
        if shown is None:
            shown = "" if note else _shown(made())
        self.hazards.append(
            Hazard(
                name,
                shown,
                note,
                made,
                tuple(names.split(",")) if names else (),
                tuple(_record(record) for record in records),
                settings or (DEFAULT,),
                renames,
                file,
            )
        )


def _record(record: str | tuple[str, ...] | Record) -> Record:
    if isinstance(record, Record):
        return record
    fields = tuple(record.split(",")) if isinstance(record, str) else record
    return Record(",".join(fields).encode(), fields)


def _bad(raw: str) -> Record:
    return Record(raw.encode(), tuple(raw.split(",")), sound=False)


def _shown(content: bytes) -> str:
    text = content.decode("utf-8", "backslashreplace")
    marks = {"\\": "\\", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\ufeff": "\\ufeff"}
    return "".join(marks.get(character, character) for character in text)


def _zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inside.csv", content)
    return packed.getvalue()


def _parquet() -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), written)
    return written.getvalue()


def _pdf() -> bytes:
    body = b"1 0 obj\n<< /Type /Catalog, /Pages 2 0 R >>\nendobj\n"
    return b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + body + b"trailer\n%%EOF\n"


def hazards() -> list[Hazard]:
    """
    Return all hazards, in the order of the page.
    """
    made = _Made()
    _ends(made)
    _records(made)
    _bytes(made)
    _headers_and_values(made)
    _kinds(made)
    return made.hazards


def _ends(made: _Made) -> None:
    typed = {"schema.a": "int64", "schema.b": "int64"}
    made.add("An empty file", b"", "", [], DEFAULT, typed, note="no byte")
    made.add("A header and no rows", b"a,b\n", "a,b", [])
    made.add("A header without a line end", b"a,b", "a,b", [])
    made.add("No line end after the last row", b"a,b\n1,2\n3,4", "a,b", ["1,2", "3,4"])
    made.add("A last row that was cut off", b"a,b\n1,2\n3", "a,b", ["1,2", _bad("3")])
    made.add(
        "A last row that was cut within its last value",
        b"a,b\n1,100\n2,25",
        "a,b",
        ["1,100", _bad("2,25")],
        {"csv.final_newline": "require"},
        shown="a,b\\n1,100\\n2,25",
        note="of `2,2500\\n`",
    )


def _records(made: _Made) -> None:
    made.add(
        "The first row has too many fields",
        b"a,b\n1,2,3\n4,5\n",
        "a,b",
        [_bad("1,2,3"), "4,5"],
    )
    made.add(
        "A later row has too many fields",
        b"a,b\n1,2\n3,4,5\n6,7\n",
        "a,b",
        ["1,2", _bad("3,4,5"), "6,7"],
    )
    made.add(
        "A row has too few fields",
        b"a,b,c\n1,2,3\n4,5\n6,7,8\n",
        "a,b,c",
        ["1,2,3", _bad("4,5"), "6,7,8"],
    )
    made.add(
        "A quote that is never closed",
        b'a,b\n1,x\n2,"y\n3,z\n4,w\n',
        "a,b",
        ["1,x", _bad('2,"y'), "3,z", "4,w"],
    )
    made.add(
        "A quote within a field without quotes",
        b'a,b\n1,x\n2,5" pipe\n3,z\n',
        "a,b",
        ["1,x", '2,5" pipe', "3,z"],
        DEFAULT,
        {"csv.quote": ""},
    )
    made.add(
        "A line end within quotes",
        b'a,b\n1,"x\ny"\n2,z\n',
        "a,b",
        [Record(b'1,"x\ny"', ("1", "x\ny")), "2,z"],
    )
    made.add(
        "Blank lines",
        b"a,b\n1,2\n\n3,4\n\n",
        "a,b",
        ["1,2", "3,4"],
    )


def _bytes(made: _Made) -> None:
    made.add("A byte order mark", b"\xef\xbb\xbfa,b\n1,2\n", "a,b", ["1,2"])
    made.add(
        "UTF-16",
        "a,b\n1,x\n2,y\n".encode("utf-16"),
        "a,b",
        ["1,x", "2,y"],
        DEFAULT,
        {"csv.encoding": "utf-16"},
        shown="a,b\\n1,x\\n2,y\\n",
        note="in UTF-16, with its mark",
    )
    made.add(
        "Latin-1",
        "a,b\n1,x\n2,é\n".encode("latin-1"),
        "a,b",
        ["1,x", Record(b"2,\xe9", ("2", "é"))],
        DEFAULT,
        {"csv.encoding": "latin-1"},
        shown="a,b\\n1,x\\n2,é\\n",
        note="in Latin-1",
    )
    made.add("A NUL in a field", b"a,b\n1,x\0y\n2,z\n", "a,b", ["1,x\0y", "2,z"])
    made.add("Lines that end in CR", b"a,b\r1,2\r3,4\r", "a,b", ["1,2", "3,4"])


def _headers_and_values(made: _Made) -> None:
    made.add(
        "A name twice in the header",
        b"a,a\n1,2\n3,4\n",
        "a,a",
        ["1,2", "3,4"],
        DEFAULT,
        {"drift.duplicate_column": "rename"},
        renames=True,
    )
    numbers = [f"{n},{n}" for n in range(TALL)]
    made.add(
        "Another type after 3,000 rows",
        ("a,b\n" + "\n".join(numbers) + "\n3000,x\n").encode(),
        "a,b",
        [*numbers, "3000,x"],
        DEFAULT,
        {"schema.a": "int64", "schema.b": "int64"},
        shown="a,b\\n0,0\\n … 2999,2999\\n3000,x\\n",
    )
    made.add(
        "An integer of more than 64 bits",
        b"a,b\n1,2\n3,100000000000000000001\n",
        "a,b",
        ["1,2", "3,100000000000000000001"],
        DEFAULT,
        {"schema.a": "int64", "schema.b": "int64"},
    )
    made.add(
        "NA and null as text",
        b"name,country\nNull,NA\nnull,SE\n",
        "name,country",
        ["Null,NA", "null,SE"],
        {"csv.nulls": [""]},
    )
    made.add(
        "Cells that a spreadsheet would run",
        b"a,b\n=1+1,@x\n+2,-3\n",
        "a,b",
        ["=1+1,@x", "+2,-3"],
    )
    names = ",".join(f"c{n}" for n in range(WIDE))
    rows = [",".join(str(n + row) for n in range(WIDE)) for row in range(20)]
    made.add(
        "10,000 columns",
        "\n".join([names, *rows, ""]).encode(),
        names,
        rows,
        note="20 rows",
    )


def _kinds(made: _Made) -> None:
    text, rows = b"a,b\n1,x\n2,y\n", ["1,x", "2,y"]
    made.add(
        "gzip, named .csv",
        gzip.compress(text, mtime=0),
        "a,b",
        rows,
        shown=_shown(text),
        note="packed",
    )
    made.add(
        "zip, named .csv",
        _zipped(text),
        "a,b",
        rows,
        shown=_shown(text),
        note="packed",
    )
    made.add(
        "A bomb: 80 kB that unpack to 80 MB",
        lambda: gzip.compress(b"a,b\n" + (b"x" * LONG + b",1\n") * 80, 6, mtime=0),
        "a,b",
        [("x" * LONG, "1")] * 80,
        note="80 long rows in a `.csv.gz`",
        file="file.csv.gz",
    )
    typed = {"schema.a": "int64", "schema.b": "string"}
    made.add("Parquet, named .csv", _parquet(), "", [], DEFAULT, note="no CSV")
    made.add("PDF, named .csv", _pdf(), "", [], DEFAULT, typed, note="no CSV")
