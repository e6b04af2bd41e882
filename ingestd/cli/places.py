"""
From a PATH of the command line to pipelines and the names that they know it by.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestd.config import Pipeline
from ingestd.storage import is_remote

Known = Callable[[Pipeline, bytes], bool]


@dataclass(frozen=True, slots=True)
class Place:
    """
    A pipeline whose source holds a path, and the path relative to that source.
    """

    pipeline: Pipeline
    path: bytes

    @property
    def absolute(self) -> bytes:
        """
        The path from the file system's root.
        """
        return os.path.join(os.fsencode(self.pipeline.source.url), self.path)  # noqa: PTH118 - bytes


def places(given: str, pipelines: Sequence[Pipeline], known: Known) -> list[Place]:
    """
    Return where *given* lies: below the sources, as an absolute path or from here.

    A relative path that lies in no source from here is taken as a name in each source
    that has such a file, on disk or by *known*.
    """
    path = os.fsencode(given)
    found = [place for p in pipelines for place in _below(p, path)]
    if found or os.path.isabs(path):  # noqa: PTH117 - bytes
        return found
    name = os.path.normpath(path)
    if name == b"." or name.startswith(b"../") or name == b"..":
        return []
    inside = [Place(pipeline, name) for pipeline in pipelines]
    return [p for p in inside if os.path.lexists(p.absolute) or known(p.pipeline, name)]


def _below(pipeline: Pipeline, path: bytes) -> Iterator[Place]:
    if is_remote(pipeline.source.url):
        top = os.fsencode(pipeline.source.url).rstrip(b"/") + b"/"
        if path.startswith(top):
            yield Place(pipeline, path[len(top) :])
        return
    if is_remote(os.fsdecode(path)):
        return
    root = os.path.normpath(os.fsencode(pipeline.source.url))
    whole = os.path.normpath(b"%b/%b" % (_here(), path) if path[:1] != b"/" else path)
    # As it is written first; then through links, as the file system sees the folder.
    # The last name is never followed: a link in a source is not its target.
    folder, name = os.path.split(whole)
    seen = os.path.realpath(folder).rstrip(b"/") + b"/" + name
    for top, below in ((root, whole), (os.path.realpath(root), seen)):
        prefix = top.rstrip(b"/") + b"/"
        if below.startswith(prefix):
            yield Place(pipeline, below[len(prefix) :])
            return


def _here() -> bytes:
    return os.fsencode(Path.cwd())
