"""
Watches whether Prefect and the cluster answer, beside the loop, and loads them first.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from ingestd.clock import Clock, Waker
from ingestd.observe.events import ComponentBack, ComponentLost, FaultCaught, emit

EAGER_SECONDS = 0.1
STEADY_SECONDS = 2.0


def _nothing() -> None:
    pass


@dataclass(slots=True)
class Component:
    """
    What is known of one component; *since* is monotonic, *ready* None before a probe.
    """

    name: str
    probe: Callable[[], bool]
    ready: bool | None = None
    since: float = 0.0
    was_ready: bool = False


@dataclass(slots=True)
class Monitor:
    """
    A service whose thread probes the components and wakes the loop on a change.

    Importing Prefect and Dask takes seconds; the first probe does it here, so that the
    loop admits files meanwhile. Other threads only read. *loaded* is called after each
    change, when libraries may have been imported.
    """

    clock: Clock
    waker: Waker
    components: tuple[Component, ...]
    loaded: Callable[[], None] = _nothing
    _stop: threading.Event = field(default_factory=threading.Event)
    _nudge: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """
        Start one probing thread for each component.
        """
        now = self.clock.monotonic()
        for component in self.components:
            component.since = now
            thread = threading.Thread(
                target=self._watch, args=(component,), daemon=True, name="monitor"
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """
        End the threads; harmless twice. A probe in flight ends by its own time-out.
        """
        self._stop.set()
        self._nudge.set()
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def doubt(self) -> None:
        """
        Probe soon: somebody met an error.
        """
        self._nudge.set()

    def _watch(self, component: Component) -> None:
        while not self._stop.is_set():
            self._note(component, _probed(component))
            pause = STEADY_SECONDS if component.ready else EAGER_SECONDS
            if self._nudge.wait(pause):
                self._nudge.clear()

    def _note(self, component: Component, ready: bool) -> None:
        if ready == component.ready:
            return
        now = self.clock.monotonic()
        away = now - component.since
        if ready and component.was_ready:
            emit(ComponentBack(component=component.name, seconds=away))
        elif not ready and component.was_ready:
            emit(
                ComponentLost(
                    component=component.name,
                    error=f"{component.name} does not answer",
                    retry_in=EAGER_SECONDS,
                )
            )
        component.since = now
        component.was_ready |= ready
        component.ready = ready
        self.loaded()
        self.waker.wake()


def _probed(component: Component) -> bool:
    try:
        return component.probe()
    except Exception as err:  # noqa: BLE001 - the border of a thread
        # Ended by it, the thread would leave the daemon with what it knew last, for
        # ever. Told once: until the next answer the component counts as away.
        if component.ready is not False:
            emit(FaultCaught("monitor", repr(err), traceback.format_exc()))
        return False
