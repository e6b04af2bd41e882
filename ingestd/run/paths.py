"""
Columns from the paths of files.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

from ingestd.config import Source
from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.parts import NULL_FOLDER
from ingestd.run.rejects import shown


def path_texts(source: Source, path: bytes) -> tuple[str | None, ...]:
    """
    Return the text of each of ``source.path_names`` in *path*, which is relative to the
    source's folder; None for a group that takes no part, and for hive's null.

    Raises Fault where the path does not match: nothing is guessed.
    """
    try:
        text = path.decode()
    except UnicodeDecodeError as error:
        raise _mismatch(f"the path {shown(path)} is no UTF-8") from error
    return (*_groups(source.path_columns, text), *_folders(source.hive_columns, text))


def _groups(pattern: str | None, path: str) -> tuple[str | None, ...]:
    if pattern is None:
        return ()
    match = _compiled(pattern).fullmatch(path)
    if match is None:
        raise _mismatch(f"the path {path!r} does not match source.path_columns")
    return tuple(match.groupdict().values())


def _folders(names: tuple[str, ...], path: str) -> list[str | None]:
    given = dict(part.split("=", 1) for part in path.split("/")[:-1] if "=" in part)
    texts = {unquote(name): unquote(value) for name, value in given.items()}
    missing = next((name for name in names if name not in texts), None)
    if missing is not None:
        raise _mismatch(f"the path {path!r} has no folder {missing}=…")
    return [None if texts[name] == NULL_FOLDER else texts[name] for name in names]


def _mismatch(detail: str) -> Fault:
    return Fault(Reason.PATH_MISMATCH, detail)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
