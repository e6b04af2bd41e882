"""
What packed files unpack to, and how fast: one CSV file in each packing.

Prints, for each, its size beside the text's, and the text unpacked for each second of a
core, into a spool as a worker does it; for gzip the standard library's zlib beside it,
in turn. Run: ``python -m bench.unpack``.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import lzma
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from bench import data
from ingestd.run.unpack import KIND_BYTES, packing, unpack
from ingestd.run.unpack.decoders import zstd

ROWS_PER_MB = 18_600
CHUNK = 1 << 20


@contextmanager
def zip_open(path: Path, mode: str) -> Iterator[IO[bytes]]:
    """
    Write the only file of a zip archive.
    """
    with (
        zipfile.ZipFile(path, mode[0], zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", mode[0], force_zip64=True) as member,
    ):
        yield member


PACKERS = {
    "gz": partial(gzip.open, compresslevel=6),
    "zst": zstd.open,
    "zip": zip_open,
    "xz": lzma.open,
    "bz2": bz2.open,
}


def ours(path: Path) -> None:
    """
    Unpack *path* as a worker does.
    """
    fd = os.open(path, os.O_RDONLY)
    try:
        kind = packing(os.pread(fd, KIND_BYTES, 0))
        assert kind is not None
        os.close(unpack(fd, kind, path.stat().st_size, 200, str(path.parent)))
    finally:
        os.close(fd)


def plain_zlib(path: Path) -> None:
    """
    Unpack the gzip file *path* with zlib into a file, a MiB at a time.
    """
    decoder = zlib.decompressobj(31)
    with path.open("rb") as source, tempfile.TemporaryFile(dir=path.parent) as target:
        rest = b""
        while waiting := rest or source.read(CHUNK):
            target.write(decoder.decompress(waiting, CHUNK))
            rest = decoder.unconsumed_tail


def fastest(works: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """
    Return the least core seconds of each, run in turn.
    """
    found = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            begin = time.process_time()
            work()
            found[name] = min(found[name], time.process_time() - begin)
    return found


def main() -> None:
    """
    Run the benchmark.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work; default: temporary")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as made:
        text = Path(made, "a.csv")
        data.write(text, chosen.mb * ROWS_PER_MB, 0, 0)
        size = text.stat().st_size
        print(f"{size / 1e6:.0f} MB of text")
        for suffix, packer in PACKERS.items():
            path = Path(made, f"a.csv.{suffix}")
            with text.open("rb") as source, packer(path, "wb") as target:
                shutil.copyfileobj(source, target, CHUNK)
            works = {"": lambda path=path: ours(path)}
            if suffix == "gz":
                works["zlib "] = lambda path=path: plain_zlib(path)
            ratio = size / path.stat().st_size
            for name, seconds in fastest(works, chosen.rounds).items():
                print(f"{name}{suffix}: 1/{ratio:.1f}, {size / 1e6 / seconds:.0f} MB/s")


if __name__ == "__main__":
    main()
