"""
Rejects of several pipelines as one CSV file, or as none.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from ingestd.cli.rejected import Choice, Published
from ingestd.cli.repair import write_csv
from ingestd.cli.usage import UsageError
from ingestd.config import Csv, Pipeline
from ingestd.errors import Reason
from ingestd.run.aside import Aside
from tests.unit.run.reject_kit import plan_in, read, reject, result


def published(folder: Path, name: str, csv: Csv, **changes: Any) -> Published:
    """A file of one reject of a pipeline called *name*."""
    folder.mkdir(exist_ok=True)
    aside = Aside(plan_in(folder))
    aside.add(result(read(1, 0, 1), rejects=(reject(1, 1, **changes),)))
    (part,) = aside.close()
    pipeline = Pipeline(name=name, csv=csv)
    return Published(pipeline, "b", part.staged, part.rows, part.size)


@pytest.fixture
def files(tmp_path: Path) -> list[Published]:
    """One of a pipeline in UTF-8, one of a pipeline in UTF-16 without a header."""
    second = Csv(encoding="utf-16", header=False)
    return [
        published(tmp_path / "a", "a", Csv()),
        published(tmp_path / "b", "b", second, reason=Reason.NUL_BYTE, raw=b"\0,b"),
    ]


def test_two_pipelines_make_no_file(files: list[Published]) -> None:
    """Their headers may be equal, and their dialects are not."""
    out = io.BytesIO()

    with pytest.raises(UsageError, match="2 pipelines") as caught:
        write_csv(Choice([one.pipeline for one in files]), files, out)

    assert b"" == out.getvalue()
    assert "n,text (1 row: --pipeline b --file 1.csv)" in str(caught.value)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("bad_value", b"n,text\nx,1\n"),
        ("nul_byte", "\0,b\n".encode("utf-16")),
        ("bad_quote", b""),
    ],
)
def test_the_dialect_is_that_of_the_rows_that_are_left(
    files: list[Published], reason: str, expected: bytes
) -> None:
    """Whatever files were looked into for them."""
    out = io.BytesIO()

    number = write_csv(Choice([], reason=reason), files, out)

    assert (bool(expected), expected) == (number == 1, out.getvalue())
