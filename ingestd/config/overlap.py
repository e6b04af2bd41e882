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


class Folder(NamedTuple):
    """
    A folder by its *role*: source, sink, staging, move_to, rejects, aside (the staging
    of the rejects) or state.

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
    Yield the folders and prefixes that *pipeline* uses, each staging after its own.

    The rejects' too where no row is set aside: they may be there from before.
    """
    rejects = pipeline.rejects
    roles = {
        "source": ("source.url", pipeline.source.url),
        "move_to": ("source.move_to", pipeline.source.move_to),
        "sink": ("sink.url", pipeline.sink.url),
        "staging": ("sink.staging_url", pipeline.sink.staging_url),
        "rejects": ("rejects.url", rejects.url),
        "aside": ("rejects.url", rejects.staging_url),
    }
    for role, (key, path) in roles.items():
        if path is not None:
            yield Folder(role, path, key, owner, index)


def overlaps(folders: list[Folder]) -> Iterator[tuple[Folder, str]]:
    """
    Yield each folder that must move, and what is expected of it.
    """
    at_fault: list[Folder] = []
    for first, second in combinations(folders, 2):
        for one, other in ((second, first), (first, second)):
            text = _clash(one, other)
            if text:
                if not any(_goes_by(one, fault) for fault in at_fault):
                    yield one, f"expected {text} ({other.label} = {other.path!r})"
                at_fault.append(one)
                break


def _goes_by(one: Folder, other: Folder) -> bool:
    """
    Tell whether one line about *other* says it of *one* too.
    """
    match one.role, other.role:
        case ("staging", "sink") | (("rejects" | "aside"), ("rejects" | "aside")):
            return one.pipeline == other.pipeline
        case (("rejects" | "aside"), "state"):
            return _inside(one.path, other.path)
        case _:
            return False


def _clash(one: Folder, other: Folder) -> str:
    """
    Say why *one* may not lie where it lies beside *other*, "" where it may.
    """
    match one.role, other.role:
        case (("rejects" | "aside"), _):
            return _in_the_way(one, other)
        case (("sink" | "staging" | "move_to" | "state"), "source"):
            if _inside(one.path, other.path):
                return "a folder outside the watched source"
        case ("sink", "sink") | ("staging", "staging"):
            if _inside(one.path, other.path) or _inside(other.path, one.path):
                return f"a {one.role} of its own, not equal to or nested with another"
        case (("source" | "staging" | "move_to" | "state"), "sink") | (
            ("source" | "sink" | "move_to"),
            "staging",
        ):
            if _inside(one.path, other.path):
                return f"a folder outside the {other.role}"
        case _:
            pass
    return ""


def _in_the_way(rejects: Folder, other: Folder) -> str:
    """
    Say the same of a folder of rejects, or of its staging.
    """
    holds = _inside(other.path, rejects.path)
    match other.role:
        case "rejects" | "aside" if rejects.owner == other.owner:
            return ""  # its own; or two pipelines of one name, as is told of the name
        case "move_to" | "state":
            return f"a folder outside of which the {other.role} lies" if holds else ""
        case role:
            name = "staging of other rejects" if role == "aside" else role
            own = f"a folder of its own, not equal to or nested with the {name}"
            return own if holds or _inside(rejects.path, other.path) else ""


def _inside(inner: str, outer: str) -> bool:
    return PurePosixPath(inner).is_relative_to(outer)
