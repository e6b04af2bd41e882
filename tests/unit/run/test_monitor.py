"""
What is known of Prefect and the cluster: probed beside the loop.
"""

from __future__ import annotations

import http.client
import threading
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from ingestd.clock import SystemClock, Waker
from ingestd.observe.events import (
    ComponentBack,
    ComponentLost,
    Event,
    FaultCaught,
    capture,
)
from ingestd.run import monitor as monitor_module
from ingestd.run.monitor import Component, Monitor
from ingestd.run.prefect_server import PrefectServer

pytestmark = pytest.mark.integration


class Probe:
    """Answers as told; *asked* is set after each answer was taken."""

    def __init__(self) -> None:
        self.answer: bool | Exception = True
        self.asked = threading.Semaphore(0)

    def __call__(self) -> bool:
        self.asked.release()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def again(self) -> None:
        """Wait until an answer given from now on has been taken over."""
        for _ in range(3):
            assert self.asked.acquire(timeout=60)


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
def component(probe: Probe) -> Component:
    return Component("cluster", probe)


@pytest.fixture
def waker() -> Waker:
    return Waker()


@pytest.fixture
def events(
    component: Component, waker: Waker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Event]]:
    """The events of a running monitor."""
    monkeypatch.setattr(monitor_module, "STEADY_SECONDS", 0.01)
    monkeypatch.setattr(monitor_module, "EAGER_SECONDS", 0.01)
    monitor = Monitor(SystemClock(), waker, (component,))
    with capture() as seen:
        monitor.start()
        yield seen
        monitor.stop()
        monitor.stop()


def wait_until(probe: Probe, done: Callable[[], bool]) -> None:
    """Wait some probes long, until *done*."""
    for _ in range(1_000):
        if done():
            return
        probe.again()
    raise AssertionError


def test_a_first_answer_wakes_the_loop(
    events: list[Event], component: Component, probe: Probe, waker: Waker
) -> None:
    """Batches that wait for the component start at once; there is nothing to tell."""
    assert waker.wait(60)
    wait_until(probe, lambda: bool(component.ready))
    assert component.was_ready
    assert events == []


def test_lost_and_back_are_told_once_each(
    events: list[Event], component: Component, probe: Probe
) -> None:
    """However many probes see it."""
    wait_until(probe, lambda: component.ready is True)
    probe.answer = False
    wait_until(probe, lambda: component.ready is False)
    probe.again()
    assert component.was_ready
    probe.answer = True
    wait_until(probe, lambda: component.ready is True)
    probe.again()
    assert [type(event) for event in events] == [ComponentLost, ComponentBack]


def test_a_probe_that_breaks_is_told_and_asked_again(
    events: list[Event], component: Component, probe: Probe
) -> None:
    """Its component counts as away, and the thread lives on to see it come back."""
    wait_until(probe, lambda: component.ready is True)
    probe.answer = KeyError("nobody foresaw this")
    wait_until(probe, lambda: component.ready is False)
    probe.again()
    probe.answer = True
    wait_until(probe, lambda: component.ready is True)
    kinds = [type(event) for event in events]
    assert kinds == [FaultCaught, ComponentLost, ComponentBack]


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        http.client.BadStatusLine("SSH-2.0"),
        http.client.IncompleteRead(b""),
    ],
    ids=repr,
)
def test_a_server_that_answers_nonsense_does_not_answer(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever listens on the port, the question ends with yes or no."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    server = PrefectServer("/nowhere", "http://127.0.0.1:9/api", lambda *_: None)
    assert server.answers() is False
