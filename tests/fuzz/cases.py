"""
Random files for the whole engine, each case from one number.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from ingestd.config import Csv
from ingestd.run.text.dialect import Dialect, dialect_of
from tests.fuzz.texts import COMMENTS, DELIMITERS, ESCAPES, QUOTES, allowed
from tests.fuzz.writer import CR, LF, Writer, writable

WORDS = [
    "",
    "a",
    "NA",
    "0",
    "-1",
    " ",
    "  b",
    "x ",
    "ž",
    "→",
    "𝄞",
    "\\N",
    "#",
    "//",
    ".",
]
INTEGERS = ["0", "7", "-12", "+3", "007", "9223372036854775807", "x", "1.5", ""]
NULLS = [("",), ("", "NA"), (), ("NA",), ("", "\\N")]
WAYS = ["memory", "memory", "file", "slices", "groups"]
CUT_GZIP = b"\x1f"
"""Taken for a packed file that was cut within its mark, not for a delimiter."""
ENCODINGS = ["utf-8"] * 6 + ["utf-16", "utf-16-be", "latin-1", "cp1252"]


@dataclass(frozen=True, slots=True)
class File:
    """
    A file as text in UTF-8: its records are *body*, between a head and a footer.
    *table* is what was written; *touched*: bytes were changed then.
    """

    head: bytes
    body: bytes
    footer: bytes
    table: list[list[bytes]]
    touched: bool = False

    @property
    def text(self) -> bytes:
        return self.head + self.body + self.footer


@dataclass(frozen=True, slots=True)
class Case:
    """
    Files of one dialect and how they are read: *way* is one of WAYS.

    The first column is of *key*, the others of text.
    """

    seed: int
    options: dict[str, object]
    dialect: Dialect
    columns: int
    key: str
    bad_row: str
    way: str
    packed: bool
    files: list[File] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [f"c{i}" for i in range(self.columns)]

    @property
    def nulls(self) -> tuple[str, ...]:
        return tuple(self.options["nulls"])  # type: ignore[arg-type]


def case_of(seed: int) -> Case:
    """
    Return the case of number *seed*, always the same.
    """
    random = Random(seed)
    way = random.choice(WAYS)
    options = _options(random, way)
    ends = random.choice([(LF,), (LF,), (CR + LF,), (LF, CR + LF), (CR,)])
    if not options["header"]:
        # What lines end in is told by the first one; a body may have none.
        ends = (LF,) if ends == (CR,) else ends
    dialect = dialect_of(Csv(**options), returns=ends == (CR,))
    case = Case(
        seed,
        options,
        dialect,
        random.choice([1, 2, 2, 3, 3, 4, 5]) if random.random() < 0.97 else 300,
        "int64" if random.random() < 0.3 else "string",
        "reject" if random.random() < 0.75 or not options["nulls"] else "null",
        way,
        packed=random.random() < 0.1,
    )
    for _ in range(1 if way == "slices" else random.randint(1, 8)):
        file = _file(case, random, ends)
        if _tells_its_line_ends(case, file) and file.text != CUT_GZIP:
            case.files.append(file)
    return _fitting(case)


def _tells_its_line_ends(case: Case, file: File) -> bool:
    """
    Tell whether the first lines show what ends a line, as a person would see it.
    """
    if case.dialect.returns:
        return not file.touched or LF not in file.body
    if case.options["header"] or CR not in file.text:
        return True
    return not file.touched and file.body.endswith(LF)


def _fitting(case: Case) -> Case:
    """
    Return *case* so that it has no text that its encoding has not, and so that columns
    that nobody looks at hold no bytes that are no text.
    """
    try:
        said = [file.text.decode() for file in case.files]
    except UnicodeDecodeError:
        way = "memory" if case.way == "groups" else case.way
        return replace(case, way=way, options=case.options | {"encoding": "utf-8"})
    try:
        "".join(said).encode(str(case.options["encoding"]))
    except UnicodeEncodeError:
        return replace(case, options=case.options | {"encoding": "utf-8"})
    return case


def _options(random: Random, way: str) -> dict[str, object]:
    simple = random.random() < 0.5
    while True:
        options: dict[str, object] = {
            "delimiter": random.choice(",;\t|" if simple else DELIMITERS),
            "quote": random.choice(['"', '"', "'"] if simple else QUOTES),
            "escape": random.choice(ESCAPES[:2] if simple else ESCAPES),
            "comment": "" if simple else random.choice(COMMENTS),
            "skip_blanks": random.random() < 0.2,
            "nulls": random.choice(NULLS),
            "header": random.random() < 0.7,
            "skip_rows": random.choice([0, 0, 0, 1, 2]),
            "skip_footer": 0 if way == "slices" else random.choice([0, 0, 0, 1, 2]),
            "encoding": random.choice(ENCODINGS),
            "final_newline": random.choice(["accept", "accept", "require"]),
        }
        if allowed(options):
            return options


def _file(case: Case, random: Random, ends: tuple[bytes, ...]) -> File:
    writer = Writer(case.dialect, random, ends)
    table = _writable_table(case, random)
    head = b"".join(
        random.choice([b'it"s', b"", b"a,b"]) + random.choice(ends)
        for _ in range(int(case.options["skip_rows"]))  # type: ignore[call-overload]
    )
    if case.options["header"]:
        head += writer.record([name.encode() for name in case.names]) + ends[0]
    body = writer.text(table, noise=random.random() < 0.6)
    footer = b""
    if skip := case.options["skip_footer"]:
        body = body if body.endswith(ends) or not body else body + ends[0]
        footer = ends[0].join([b"total, 3"] * skip) + random.choice([b"", ends[0]])  # type: ignore[operator]
    if random.random() < 0.5 or not body:
        return File(head, body, footer, table)
    changed = _mutated(body, case.dialect, random)
    if skip:  # the footer's lines are not to be changed into records
        changed = changed if changed.endswith(ends) else changed + ends[0]
    return File(head, changed, footer, table, touched=True)


def _writable_table(case: Case, random: Random) -> list[list[bytes]]:
    for _ in range(20):
        table = _table(case, random)
        if writable(table, case.dialect):
            return table
    return []


def _table(case: Case, random: Random) -> list[list[bytes]]:
    rows = random.randint(0, 6) if case.columns < 100 else 2
    return [[_value(case, i, random) for i in range(case.columns)] for _ in range(rows)]


def _value(case: Case, column: int, random: Random) -> bytes:
    if column == 0 and case.key == "int64":
        sure = random.random() < 0.8
        return random.choice(INTEGERS[:6] if sure else INTEGERS).encode()
    dialect = case.dialect
    marks = [dialect.delimiter, dialect.quote, dialect.escape, b"\n", b"\r", b"\r\n"]
    words = [word.encode() for word in WORDS]
    drawn = random.choices(words * 2 + marks, k=random.choice([0, 1, 1, 2, 4]))
    return b"".join(drawn)


def _mutated(text: bytes, dialect: Dialect, random: Random) -> bytes:
    marks = [dialect.delimiter, dialect.quote, dialect.escape, dialect.comment]
    marks += [b"\n", b"\r", b"\0", b"\xff", b"\xc3", b" ", b'"', b"x", b"\r\n"]
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(text) + 1)
        piece = random.choice(marks) if random.random() < 0.7 else b""
        gone = random.choice([0, 1, 1, 2])
        text = text[:at] + piece + text[at + gone :]
    return text
