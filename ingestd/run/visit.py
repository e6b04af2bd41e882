"""
What a worker of another machine is asked before it is relied upon: whether it can read
the source and write the staging.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from ingestd.errors import IngestdError
from ingestd.storage import Item, Missing, Place, Replaced, is_remote, open_store
from ingestd.storage.store import Forbidden

_TEXT: Final = b"ingestd check\n"


@dataclass(frozen=True, slots=True)
class Errand:
    """
    Where the source and the staging are; *sample* is the first file of the source that
    the asker found, relative, with its size and etag, None where it found none.
    """

    source: str
    staging: str
    source_options: dict[str, Any] = field(default_factory=dict, repr=False)
    staging_options: dict[str, Any] = field(default_factory=dict, repr=False)
    sample: tuple[bytes, int, str] | None = None


def visit(errand: Errand) -> list[str]:
    """
    Read the sample, write into the staging and remove it again; return what failed, in
    plain words. Called on a worker.
    """
    found = [_tried(f"read {errand.source}", lambda: _read(errand))]
    found.append(_tried(f"write {errand.staging}", lambda: _write(errand)))
    return [text for text in found if text]


def _tried(what: str, do: Callable[[], None]) -> str:
    try:
        do()
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        return f"cannot {what}: {error.strerror or error}{place}"
    except (IngestdError, Missing, Replaced, Forbidden) as error:
        return f"cannot {what}: {error}"
    return ""


def _read(errand: Errand) -> None:
    if is_remote(errand.source):
        place = Place.of(errand.source)
        store = open_store(place, errand.source_options, "source")
        if errand.sample is None:
            next(store.pages(place.below(""), deep=False), None)
        else:
            path, size, etag = errand.sample
            item = Item(place.below(os.fsdecode(path)), size, etag)
            store.read(item, 0, min(1, size))
        return
    with os.scandir(errand.source) as listed:
        next(listed, None)
    if errand.sample is not None:
        path = os.path.join(os.fsencode(errand.source), errand.sample[0])  # noqa: PTH118 - bytes
        with open(path, "rb") as file:  # noqa: PTH123 - bytes
            file.read(1)


def _write(errand: Errand) -> None:
    if not is_remote(errand.staging):
        # What is not made yet is made at the start, by the daemon.
        folder = Path(errand.staging)
        there = next(p for p in (folder, *folder.parents) if p.is_dir())
        with NamedTemporaryFile(dir=there, prefix=".ingestd-check-") as file:
            file.write(_TEXT)
        return
    place = Place.of(errand.staging)
    store = open_store(place, errand.staging_options, "sink")
    key = place.below(f"staging/.check-{uuid.uuid4().hex}")
    with NamedTemporaryFile() as file:
        file.write(_TEXT)
        file.flush()
        store.put(key, file.name, hashlib.sha256(_TEXT).hexdigest())
    store.delete(key)
