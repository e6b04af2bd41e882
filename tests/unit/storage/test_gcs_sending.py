"""
An upload to Google's store in steps, over a way that fails.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ingestd.storage.gcs_sending import send
from ingestd.storage.patience import Cut

DATA = bytes(range(100))


class Session:
    """
    One upload as Google keeps it. *fails* names the requests, by number, of which the
    answer is lost: after all of the data came, or with *half*, after half of it.
    """

    def __init__(self, fails: set[int], *, half: bool = False) -> None:
        self.fails = fails
        self.half = half
        self.has = b""
        self.asked_for: list[str] = []

    def objects(self, key: str | None = None, *, above: str = "") -> str:
        return above

    @asynccontextmanager
    async def asked(
        self,
        method: str,
        path: str,
        params: Any = None,
        headers: Any = None,
        data: bytes = b"",
    ) -> AsyncIterator[Any]:
        if method == "POST":
            yield SimpleNamespace(headers={"Location": "https://session"})
            return
        told = headers["Content-Range"]
        self.asked_for.append(told)
        number = len(self.asked_for)
        if found := re.fullmatch(r"bytes (\d+)-(\d+)/100", told):
            assert int(found[1]) == len(self.has)
            assert int(found[2]) == int(found[1]) + len(data) - 1
            cut = self.half and number in self.fails
            self.has += data[: len(data) // 2] if cut else data
        if number in self.fails:
            raise Cut("the answer was lost")
        yield SimpleNamespace(
            status=308 if len(self.has) < len(DATA) else 200,
            headers={"Range": f"bytes=0-{len(self.has) - 1}"} if self.has else {},
            read=_nothing,
        )


async def _nothing() -> bytes:
    return b""


def ask(what: str, once: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Try again, as patience does."""
    while True:
        try:
            return asyncio.run(once())
        except Cut:
            continue


@pytest.mark.parametrize(
    ("fails", "half", "expected"),
    [
        (set(), False, ["0-39", "40-79", "80-99"]),
        ({1}, False, ["0-39", "*", "40-79", "80-99"]),
        ({1}, True, ["0-39", "*", "20-59", "60-99"]),
        ({1, 2}, True, ["0-39", "*", "*", "20-59", "60-99"]),
        ({3}, False, ["0-39", "40-79", "80-99", "*"]),
    ],
)
def test_an_upload_goes_on_where_it_ended(
    tmp_path: Path, fails: set[int], half: bool, expected: list[str]
) -> None:
    """The store is asked what it has, and gets each byte once."""
    (tmp_path / "file").write_bytes(DATA)
    session: Any = Session(fails, half=half)
    send(session, ask, ("k", str(tmp_path / "file"), "sha"), 40)
    assert session.has == DATA
    steps = [f"bytes {each}/100" for each in expected]
    assert session.asked_for == steps
