"""
When a cluster is there.
"""

from __future__ import annotations

from ingestd.config import Cluster
from ingestd.errors import ComponentAway
from ingestd.observe.events import capture
from ingestd.run import probe, task_runner
from ingestd.run.lacking import Lack

GPU, CPU = {"GPU": 1.0}, {"CPU": 2.0}


def made(kind: str) -> probe.ClusterProbe:
    return probe.ClusterProbe("tcp://nowhere:1", Cluster(), kind)


def test_a_cluster_begins_with_its_gpu():
    """
    A backlog must not be read by the CPU because its worker starts sooner; and a GPU
    that is being replaced later holds up nobody.
    """
    cluster = made("cuda")
    steps = [[], [CPU], [CPU, GPU], [CPU], []]
    assert [False, False, True, True, False] == [cluster.enough(s) for s in steps]


def test_any_worker_will_do_elsewhere():
    """
    Of others' clusters nobody knows what they are going to have.
    """
    for kind in ("local", "auto"):
        assert [False, True] == [made(kind).enough(found) for found in ([], [CPU])]


def test_a_cluster_of_others_is_not_judged_by_this_machine(monkeypatch):
    """
    Whether a GPU is here says nothing of it.
    """
    monkeypatch.setattr(probe, "gpu_lacks", lambda: Lack("all", "buy one"))
    given = Cluster(address="tcp://10.0.0.5:8786")
    assert ("auto", "local") == (
        probe.cluster_kind(given),
        probe.cluster_kind(Cluster()),
    )
    monkeypatch.setattr(probe, "gpu_lacks", lambda: None)
    assert "cuda" == probe.cluster_kind(Cluster())


def test_why_others_cannot_be_joined_is_told_once(monkeypatch):
    """
    By what is to be done, however often it is tried; of the daemon's own cluster, which
    is only starting, nothing.
    """
    tries = [("port 1 of", "Sign it"), ("port 2 of", "Sign it"), ("no answer", "")]

    def refuse(*_):
        said, hint = pending.pop(0)
        raise ComponentAway("cluster", said, hint=hint)

    monkeypatch.setattr(task_runner, "connect", refuse)
    others = probe.ClusterProbe("tls://o:1", Cluster(address="tls://o:1"), "auto")
    for cluster, told in ((others, ["port 1 of", "no answer"]), (made("local"), [])):
        pending = list(tries)
        with capture() as seen:
            assert [False] * 3 == [cluster() for _ in tries]
        assert told == [event.error for event in seen]
