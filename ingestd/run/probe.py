"""
What the cluster is made of, found out without importing a GPU library here.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ingestd.config import Cluster

PROBE_SECONDS = 120

# A first allocation, our kernels and a first group: importing cuDF succeeds without any
# GPU. Its workers import all of cuDF, the engine only the lower half.
_PROBE = """
import cudf
from ingestd.run.engines.cudf.cuda import own_device
own_device()
"""


def cluster_kind(config: Cluster) -> str:
    """
    Return local or cuda; ``auto`` is cuda if a GPU answers.
    """
    if config.kind != "auto":
        return config.kind
    return "cuda" if not gpu_lacks() else "local"


def gpu_lacks() -> str:
    """
    Return "" when a GPU computes, else what is missing, in one sentence.

    The probe runs in a process of its own: the daemon never makes a CUDA context.
    """
    if not any(Path("/dev").glob("nvidia[0-9]*")):
        return "no NVIDIA device on this machine"
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            [sys.executable, "-c", _PROBE],
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the GPU did not answer within {PROBE_SECONDS} s"
    if done.returncode == 0:
        return ""
    last = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()[-1:]
    return f"a first GPU computation failed: {' '.join(last)}"


def cluster_answers(address: str, config: Cluster) -> bool:
    """
    Return whether the scheduler answers and has a worker. Blocks some seconds at most.
    """
    from ingestd.errors import ComponentAway  # noqa: PLC0415
    from ingestd.run.flow import warm  # noqa: PLC0415 - heavy
    from ingestd.run.task_runner import connect, workers  # noqa: PLC0415 - heavy

    warm()
    try:
        return workers(connect(address, config)) > 0
    except ComponentAway:
        return False
