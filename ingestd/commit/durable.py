"""
The few file operations that must survive a power cut.

After write, fsync, rename and fsync of the folder a file is there, whole; without the
last step ext4 and XFS lose the final name, without the first they leave it empty.
"""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """
    Make the entries of *folder* durable.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_up(folder: Path, top: Path) -> None:
    """
    Make the entries of *folder* durable, and of each folder above it up to *top*.

    For folders that were made before a crash, and perhaps not synced any more.
    """
    sync_folder(folder)
    while folder != top and top in folder.parents:
        folder = folder.parent
        sync_folder(folder)


def make_folder(folder: Path) -> None:
    """
    Make *folder* and its missing parents, durably; harmless when it exists.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        # The entry lives in the parent, so that is what has to reach the disk.
        sync_folder(new.parent)


def write_file(path: Path, data: bytes, scratch: Path) -> None:
    """
    Put *data* at *path*, replacing it; a reader sees the old or the new, whole.

    *scratch* is a file name on the same file system that may be overwritten.
    """
    with scratch.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync_folder(path.parent)
