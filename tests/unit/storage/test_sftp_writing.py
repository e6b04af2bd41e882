"""
Writing over SFTP to servers that can little, and to folders that others clear up.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, Self

import pytest

from ingestd.storage.patience import Cut
from ingestd.storage.sftp_writing import is_half_sent, moved, sent, without_empty


class Server:
    """
    A folder behind a channel; *plain* ones have none of OpenSSH's extensions.
    """

    def __init__(self, root: Path, *, plain: bool = False) -> None:
        self.root = root
        self.plain = plain
        self.flushed: list[str] = []

    def _at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def stat(self, path: str) -> Any:
        return self._at(path).stat()

    def mkdir(self, path: str) -> None:
        self._at(path).mkdir()

    def rmdir(self, path: str) -> None:
        self._at(path).rmdir()

    def remove(self, path: str) -> None:
        self._at(path).unlink()

    def open(self, path: str, mode: str) -> Any:
        file = _File(self._at(path), mode)
        file.path = path
        return file

    def posix_rename(self, source: str, target: str) -> None:
        if self.plain:
            raise OSError("Operation unsupported")
        self._at(source).replace(self._at(target))

    def rename(self, source: str, target: str) -> None:
        if self._at(target).exists():
            raise OSError("Failure")
        self._at(source).rename(self._at(target))

    def _request(self, kind: Any, name: str, handle: bytes) -> None:
        if self.plain:
            raise OSError("Operation unsupported")
        self.flushed.append(name)


class _File:
    handle = b"1"

    def __init__(self, path: Path, mode: str) -> None:
        self.file = path.open(mode)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def set_pipelined(self, pipelined: bool) -> None:
        pass

    def write(self, data: bytes) -> None:
        self.file.write(data)

    def flush(self) -> None:
        self.file.flush()


@pytest.mark.parametrize("plain", [False, True])
def test_a_file_is_put_over_another(tmp_path: Path, plain: bool) -> None:
    """Flushed where the server can; renamed over it, or in its place."""
    (tmp_path / "local").write_bytes(b"new")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").write_bytes(b"old")
    server = Server(tmp_path, plain=plain)
    sent(server, "out/a", str(tmp_path / "local"), "0")
    assert (tmp_path / "out/a").read_bytes() == b"new"
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a"]
    assert server.flushed == ([] if plain else ["fsync@openssh.com"])


def test_an_error_that_is_no_lack_is_raised(tmp_path: Path) -> None:
    """A full disk is not taken for a server without that operation."""
    server = Server(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left")

    server.posix_rename = full  # type: ignore[method-assign]
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(OSError, match="No space"):
        moved(server, "a", "b")
    assert (tmp_path / "a").exists()


def test_a_folder_that_was_cleared_up_meanwhile_is_made_again(tmp_path: Path) -> None:
    """It is no missing object: the whole is tried again."""
    (tmp_path / "local").write_bytes(b"new")
    server = Server(tmp_path)
    server.mkdir = lambda path: None  # type: ignore[method-assign]
    with pytest.raises(Cut, match="/out is not there"):
        sent(server, "out/a", str(tmp_path / "local"), "0")


def test_only_folders_of_attempts_are_cleared_up(tmp_path: Path) -> None:
    """Up to the one of all attempts; a source's own folders are somebody else's."""
    for folder in ("out.ingestd/staging/1/day=1", "in/deep"):
        (tmp_path / folder).mkdir(parents=True)
    server = Server(tmp_path)
    without_empty(server, "out.ingestd/staging/1/day=1/a")
    without_empty(server, "in/deep/a")
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*"))
    assert left == ["in", "in/deep", "out.ingestd", "out.ingestd/staging"]


def test_a_name_of_a_user_is_not_taken_for_half_sent() -> None:
    """Only one that is hidden and ends so is ours."""
    assert is_half_sent("out/.a.parquet.0123abcd.ingestd-part")
    assert not is_half_sent("out/a.ingestd-part")
    assert not is_half_sent("out/.a.parquet")
