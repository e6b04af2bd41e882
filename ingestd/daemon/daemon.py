"""
The life of the daemon: lock, recover, start, watch, loop, drain, stop.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ingestd import __version__
from ingestd.clock import SystemClock, Waker
from ingestd.commit.recovery import recover
from ingestd.config import Config
from ingestd.daemon.answers import Answers
from ingestd.daemon.control import Control
from ingestd.daemon.health import Health
from ingestd.daemon.loop import Loop
from ingestd.daemon.once import Drained
from ingestd.daemon.parts import Parts, make
from ingestd.daemon.signals import heard
from ingestd.daemon.webhook import posts_of
from ingestd.discover.lease import ignore_sigio
from ingestd.errors import LedgerError
from ingestd.ledger.sqlite import SqliteLedger
from ingestd.observe import log
from ingestd.observe.events import (
    DaemonReady,
    DaemonStarted,
    DaemonStopped,
    DaemonStopping,
    RecoveryFinished,
    SignalIgnored,
    attach,
    emit,
)
from ingestd.observe.http import HttpPage
from ingestd.observe.http_health import health_routes
from ingestd.observe.metrics import Metrics
from ingestd.observe.sdnotify import Notifier

EXIT_QUARANTINED = 3
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run(config: Config, config_path: str, *, once: bool = False) -> int:
    """
    Run the daemon until a signal, or with *once* until all is drained.

    Returns the exit code. Raises IngestdError before anything was started.
    """
    daemon = _Daemon(config, config_path, once)
    with ExitStack() as stack:
        lines = log.configure(config.log, sys.stdout)
        stack.callback(lines.close)
        return daemon.live(stack, lines)


@dataclass(slots=True)
class _Daemon:
    config: Config
    config_path: str
    once: bool
    clock: SystemClock = field(default_factory=SystemClock)
    waker: Waker = field(default_factory=Waker)
    signalled: int = 0

    def live(self, stack: ExitStack, lines: log.Log) -> int:
        """
        Go through the daemon's life; everything on *stack* ends in reverse order.
        """
        began = self.clock.monotonic()
        ignore_sigio()
        notifier = Notifier.take(os.environ)
        ledger = self._open_ledger()
        stack.callback(ledger.close)
        self._say_started(ledger)
        parts = make(self.config, ledger, self.clock, self.waker)
        # Prefect and Dask make loggers of their own as soon as they are imported.
        parts.monitor.loaded = lines.adopt_foreign
        health = Health(parts, ledger, self.clock, began)
        self._metrics(stack, parts, health)
        loop = Loop(parts, self.clock, self.waker, health.turned)
        stack.enter_context(heard(SIGNALS, lambda number: self._react(number, loop)))
        self._recover(parts, ledger)
        drained = Drained(parts, ledger, self.config) if self.once else None
        with self._services(parts, health, loop):
            health.watching = True
            self._say_ready(notifier, self.clock.monotonic() - began)
            loop.turned = _Heartbeat(notifier, health).beat
            with drained or ExitStack():
                loop.run(drained if drained is not None else _never)
            given_back = self._drain(loop, notifier, parts)
        emit(DaemonStopped(given_back, self.clock.monotonic() - began))
        return self._code(drained)

    def _open_ledger(self) -> SqliteLedger:
        state = Path(self.config.state_dir)
        try:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as err:
            message = f"state_dir = {str(state)!r}: cannot be made: {err.strerror}"
            hint = "Create it for the daemon's user, or set state_dir"
            raise LedgerError(message, hint=hint) from err
        return SqliteLedger.open(state, now=self.clock.wall())

    def _say_started(self, ledger: SqliteLedger) -> None:
        emit(
            DaemonStarted(
                version=__version__,
                pid=os.getpid(),
                config=self.config_path,
                pipelines=len(self.config.pipelines),
                epoch=ledger.epoch,
            )
        )

    def _metrics(self, stack: ExitStack, parts: Parts, health: Health) -> None:
        names = [p.name for p in self.config.pipelines]
        metrics = Metrics(__version__, pipelines=names, snapshot=health.snapshot)
        stack.callback(attach(metrics))
        routes = health_routes(health, metrics.exposition)
        posts = posts_of(self.config, parts)
        parts.http = HttpPage(self.config.http.listen, routes, posts=posts)

    def _recover(self, parts: Parts, ledger: SqliteLedger) -> None:
        for sink in parts.sinks.values():
            sink.prepare()
        began, wall = self.clock.monotonic(), self.clock.wall()
        done = recover(
            ledger, parts.sinks, parts.disposals, parts.committer, began, wall
        )
        for committable in done.committed:
            known = parts.pipelines.get(committable.batch.pipeline)
            if known is not None:
                known.committed(committable, wall)
        for batch, state in ledger.unfinished():
            pipeline = parts.pipelines.get(batch.pipeline)
            if pipeline is not None:
                pipeline.dispatch.resume(batch, state)
        for pipeline in parts.pipelines.values():
            pipeline.dispatch.refresh(began)
        emit(
            RecoveryFinished(
                republished=len(done.committed),
                discarded=done.discarded,
                given_back=done.given_back,
                seconds=self.clock.monotonic() - began,
            )
        )

    @contextmanager
    def _services(self, parts: Parts, health: Health, loop: Loop) -> Iterator[None]:
        """
        Start everything that lives beside the loop; end it in reverse order.
        """
        answers = Answers(parts, parts.monitor.clock)
        control = Control(self.config.state_dir, self.waker, answers)
        loop.requests = control.serve
        now = self.clock.monotonic()
        with ExitStack() as stack:
            # The children first: they take seconds, and need nothing of the rest.
            stack.callback(parts.prefect.stop)
            parts.prefect.start(now)
            stack.callback(parts.cluster.stop)
            parts.cluster.start(now)
            for service in (parts.monitor, parts.http, control):
                if service is not None:
                    stack.callback(service.stop)
                    service.start()
            for pipeline in parts.pipelines.values():
                stack.callback(pipeline.source.stop)
                pipeline.source.start()
            yield
            health.watching = False

    def _say_ready(self, notifier: Notifier, seconds: float) -> None:
        inboxes = tuple(p.source.url for p in self.config.pipelines)
        outboxes = tuple(p.sink.url for p in self.config.pipelines)
        emit(DaemonReady(inboxes, outboxes, seconds))
        notifier.ready(f"watching {', '.join(inboxes)}")

    def _drain(self, loop: Loop, notifier: Notifier, parts: Parts) -> int:
        """
        Let batches in flight commit, give the rest back; return their number.
        """
        seconds = self.config.drain_seconds
        reason = signal.Signals(self.signalled).name if self.signalled else "drained"
        emit(DaemonStopping(reason, parts.budget.batches, seconds))
        notifier.stopping("draining")
        for pipeline in parts.pipelines.values():
            pipeline.finish.stopping = True
        loop.drain(seconds)
        wall = self.clock.wall()
        return sum(p.give_back(wall) for p in parts.pipelines.values())

    def _react(self, number: int, loop: Loop) -> None:
        """
        Take a signal; called by a thread of its own.
        """
        if number == signal.SIGHUP:
            name = signal.Signals(number).name
            emit(SignalIgnored(name, "restart the daemon to read a new config"))
            return
        if self.signalled:
            # A second one means now: what is in flight is recovered at the start.
            os._exit(128 + number)
        self.signalled = number
        loop.stop.set()
        self.waker.wake()

    def _code(self, drained: Drained | None) -> int:
        if self.signalled:
            return 128 + self.signalled
        if drained is not None and drained.quarantined:
            return EXIT_QUARANTINED
        return 0


@dataclass(slots=True)
class _Heartbeat:
    """
    Feeds the service manager's watchdog and its status line, from the loop's turns.
    """

    notifier: Notifier
    health: Health
    _said: str = ""

    def beat(self, now: float) -> None:
        self.health.turned(now)
        self.notifier.watchdog()
        reasons = self.health.parts.gate.reasons(now)
        text = "; ".join(reasons) if reasons else self._working()
        if text != self._said:
            self._said = text
            self.notifier.status(text)

    def _working(self) -> str:
        flying = self.health.parts.budget.batches
        return f"watching, {flying} batches in flight" if flying else "watching, idle"


def _never() -> bool:
    return False
