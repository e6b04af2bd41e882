"""
Why a path is, or is not, one of a source's files.
"""

from __future__ import annotations

import os
import stat
from fnmatch import fnmatchcase

from ingestd.cli.places import Place
from ingestd.discover.rules import UNFINISHED, Rules
from ingestd.storage import is_remote

_KINDS = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def by_name(place: Place) -> str:
    """
    Return why the source's rules do not take the name, or "".
    """
    rules = Rules.of(place.pipeline.source)
    if rules.takes(place.path):
        return ""
    if rules.marked(place.path) is not None:
        return "it is a marker (source.done_suffix), not a file to read"
    folder, _, name = os.fsdecode(place.path).rpartition("/")
    return _by_folder(folder, rules) or _by_base_name(place, name)


def _by_folder(folder: str, rules: Rules) -> str:
    if not folder or all(rules.enters(part) for part in folder.split("/")):
        return ""
    if not rules.recursive:
        return "it lies in a folder below the source, and source.recursive is false"
    return "a folder on its way is hidden: its name begins with . or ~"


def _by_base_name(place: Place, name: str) -> str:
    source = place.pipeline.source
    # The same rules without what leaves names out tell which half said no.
    if Rules(tuple(source.include), (), source.recursive).takes(place.path):
        return f"its name is left out by source.exclude = {list(source.exclude)}"
    if any(fnmatchcase(name, glob) for glob in UNFINISHED):
        return "its name is one that writers use for unfinished files"
    return f"its name is not taken by source.include = {list(source.include)}"


def on_disk(place: Place) -> str:
    """
    Return one sentence on what is at the path when that is no regular file, or "".

    A store is not asked.
    """
    if is_remote(place.pipeline.source.url):
        return ""
    try:
        mode = os.lstat(place.absolute).st_mode
    except FileNotFoundError:
        return "nothing is there"
    except OSError as err:
        return f"it cannot be looked at: {err.strerror}"
    for test, name in _KINDS:
        if test(mode):
            return f"it is {name}, and only regular files are read"
    return ""
