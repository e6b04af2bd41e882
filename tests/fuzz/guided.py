"""
A fuzz of the splitter that is guided by coverage.

    python -m tests.fuzz.guided [--seconds N] [--corpus DIR] [--case FILE]

libFuzzer, by way of atheris (``pip install -e '.[dev,fuzz]'``), changes bytes so that
they reach code in ``ingestd/run/text`` that none reached before; tests/fuzz/splitter.py
says what must hold. What reaches new code is kept in --corpus, from which a later run
goes on. A finding is written to a file in the current folder, which --case tries again,
by itself and without atheris. Ends with another code than 0 then.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

MAX_BYTES = 96
PIECE_SECONDS = 120
"""libFuzzer's process grows by some 70 KB with each case, and ends itself at 2 GB."""
INSTRUMENTED = ["ingestd.run.text"]


def main() -> None:
    """
    Fuzz for some seconds, or try one case.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--case", type=Path)
    options = parser.parse_args()
    if options.case is not None:
        _once(options.case.read_bytes())
    elif options.corpus is None:
        with tempfile.TemporaryDirectory(prefix="ingestd-corpus-") as corpus:
            _in_pieces(options.seconds, Path(corpus))
    elif options.seconds > PIECE_SECONDS:
        _in_pieces(options.seconds, options.corpus)
    else:
        options.corpus.mkdir(parents=True, exist_ok=True)
        _guided(options.seconds, options.corpus)


def _once(data: bytes) -> None:
    from tests.fuzz.splitter import check, split_of

    print(split_of(data))
    check(split_of(data))


def _in_pieces(seconds: int, corpus: Path) -> None:
    """
    Fuzz in processes of their own, one after the other; end where one finds something.
    """
    command = [sys.executable, "-m", "tests.fuzz.guided", "--corpus", str(corpus)]
    for begun in range(0, seconds, PIECE_SECONDS):
        piece = min(PIECE_SECONDS, seconds - begun)
        ended = subprocess.run([*command, "--seconds", str(piece)], check=False)
        if ended.returncode:
            sys.exit(ended.returncode)


def _guided(seconds: int, corpus: Path) -> None:
    """
    Let libFuzzer have the process, which it ends.
    """
    try:
        import atheris
    except ModuleNotFoundError:
        sys.exit("atheris is not installed: pip install -e '.[dev,fuzz]'")
    # Only modules that are imported here can tell where they have been.
    with atheris.instrument_imports(include=INSTRUMENTED, enable_loader_override=False):
        from tests.fuzz.splitter import check, split_of

    settings = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_BYTES}",
        "-len_control=0",
        "-timeout=60",
        "-print_final_stats=1",
    ]
    atheris.Setup(
        [sys.argv[0], *settings, str(corpus)], lambda data: check(split_of(data))
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
