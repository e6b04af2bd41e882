"""
The registry: how series are made, moved and shown. [prometheus_client]
"""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingestd.observe import events as ev
from ingestd.observe.metrics.snapshot import Snapshot

__all__ = ["CONTENT_TYPE", "Board", "Counter"]
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_AT_SCRAPE = {
    "backlog_files": "Files admitted and not yet in a batch",
    "backlog_bytes": "Bytes admitted and not yet in a batch",
    "oldest_waiting_seconds": "Age of the oldest file of the backlog, 0 without",
    "settling_files": "Files seen whose writer may not have finished",
    "behind_bytes": "Bytes of growing files that were seen and not taken",
    "in_flight_batches": "Batches that run",
    "in_flight_bytes": "Bytes of the batches that run",
}
Rule = Callable[[ev.Event], None]
E = TypeVar("E", bound=ev.Event)


class Board:
    """
    The series, and which event moves which; see ``Metrics`` for the whole.
    """

    def __init__(self, pipelines: Sequence[str], wall: Callable[[], float]) -> None:
        """
        Begin empty; *pipelines* are those whose series exist from the start.
        """
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.pipelines = tuple(pipelines)
        self.wall = wall
        self.rules: defaultdict[type[ev.Event], list[Rule]] = defaultdict(list)

    def when(self, kind: type[E], rule: Callable[[E], object]) -> None:
        """
        Call *rule* with every event of type *kind*, beside the rules it has.
        """

        def checked(event: ev.Event) -> None:
            if isinstance(event, kind):  # for mypy: the table's key says it already
                rule(event)

        self.rules[kind].append(checked)

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """
        Make a counter; one by pipeline alone shows 0 at once, so that alerts see it.
        """
        made = Counter(f"ingestd_{name}", text, labels, registry=self.registry)
        if labels == ("pipeline",):
            for pipeline in self.pipelines:
                made.labels(pipeline)
        return made

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """
        Make a gauge.
        """
        return Gauge(f"ingestd_{name}", text, labels, registry=self.registry)

    def histogram(self, name: str, text: str, *labels: str) -> Histogram:
        """
        Make a histogram of seconds.
        """
        return Histogram(
            f"ingestd_{name}", text, labels, buckets=_BUCKETS, registry=self.registry
        )

    def at_scrape(self, snapshot: Callable[[], Snapshot]) -> None:
        """
        Ask *snapshot* for the gauges of what is, at each scrape.
        """
        self.registry.register(_AtScrape(snapshot))

    def exposition(self) -> bytes:
        """
        Return all series as text, of type ``CONTENT_TYPE``.
        """
        return generate_latest(self.registry)

    def described(self) -> Iterator[tuple[str, str, str]]:
        """
        Yield the name, the type and the text of every metric of ours.
        """
        for metric in self.registry.collect():
            if metric.name.startswith("ingestd_"):
                total = "_total" if metric.type == "counter" else ""
                yield metric.name + total, metric.type, metric.documentation


class _AtScrape(Collector):
    """
    Gauges of what is, asked for when somebody looks.
    """

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """
        Yield the gauges; none when the daemon cannot tell, and the counters still show.
        """
        try:
            now = self._snapshot()
        except Exception as err:  # noqa: BLE001 - a scrape is a border: it must answer
            ev.emit(ev.FaultCaught("metrics", repr(err), traceback.format_exc()))
            return
        age = GaugeMetricFamily(
            "ingestd_loop_age_seconds", "Seconds since the loop last moved on"
        )
        age.add_metric([], now.loop_age_seconds)
        yield age
        for name, text in _AT_SCRAPE.items():
            family = GaugeMetricFamily(f"ingestd_{name}", text, labels=["pipeline"])
            for gauges in now.pipelines:
                family.add_metric([gauges.pipeline], getattr(gauges, name))
            yield family
