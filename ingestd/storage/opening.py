"""
The store behind a URL; one for each bucket and set of options in a process.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from ingestd.errors import ConfigError
from ingestd.storage.place import Place
from ingestd.storage.store import Store

EXTRAS: Final = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "sftp": "paramiko"}
"""The package that an extra of each scheme's name brings."""

_NAMES: Final = {"s3": "s3", "gs": "gcs", "az": "azure", "sftp": "sftp"}

_opened: dict[tuple[str, ...], Store] = {}
_lock = threading.Lock()


def missing_extra(scheme: str) -> str:
    """
    Return what to install for *scheme*, "" when it is there.
    """
    package = EXTRAS.get(scheme)
    if package is None or find_spec(package) is not None:
        return ""
    return f"{scheme}:// needs {package}: pip install 'ingestd[{_NAMES[scheme]}]'"


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
            if place.scheme != "s3":
                raise ConfigError([f"{place.scheme}:// is not built yet; expected s3"])
            # By name: the module is the door of a heavy library.
            made = import_module("ingestd.storage.s3").S3Store
            _opened[key] = made(place.bucket, dict(options), component)
        return _opened[key]


def forget() -> None:
    """
    Forget every store, so that the next opening reads the environment anew.
    """
    with _lock:
        _opened.clear()
