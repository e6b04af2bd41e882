"""
The store behind a URL; one for each bucket and set of options in a process.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from ingestd.errors import ConfigError
from ingestd.storage.place import Place
from ingestd.storage.store import Store


class Built(NamedTuple):
    """
    What serves a scheme: the *package* that the *extra* brings, the *module* and the
    class of the store. *whole* tells whether what a listing shows is finished.
    """

    extra: str
    package: str
    module: str
    store: str
    whole: bool = True


STORES: Final = {
    "s3": Built("s3", "s3fs", "s3", "S3Store"),
    "gs": Built("gcs", "gcsfs", "gcs", "GcsStore"),
    "az": Built("azure", "adlfs", "azure", "AzureStore"),
    "sftp": Built("sftp", "paramiko", "sftp", "SftpStore", whole=False),
}

_opened: dict[tuple[str, ...], Store] = {}
_lock = threading.Lock()


def missing_extra(scheme: str) -> str:
    """
    Return what to install for *scheme*, "" when it is there.
    """
    built = STORES.get(scheme)
    if built is None or find_spec(built.package) is not None:
        return ""
    install = f"pip install 'ingestd[{built.extra}]'"
    return f"{scheme}:// needs {built.package}: {install}"


def appears_whole(place: Place) -> bool:
    """
    Tell whether an object of this store is there whole or not at all.
    """
    return STORES[place.scheme].whole


def open_store(place: Place, options: Mapping[str, Any], component: str) -> Store:
    """
    Return the store that holds *place*; asks it nothing yet.

    *component* is source or sink: whose absence is told when it does not answer. Raises
    ConfigError when a package is missing.
    """
    if lacking := missing_extra(place.scheme):
        raise ConfigError([lacking])
    key = (place.scheme, place.bucket, component, repr(sorted(options.items())))
    with _lock:
        if key not in _opened:
            built = STORES[place.scheme]
            # By name: the module is the door of a heavy library.
            module = import_module(f"ingestd.storage.{built.module}")
            made = getattr(module, built.store)
            _opened[key] = made(place.bucket, dict(options), component)
        return _opened[key]


def forget() -> None:
    """
    Forget every store, so that the next opening reads the environment anew.
    """
    with _lock:
        _opened.clear()
