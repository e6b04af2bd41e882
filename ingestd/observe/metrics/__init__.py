"""
The metrics: what an operator pages on, in Prometheus' form.

Counters follow the events, so they cannot tell another story than the log. Gauges of
what *is* (backlog, work in flight, the loop's age) are asked for at each scrape. No
label is ever a path or another value without bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from ingestd.observe import events as ev
from ingestd.observe.metrics.board import CONTENT_TYPE, Board
from ingestd.observe.metrics.series import EVERY
from ingestd.observe.metrics.snapshot import PipelineGauges, Snapshot


class Metrics:
    """
    The sink that counts. Safe from every thread; attach it with ``events.attach``.
    """

    def __init__(
        self,
        version: str,
        *,
        pipelines: Sequence[str] = (),
        snapshot: Callable[[], Snapshot] | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """
        Make all series; *snapshot* is called at each scrape, from the scraping thread.
        """
        self._board = Board(pipelines, wall)
        build = self._board.gauge("build_info", "Always 1, with the version", "version")
        build.labels(version).set(1)
        for add_series in EVERY:
            add_series(self._board)
        if snapshot is not None:
            self._board.at_scrape(snapshot)

    def __call__(self, event: ev.Event) -> None:
        """
        Count *event*, if anything counts it.
        """
        for rule in self._board.rules.get(type(event), ()):
            rule(event)

    def exposition(self) -> bytes:
        """
        Return the text that a scrape gets, of type ``CONTENT_TYPE``.
        """
        return self._board.exposition()

    def described(self) -> Iterator[tuple[str, str, str]]:
        """
        Yield the name, the type and the text of every metric of ours.
        """
        return self._board.described()


__all__ = ["CONTENT_TYPE", "Metrics", "PipelineGauges", "Snapshot"]
