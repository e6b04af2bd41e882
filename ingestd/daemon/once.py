"""
``run --once``: when everything that was there is drained, and the progress meanwhile.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from ingestd.config import Config
from ingestd.daemon.parts import Parts
from ingestd.ledger.ledger import Ledger
from ingestd.observe.events import (
    BatchAbandoned,
    BatchCommitted,
    Event,
    FileQuarantined,
    FilesAdmitted,
    ScanFailed,
    ScanFinished,
    attach,
)
from ingestd.observe.progress import Progress


class Drained:
    """
    Called after each turn: whether all is done. Counts from the events.

    Done is: each source was listed completely once, nothing settles (files that a
    writer has open are not there yet), nothing is ready, resting, or in flight.
    """

    def __init__(self, parts: Parts, ledger: Ledger, config: Config) -> None:
        """
        Begin to listen when entered as a context.
        """
        self._parts = parts
        self._ledger = ledger
        self._unscanned = {p.name for p in config.pipelines}
        self._failed_scans: dict[str, int] = {}
        self._progress = Progress(sys.stderr)
        self.quarantined = 0

    def __enter__(self) -> Self:
        """
        Listen, and show the progress on a terminal.
        """
        self._detach = attach(self._take)
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """
        Stop listening.
        """
        self._progress.stop()
        self._detach()

    def __call__(self) -> bool:
        """
        Return whether everything is drained.
        """
        if self._unscanned or self._parts.budget.batches:
            return False
        if self._parts.committer.waiting or self._parts.committer.disposing:
            return False
        busy = set(filter(self._busy, self._parts.pipelines))
        # What waits for another configuration would wait for ever.
        stuck = {name for name in busy if self._misconfigured(name)}
        if busy == stuck:
            self.quarantined += len(stuck)
        return busy == stuck

    def _misconfigured(self, name: str) -> bool:
        return self._parts.pipelines[name].dispatch.misconfigured

    def _busy(self, name: str) -> bool:
        pipeline = self._parts.pipelines[name]
        settling = pipeline.source.settle.settling()
        resting = pipeline.dispatch.resting
        return bool(settling or resting or self._ledger.backlog(name).files)

    def _take(self, event: Event) -> None:
        if isinstance(event, ScanFinished) and event.after:
            return  # not whole
        if isinstance(event, ScanFinished | ScanFailed):
            # A folder that cannot be listed must not keep --once from ending.
            self._unscanned.discard(event.pipeline)
            self.quarantined += isinstance(event, ScanFailed)
        elif isinstance(event, FilesAdmitted):
            self._progress.add(event.files, event.bytes)
        elif isinstance(event, BatchCommitted):
            self._progress.done(event.files, event.bytes)
        elif isinstance(event, FileQuarantined | BatchAbandoned):
            self.quarantined += 1
