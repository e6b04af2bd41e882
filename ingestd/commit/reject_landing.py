"""
Where the rows that are set aside go, by where their folder is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ingestd.commit.bucket_landing import BucketLanding
from ingestd.commit.landing import Landing
from ingestd.config import Pipeline
from ingestd.storage import Place, is_remote, open_store

_REMEDY: Final = "Set rejects.url to a folder inside a file system, not to its top"
_FOLDER: Final = "rejects"
"""Of an attempt's local folder; the dataset's parts have no such name."""


def reject_landing(pipeline: Pipeline) -> Landing | BucketLanding:
    """
    Return where *pipeline*'s rejects are published; a package may be missing.
    """
    rejects = pipeline.rejects
    if not is_remote(rejects.url):
        staging = Path(rejects.staging_url, "staging")
        return Landing("rejects", Path(rejects.url), staging, _REMEDY)
    root = Place.of(rejects.url)
    store = open_store(root, pipeline.storage_of_rejects, "sink")
    return BucketLanding(store, root, Place.of(f"{rejects.staging_url}/staging"))


def written_in(landing: Landing | BucketLanding, name: str, folder: Path) -> Path:
    """
    Return the local folder in which an attempt writes its rejects: the one of that
    *name* in staging, or one in the attempt's own *folder* if staging is far away.
    """
    far = isinstance(landing, BucketLanding)
    return folder / _FOLDER if far else Path(landing.staged(name))
