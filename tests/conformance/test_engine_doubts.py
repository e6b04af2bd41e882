"""
The careful reading looks closely at few rows; it must miss none that does not fit.
"""

from __future__ import annotations

import pytest

from tests.conformance.engine_kit import Bench, engine_fixture, rows_of  # noqa: F401 - fixture
from tests.unit.run.convert_kit import REFUSED, with_care
from tests.unit.run.test_convert_agreement import DIALECTS, TEXTS, TYPES

LINES = [text for text in TEXTS if "\n" not in text]


def quoted(text: str) -> bytes:
    """Return *text* as a quoted field."""
    return b'"%b"' % text.replace('"', '""').encode()


@pytest.mark.parametrize("column_type", [t for t in TYPES if t != "null"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_refused_alone_is_set_aside(engine, tmp_path, column_type, dialect):
    """
    Each text that is no value of its column, and no other, among many that are none.
    """
    options = DIALECTS[dialect]
    refused = [
        text
        for text, value in zip(
            LINES, with_care(LINES, column_type, options), strict=True
        )
        if value is REFUSED
    ]
    drift = {"bad_row": "reject", "max_rejects": 10**6}
    csv = options.model_dump()
    schema = {"k": "int64", "v": column_type}
    bench = Bench(engine, tmp_path, schema, {"csv": csv, "drift": drift})
    lines = [b"%d,%b\n" % (k, quoted(text)) for k, text in enumerate(LINES)]

    found = bench.read(bench.put("f.csv", b"k,v\n" + b"".join(lines)))

    kept = {row[0] for row in rows_of(found.parts)} if found.parts else set()
    texts = [text for k, text in enumerate(LINES) if k not in kept]
    assert refused == texts
    assert len(refused) == len(found.rejects)


def test_bad_values_of_one_column_after_those_of_another(engine, tmp_path):
    """
    The parser names one column; the others' values, and broken rows, are found too.
    """
    schema = {"a": "int64", "b": "float64", "c": "date", "d": "string"}
    bench = Bench(engine, tmp_path, schema, {"drift": {"bad_row": "reject"}})
    good = b"1,1.5,2026-01-02,x\n" * 1000
    bad = [
        (b"x,1.5,2026-01-02,x", "a"),
        (b"1,x,2026-01-02,x", "b"),
        (b"1,1.5,x,x", "c"),
        (b"x,x,x,x", "a"),
        (b"1,1.5", ""),
        (b"x,1.5,2026-01-02,x,y", ""),
    ]
    text = b"a,b,c,d\n" + b"".join(good + line + b"\n" for line, _ in bad) + good

    found = bench.read(bench.put("f.csv", text))

    assert bad == [(reject.raw, reject.column) for reject in found.rejects]
    assert 1000 * (len(bad) + 1) == len(rows_of(found.parts))
