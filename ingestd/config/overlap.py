"""
Folders that must not lie in one another.

Output inside a watched folder would be read as input; a dataset inside another, or
staging inside a dataset, would be seen by readers who glob. Judged by the text of the
paths: nothing is touched, so a dead mount cannot hang a configuration's check.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import PurePosixPath
from typing import NamedTuple

from ingestd.config.pipeline import Pipeline
from ingestd.config.values import LOCAL_SCHEME, scheme_of


class Folder(NamedTuple):
    """
    A folder by its *role*: source, sink, staging, move_to or state.

    *key* is the key that names it, *owner* the path of that key's pipeline, *pipeline*
    the number of that pipeline; "" and None for the daemon's own.
    """

    role: str
    path: str
    key: str
    owner: str = ""
    pipeline: int | None = None

    @property
    def label(self) -> str:
        """
        The whole path of the key.
        """
        return f"{self.owner}.{self.key}" if self.owner else self.key


def folders_of(index: int, owner: str, pipeline: Pipeline) -> Iterator[Folder]:
    """
    Yield the local folders that *pipeline* uses, its sink before its staging.
    """
    roles = {
        "source": ("source.url", pipeline.source.url),
        "move_to": ("source.move_to", pipeline.source.move_to),
        "sink": ("sink.url", pipeline.sink.url),
        "staging": ("sink.staging_url", pipeline.sink.staging_url),
    }
    for role, (key, path) in roles.items():
        if path is not None and scheme_of(path) == LOCAL_SCHEME:
            yield Folder(role, path, key, owner, index)


def overlaps(folders: list[Folder]) -> Iterator[tuple[Folder, str]]:
    """
    Yield each folder that must move, and what is expected of it.
    """
    sinks_at_fault = set()
    for first, second in combinations(folders, 2):
        for one, other in ((second, first), (first, second)):
            text = _clash(one, other)
            # Staging goes by its sink: one line says both.
            if text and not (one.role == "staging" and one.pipeline in sinks_at_fault):
                yield one, f"expected {text} ({other.label} = {other.path!r})"
            if text and one.role == "sink":
                sinks_at_fault.add(one.pipeline)
            if text:
                break


def _clash(one: Folder, other: Folder) -> str:
    """
    Say why *one* may not lie where it lies beside *other*, "" where it may.
    """
    match one.role, other.role:
        case (("sink" | "staging" | "move_to" | "state"), "source"):
            if _inside(one.path, other.path):
                return "a folder outside the watched source"
        case "source", ("sink" | "staging"):
            if _inside(one.path, other.path):
                return f"a folder outside the {other.role}"
        case ("sink", "sink") | ("staging", "staging"):
            if _inside(one.path, other.path) or _inside(other.path, one.path):
                return f"a {one.role} of its own, not equal to or nested with another"
        case (("staging" | "move_to" | "state"), "sink"):
            if _inside(one.path, other.path):
                return "a folder outside the sink"
        case (("sink" | "move_to"), "staging"):
            if _inside(one.path, other.path):
                return "a folder outside the staging"
        case _:
            pass
    return ""


def _inside(inner: str, outer: str) -> bool:
    return PurePosixPath(inner).is_relative_to(outer)
