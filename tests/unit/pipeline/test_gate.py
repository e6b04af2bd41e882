"""
Whether batches may start, and whether Prefect may be left out.
"""

from __future__ import annotations

from ingestd.config import Prefect
from ingestd.pipeline.gate import Gate
from ingestd.run.monitor import Component


def gate(when_down: str = "bypass", **state: bool) -> Gate:
    prefect = Component("prefect", lambda: True, ready=state.get("prefect", True))
    cluster = Component("cluster", lambda: True, ready=state.get("cluster", True))
    config = Prefect(start_seconds=60, when_down=when_down)  # type: ignore[arg-type]
    return Gate(config, prefect, cluster, started_at=0.0)


def test_open_with_both_components() -> None:
    """With Prefect and the cluster there, batches run, and with Prefect's record."""
    made = gate()
    assert made.open(0.0)
    assert made.bypass(0.0) == ""
    assert made.reasons(0.0) == []


def test_at_start_batches_wait_for_the_server() -> None:
    """Until start_seconds are over nothing is bypassed; then it is, and says why."""
    made = gate(prefect=False)
    assert not made.open(59.9)
    assert made.next_due(59.9) == 60.0
    assert made.open(60.0)
    assert "60 s of the start" in made.bypass(60.0)


def test_a_server_that_is_lost_later_is_not_waited_for() -> None:
    """Once the server was there, its loss does not hold a batch up."""
    made = gate(prefect=False)
    made.prefect.was_ready = True
    assert made.open(1.0)
    assert made.bypass(1.0) != ""


def test_when_down_wait_never_bypasses() -> None:
    """With when_down = "wait" the gate stays shut, and says what is away."""
    made = gate("wait", prefect=False)
    made.prefect.was_ready = True
    assert not made.open(1e9)
    assert made.bypass(1e9) == ""
    assert "prefect has not answered" in made.reasons(1e9)[0]


def test_no_cluster_no_batch() -> None:
    """Without workers nothing starts, whatever Prefect does."""
    assert not gate(cluster=False).open(1e9)


def test_shut_for_a_growing_while_after_failures() -> None:
    """A lost component shuts the gate for a while; success forgets it."""
    made = gate()
    delays = [made.failed(0.0) for _ in range(6)]
    assert not made.open(max(delays) - 0.01)
    assert made.next_due(0.0) == max(delays)
    assert made.open(max(delays))
    assert delays[-1] > delays[0]
    made.succeeded()
    assert made.failed(0.0) < max(delays)


def test_a_full_disk_shuts_and_is_told_from_other_threads_without_a_look() -> None:
    """The loop alone looks at the disk; the health page gets what the loop last saw."""
    made, looks = gate(), list[str]()

    def paused() -> str:
        looks.append("look")
        return "the disk is full"

    made.paused = paused
    assert made.reasons(0.0) == []
    assert looks == []
    assert not made.open(0.0)
    assert made.reasons(0.0) == ["the disk is full"]
    assert len(looks) == 1
