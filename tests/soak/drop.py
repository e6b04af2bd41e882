"""
The main job at size: 500 files of 1 MB by copy, rename and slow writers, while it runs.

    python -m tests.soak.drop [--files 500] [--megabytes 1] [--folder DIR]

Afterwards the output is read by DuckDB, Polars, pyarrow and pandas, and each must have
the input's multiset of rows; then files are touched, copied and appended to, and no row
may come. Exits with 1 on any difference.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow.dataset as ds

from tests.live import ROWS, Daemon, content, verb

ROW_BYTES = 24
COLUMNS = ["file", "row", "text"]


def make(folder: Path, files: int, size: int) -> list[Path]:
    """
    Make the input outside the watched folder.
    """
    paths = []
    for number in range(files):
        path = folder / f"{number}.csv"
        path.write_bytes(content(number, size // ROW_BYTES))
        paths.append(path)
    return paths


def copy(source: Path, target: Path) -> None:
    """
    Copy as ``cp`` does: created, written, closed.
    """
    shutil.copyfile(source, target)


def rename(source: Path, target: Path) -> None:
    """
    Write under a hidden name, then rename.
    """
    scratch = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, scratch)
    scratch.rename(target)


def slowly(source: Path, target: Path) -> None:
    """
    Write in ten pieces with pauses in the middle of rows, the file open all the time.
    """
    data = source.read_bytes()
    piece = len(data) // 10 + 1
    with target.open("wb", buffering=0) as file:
        for start in range(0, len(data), piece):
            file.write(data[start : start + piece])
            time.sleep(0.05)


WRITERS: tuple[Callable[[Path, Path], None], ...] = (copy, rename, slowly)


def drop(sources: list[Path], inbox: Path) -> None:
    """
    Have three writers drop their share side by side.
    """

    def work(kind: int) -> None:
        for source in sources[kind :: len(WRITERS)]:
            WRITERS[kind](source, inbox / source.name)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(WRITERS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def multiset(frame: pl.DataFrame) -> pl.DataFrame:
    """
    Return each distinct row's hash and how often it stands there, sorted.
    """
    plain = frame.select(pl.col("file", "row").cast(pl.Int64), pl.col("text"))
    hashed = plain.select(pl.struct(COLUMNS).hash(7).alias("row"))
    return hashed.group_by("row").len().sort("row")


def duckdb_rows(outbox: Path) -> pl.DataFrame:
    """
    Read by DuckDB.
    """
    import duckdb

    with duckdb.connect() as connection:
        query = f"select file, row, text from read_parquet('{outbox}/**/*.parquet')"
        return pl.from_arrow(connection.execute(query).to_arrow_table())  # type: ignore[return-value]


READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    "duckdb": duckdb_rows,
    "polars": lambda outbox: pl.read_parquet(outbox / "**" / "*.parquet"),
    "pyarrow": lambda outbox: pl.from_arrow(ds.dataset(outbox).to_table()),  # type: ignore[dict-item,return-value]
    "pandas": lambda outbox: pl.from_pandas(pd.read_parquet(outbox)),
}


def again(daemon: Daemon, inbox: Path, sources: list[Path]) -> None:
    """
    Touch, copy over, rename over, and append to, files that are committed.
    """
    first, second, third, fourth = (inbox / s.name for s in sources[:4])
    os.utime(first)
    shutil.copy2(sources[1], second)
    scratch = inbox / f".{third.name}.Xy12Zw"
    shutil.copy2(sources[2], scratch)
    scratch.rename(third)
    with fourth.open("ab") as file:
        file.write(b"3,99999999,appended after the commit\n")
    daemon.wait_for("file_grew_after_commit")
    (inbox / "last.csv").write_bytes(content(10**6, 1))
    daemon.wait_for("batch_committed", lambda line: line["rows_out"] == 1)


def main() -> int:
    """
    Drop, read back, compare.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--megabytes", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="ingestd-drop-"))
    inbox, outside = folder / "inbox", folder / "outside"
    for new in (inbox, outside):
        new.mkdir(parents=True)
    (folder / "config.toml").write_text(ROWS.format(head="", source=""))
    sources = make(outside, options.files, options.megabytes << 20)
    size = sum(source.stat().st_size for source in sources)
    rows = options.files * ((options.megabytes << 20) // ROW_BYTES)
    daemon = Daemon(folder).start()
    daemon.wait_for("daemon_ready")
    begun = time.monotonic()
    drop(sources, inbox)
    dropped = time.monotonic()
    daemon.wait_for_rows(rows)
    ended = time.monotonic()
    print(f"{options.files} files, {size / 1e6:.0f} MB, {rows:,} rows: dropped in "
          f"{dropped - begun:.1f} s, all committed {ended - dropped:.1f} s later, in "
          f"{len(daemon.events('batch_committed'))} batches")  # fmt: skip
    again(daemon, inbox, sources)
    daemon.stop()
    expected = multiset(
        pl.concat([pl.read_csv(source) for source in sources]).vstack(
            pl.DataFrame({"file": [10**6], "row": [0], "text": [f"text {10**6}-0"]})
        )
    )
    bad = 0
    for name, read in READERS.items():
        same = expected.equals(multiset(read(folder / "outbox")))
        print(f"{name}: {'the same multiset of rows' if same else 'DIFFERENT'}")
        bad += not same
    checked = verb(folder, "verify")
    print(f"verify: exit {checked.returncode}: {checked.stdout.strip()}")
    unchanged = verb(folder, "files", "--state", "unchanged", "--json")
    print(f"unchanged: {unchanged.stdout.count('unchanged')} files")
    if options.folder is None:
        shutil.rmtree(folder)
    return 1 if bad or checked.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
