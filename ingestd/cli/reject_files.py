"""
One file of rejects, opened wherever it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from ingestd.config import Pipeline
from ingestd.errors import ComponentAway, Unreachable
from ingestd.storage import (
    Forbidden,
    Item,
    Missing,
    Place,
    Replaced,
    is_remote,
    open_store,
)
from ingestd.storage.reading import ranges

_HINT = (
    "Mount or restore the folder of the rejects; ingestd verify says what is missing"
)


@contextmanager
def opened(pipeline: Pipeline, where: str) -> Iterator[pq.ParquetFile]:
    """
    Open the Parquet file at the path or URL *where*, which is *pipeline*'s.

    One in a store is read into an unnamed file first. Raises Unreachable, also for what
    is no Parquet file while it is open.
    """
    try:
        if not is_remote(where):
            with pq.ParquetFile(where) as found:
                yield found
            return
        with TemporaryFile(prefix="ingestd-") as file:
            _fetch(pipeline, where, file)
            with pq.ParquetFile(file) as found:
                yield found
    except ComponentAway as err:
        raise Unreachable(str(err.args[0]), hint=err.hint) from err
    except (FileNotFoundError, Missing) as err:
        raise Unreachable(f"{where} is gone", hint=_HINT) from err
    except (OSError, pa.ArrowException, Replaced, Forbidden) as err:
        raise Unreachable(f"{where} cannot be read: {err}", hint=_HINT) from err


def _fetch(pipeline: Pipeline, where: str, file: IO[bytes]) -> None:
    place = Place.of(where)
    store = open_store(place, pipeline.storage_of_rejects, "sink")
    there = store.head(place.key)
    if there is None:
        raise Missing(where)
    file.writelines(ranges(store, Item(place.key, there.size, there.etag)))
    file.seek(0)
