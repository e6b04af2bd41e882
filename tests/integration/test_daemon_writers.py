"""
Writers of every kind, at once, into a running daemon's folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live import Daemon, content, expected_rows, output_rows, verb

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]


def _slowly(path: Path, data: bytes, go_on: threading.Event) -> None:
    """Write *data* in pieces, the last only after *go_on*, with the file open."""
    with path.open("wb", buffering=0) as file:
        third = len(data) // 3 + 1
        file.write(data[:third])
        file.write(data[third : 2 * third])
        assert go_on.wait(120)
        file.write(data[2 * third :])


def test_copied_renamed_linked_and_slowly_written_files(
    make_daemon: Callable[..., Daemon],
) -> None:
    """Each file's rows arrive once and whole; touching it again adds none."""
    daemon = make_daemon().start()
    folder = daemon.folder
    inbox, outside = folder / "inbox", folder / "outside"
    outside.mkdir()
    for number in range(40):
        (outside / f"{number}.csv").write_bytes(content(number, 300))
    daemon.wait_for("daemon_ready")
    go_on = threading.Event()
    slow = threading.Thread(
        target=_slowly, args=(inbox / "slow.csv", content(99, 300), go_on)
    )
    slow.start()
    for number in range(40):
        source, target = outside / f"{number}.csv", inbox / f"{number}.csv"
        if number % 4 == 0:
            shutil.copy(source, target)
        elif number % 4 == 1:
            shutil.copy(source, inbox / f".{number}.tmp")
            (inbox / f".{number}.tmp").rename(target)
        elif number % 4 == 2:
            source.rename(target)
        else:
            target.hardlink_to(source)
    daemon.wait_for_rows(40 * 300)
    # The slow writer still has its file open, for as long as all others took.
    assert 99 not in {file for file, _ in output_rows(folder)}
    go_on.set()
    slow.join()
    daemon.wait_for_rows(41 * 300)
    _touch_again(inbox, outside)
    with (inbox / "4.csv").open("ab") as file:
        file.write(b"4,300,appended after the commit\n")
    daemon.wait_for("file_grew_after_commit")
    (inbox / "last.csv").write_bytes(content(100, 5))
    daemon.wait_for_rows(41 * 300 + 5)
    assert daemon.stop() == 143
    rows = dict.fromkeys([*range(40), 99], 300) | {100: 5}
    assert expected_rows(rows) == output_rows(folder)
    _all_readers_agree(folder, len(expected_rows(rows)))
    assert verb(folder, "verify").returncode == 0


def _touch_again(inbox: Path, outside: Path) -> None:
    os.utime(inbox / "0.csv")
    subprocess.run(["cp", "-p", inbox / "8.csv", outside / "8"], check=True)
    subprocess.run(["cp", "-p", outside / "8", inbox / "8.csv"], check=True)
    # As rsync does it: a new file under a hidden name, renamed over the old one.
    shutil.copy2(inbox / "12.csv", inbox / ".12.csv.a1b2c3")
    (inbox / ".12.csv.a1b2c3").rename(inbox / "12.csv")


def _all_readers_agree(folder: Path, rows: int) -> None:
    import pandas as pd
    import polars as pl
    import pyarrow.dataset as ds

    outbox = folder / "outbox"
    assert rows == pl.read_parquet(outbox).height
    assert rows == ds.dataset(outbox).count_rows()
    assert rows == len(pd.read_parquet(outbox))
