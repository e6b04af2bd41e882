"""
The commands that a cluster is made of.
"""

from __future__ import annotations

import pytest

from ingestd.config import Cluster
from ingestd.run.cluster import ChildCluster


def commands(tmp_path, kind: str, **options) -> dict[str, str]:
    """
    Return the workers' command lines, by name.
    """
    config = Cluster(**options)
    cluster = ChildCluster(config, kind, str(tmp_path), {}, lambda *_: None)
    return {
        child.name: " ".join(child.command()) for child in cluster.children[1:]
    }  # fmt: skip


def test_a_local_cluster_has_as_many_workers_as_are_asked_for(tmp_path):
    """
    No word of a GPU.
    """
    found = commands(tmp_path, "local", workers=2, threads_per_worker=3)
    assert ["worker-0", "worker-1"] == list(found)
    for number, command in enumerate(found.values()):
        assert f"--name ingestd-{number}" in command
        assert "--nthreads 3 --resources CPU=3" in command
        assert "cuda" not in command


@pytest.mark.parametrize("beside", [0, 2])
def test_cpu_workers_stand_beside_those_of_the_gpus(tmp_path, beside):
    """
    One child for all visible GPUs, and what is asked for beside it.
    """
    found = commands(tmp_path, "cuda", workers=9, cpu_workers=beside)
    assert [f"worker-{n}" for n in range(1 + beside)] == list(found)
    for option in (
        "dask cuda worker", "--nthreads 1", "--rmm-async", "--enable-cudf-spill",
        "--device-memory-limit 0", "--resources GPU=1", "--pre-import cudf",
        "--preload ingestd.run.preload",
    ):  # fmt: skip
        assert option in found["worker-0"]
    for number in range(1, 1 + beside):
        assert "--resources CPU=2" in found[f"worker-{number}"]
        assert "--no-nanny" in found[f"worker-{number}"]


@pytest.mark.parametrize("kind", ["local", "cuda"])
def test_nothing_listens_to_other_machines(tmp_path, kind):
    """
    Whoever reaches a scheduler or a worker can run code.
    """
    for command in commands(tmp_path, kind).values():
        assert "--host 127.0.0.1" in command
        assert "--dashboard-address 127.0.0.1:0" in command
