"""
Writing, renaming and clearing up over SFTP. Each step may be done again after any
failure; keys are paths from the server's root.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from paramiko.sftp import CMD_EXTENDED

from ingestd.storage.patience import Cut
from ingestd.storage.sftp_errors import is_unsupported

_HALF_SENT: Final = ".ingestd-part"
_STAGING: Final = "staging"
_CHUNK: Final = 1 << 20

Channel = Any
"""The library has no types."""


def is_half_sent(key: str) -> bool:
    """
    Tell whether *key* is a file that was not sent to its end.
    """
    return key.endswith(_HALF_SENT) and key.rpartition("/")[2].startswith(".")


def sent(sftp: Channel, key: str, path: str, mark: str) -> None:
    """
    Send the file *path*, flushed to the server's disk where the server can, and give it
    its name when it is whole. *mark* tells it from another that is sent to that name.
    """
    folder, slash, name = key.rpartition("/")
    half = f"/{folder}{slash}.{name}.{mark}{_HALF_SENT}"
    made_above(sftp, key)
    try:
        _written(sftp, path, half)
        _renamed(sftp, half, f"/{key}")
    except FileNotFoundError as error:
        # Somebody took the folder for empty; or it cannot be made, time and again.
        raise Cut(f"the folder /{folder} is not there") from error


def _written(sftp: Channel, path: str, half: str) -> None:
    with Path(path).open("rb") as source, sftp.open(half, "wb") as file:
        file.set_pipelined(pipelined=True)
        while chunk := source.read(_CHUNK):
            file.write(chunk)
        file.flush()
        size = source.tell()
        _synced(sftp, file)
    if sftp.stat(half).st_size != size:
        raise Cut(f"{half} has not the {size} bytes that were sent")


def moved(sftp: Channel, source: str, target: str) -> None:
    """
    Rename *source*, over *target* where there is one.
    """
    made_above(sftp, target)
    _renamed(sftp, f"/{source}", f"/{target}")


def made_above(sftp: Channel, key: str) -> None:
    """
    Make the folders above *key*.
    """
    folders = [f"/{folder}" for folder in _above(key)]
    missing = []
    for folder in folders:
        try:
            sftp.stat(folder)
            break
        except FileNotFoundError:
            missing.append(folder)
    for folder in reversed(missing):
        # Another may make it at the same time; whoever writes into it finds out.
        with suppress(OSError):
            sftp.mkdir(folder)


def without_empty(sftp: Channel, key: str) -> None:
    """
    Remove the folders above *key* that are empty, up to the one of all attempts: what
    is outside of staging may be there for somebody else.
    """
    folders = _above(key)
    for folder in folders:
        if _STAGING not in folder.split("/")[:-1]:
            return
        try:
            sftp.rmdir(f"/{folder}")
        except OSError:
            # Not empty, or gone already.
            return


def _above(key: str) -> list[str]:
    steps = key.split("/")[:-1]
    return ["/".join(steps[:count]) for count in range(len(steps), 0, -1)]


def _renamed(sftp: Channel, source: str, target: str) -> None:
    try:
        sftp.posix_rename(source, target)
    except OSError as error:
        if not is_unsupported(error):
            raise
        # The plain rename takes no name that is taken. Whoever reads just now may miss
        # a file that is being put again, with the same bytes.
        with suppress(FileNotFoundError):
            sftp.remove(target)
        sftp.rename(source, target)


def _synced(sftp: Channel, file: Channel) -> None:
    try:
        sftp._request(CMD_EXTENDED, "fsync@openssh.com", file.handle)  # noqa: SLF001 - it has no name for it
    except OSError as error:
        if not is_unsupported(error):
            raise
