"""
A bomb in a process of its own: what it costs in memory before it is stopped.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ingestd.run.unpack import Packing
from tests.live import ROOT
from tests.packed import PACK, SUFFIX

pytestmark = pytest.mark.fault

MIB = 1 << 20
ALLOWED_MIB = 12
"""A decoder's window and a few pieces; the content goes to a file of the kernel's."""

CHILD = """
import json, os, re, sys
from pathlib import Path
from ingestd.run.faults import Fault
from ingestd.run.unpack import KIND_BYTES, packing, unpack

def peak():
    # Not ru_maxrss: a child begins with its parent's.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) << 10

fd = os.open(sys.argv[1], os.O_RDONLY)
kind = packing(os.pread(fd, KIND_BYTES, 0))
before = peak()
try:
    unpack(fd, kind, os.fstat(fd).st_size, 1, sys.argv[2])
    reason = ""
except Fault as fault:
    reason = fault.reason
print(json.dumps([reason, peak() - before]))
"""


def bomb(kind: Packing) -> bytes:
    """
    Some kilobytes that unpack to 96 MiB: in one stream where that is made quickly.
    """
    if kind in (Packing.BZIP2, Packing.XZ):
        return PACK[kind](bytes(8 * MIB)) * 12
    return PACK[kind](bytes(96 * MIB))


@pytest.mark.parametrize("kind", list(Packing))
def test_a_bomb_takes_little_memory(kind, tmp_path):
    """
    Whatever it would unpack to, a step is bounded, and what is written is no memory of
    the worker's.
    """
    path = tmp_path / f"bomb{SUFFIX[kind]}"
    path.write_bytes(bomb(kind))

    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )

    reason, grown = json.loads(done.stdout)
    assert "unpacks_too_large" == reason
    assert grown <= ALLOWED_MIB * MIB
