"""
Which event moves which series; to add one, make it here and say ``board.when``.
"""

from __future__ import annotations

from functools import partial

from ingestd.observe import events as ev
from ingestd.observe.metrics.board import Board, Counter

_STATES = ("admitted", "committed", "quarantined", "vanished", "changed", "unchanged")
_STATE_OF: dict[type[ev.Event], str] = {
    ev.FileUnchanged: "unchanged",
    ev.FileGrewAfterCommit: "grew_after_commit",
    ev.FileVanished: "vanished",
    ev.FileChanged: "changed",
    ev.FileIgnored: "ignored",
    ev.FileBlocked: "blocked",
    ev.FileKept: "kept",
}
_OUTCOMES = ("committed", "partial", "empty", "given_back", "abandoned")
_COMPONENTS = ("prefect", "cluster", "source", "sink", "disk")


def scans(board: Board) -> None:
    """
    Follow the full scans.
    """
    took = board.histogram("scan_seconds", "Duration of full scans", "pipeline")
    listed = board.gauge("scan_files", "Files in the last full scan", "pipeline")
    odd = board.gauge("scan_irregular", "No files, in the last scan", "pipeline")
    missed = board.counter("scan_only_files", "Files no notice told of", "pipeline")
    failed = board.counter("scan_failures", "Scans not completed", "pipeline")

    def finished(event: ev.ScanFinished) -> None:
        missed.labels(event.pipeline).inc(event.found_by_scan_only)
        if event.after:
            return  # in order, from where it had got to
        took.labels(event.pipeline).observe(event.seconds)
        listed.labels(event.pipeline).set(event.files)
        odd.labels(event.pipeline).set(event.irregular)

    board.when(ev.ScanFinished, finished)
    board.when(ev.ScanFailed, lambda e: failed.labels(e.pipeline).inc())


def watches(board: Board) -> None:
    """
    Follow the operating system's notices.
    """
    up = board.gauge("watch_up", "1 while notices come; 0: scans only", "pipeline")
    over = board.counter("watch_overflows", "Times notices were lost", "pipeline")
    board.when(ev.WatchLost, lambda e: up.labels(e.pipeline).set(0))
    board.when(ev.WatchRestored, lambda e: up.labels(e.pipeline).set(1))
    board.when(ev.WatchOverflowed, lambda e: over.labels(e.pipeline).inc())
    for pipeline in board.pipelines:
        up.labels(pipeline).set(1)


def notices(board: Board) -> None:
    """
    Follow the notices of buckets.
    """
    up = board.gauge("notices_up", "0 while their queue is away", "pipeline")
    told = board.counter("noticed_objects", "Objects that notices told of", "pipeline")
    foreign = board.counter("foreign_notices", "Objects of no concern", "pipeline")
    aside = board.counter("notices_set_aside", "No notices, or poison", "pipeline")
    for pipeline in board.pipelines:
        up.labels(pipeline).set(1)

    def taken(event: ev.NoticesTaken) -> None:
        told.labels(event.pipeline).inc(event.objects)
        foreign.labels(event.pipeline).inc(event.foreign)

    board.when(ev.NoticesTaken, taken)
    board.when(ev.NoticeSetAside, lambda e: aside.labels(e.pipeline).inc())
    board.when(ev.QueueLost, lambda e: up.labels(e.pipeline).set(0))
    board.when(ev.QueueBack, lambda e: up.labels(e.pipeline).set(1))


def files(board: Board) -> None:
    """
    Follow the file versions, by state and reason.
    """
    files = board.counter(
        "files", "File versions by what became of them", "pipeline", "state"
    )
    reasons = board.counter(
        "quarantined_files", "Files set aside, by reason", "pipeline", "reason"
    )
    size = board.counter("admitted_bytes", "Bytes of admitted files", "pipeline")
    for pipeline in board.pipelines:
        for state in _STATES:
            files.labels(pipeline, state)

    def admitted(event: ev.FilesAdmitted) -> None:
        files.labels(event.pipeline, "admitted").inc(event.files)
        size.labels(event.pipeline).inc(event.bytes)

    def quarantined(event: ev.FileQuarantined) -> None:
        files.labels(event.pipeline, "quarantined").inc()
        reasons.labels(event.pipeline, event.reason).inc()

    board.when(ev.FilesAdmitted, admitted)
    board.when(ev.FileQuarantined, quarantined)
    for kind, state in _STATE_OF.items():
        board.when(kind, partial(_one_file, files, state))
    board.when(ev.FileDisposed, lambda e: files.labels(e.pipeline, e.state).inc())
    board.when(
        ev.BatchCommitted,
        lambda e: files.labels(e.pipeline, "committed").inc(
            max(0, e.files - e.quarantined - e.skipped)
        ),
    )


def tails(board: Board) -> None:
    """
    Follow what is lost of growing files.
    """
    lost = board.counter("given_up_bytes", "Lost of growing files", "pipeline")
    moved = board.counter("rotations", "Growing files that were rotated", "pipeline")
    for pipeline in board.pipelines:
        lost.labels(pipeline)
        moved.labels(pipeline)
    board.when(ev.TailGivenUp, lambda e: lost.labels(e.pipeline).inc(e.bytes))
    board.when(ev.TailMoved, lambda e: moved.labels(e.pipeline).inc())


def _one_file(files: Counter, state: str, event: ev.Event) -> None:
    files.labels(dict(event.items())["pipeline"], state).inc()


def batches(board: Board) -> None:
    """
    Follow the attempts and the outcomes of batches.
    """
    ended = board.counter("batches", "Batches by outcome", "pipeline", "outcome")
    failed = board.counter(
        "failed_attempts", "Attempts that failed", "pipeline", "counted"
    )
    bypassed = board.counter(
        "bypassed_batches", "Batches begun without Prefect's record", "pipeline"
    )
    started = board.counter("attempts", "Attempts begun", "pipeline")
    handed = board.counter(
        "handed_over_files", "Left by the GPU to the CPU", "pipeline", "reason"
    )
    halved = board.counter("gpu_halvings", "Times GPU memory ran out", "pipeline")
    left = board.counter("gpu_failed_units", "Units a GPU gave up on", "pipeline")
    for pipeline in board.pipelines:
        for outcome in _OUTCOMES:
            ended.labels(pipeline, outcome)
        for rung in (halved, left):
            rung.labels(pipeline)

    board.when(ev.BatchStarted, lambda e: started.labels(e.pipeline).inc())
    board.when(
        ev.FilesHandedOver,
        lambda e: handed.labels(e.pipeline, e.reason).inc(e.files),
    )
    board.when(ev.UnitHalved, lambda e: halved.labels(e.pipeline).inc(e.times))
    board.when(ev.UnitLeftToCpu, lambda e: left.labels(e.pipeline).inc())
    board.when(ev.BatchBypassed, lambda e: bypassed.labels(e.pipeline).inc())
    board.when(
        ev.BatchFailed,
        lambda e: failed.labels(e.pipeline, "yes" if e.counted else "no").inc(),
    )
    board.when(ev.BatchAbandoned, lambda e: ended.labels(e.pipeline, "abandoned").inc())
    board.when(
        ev.BatchGivenBack, lambda e: ended.labels(e.pipeline, "given_back").inc()
    )
    board.when(ev.BatchCommitted, lambda e: ended.labels(e.pipeline, e.outcome).inc())


def commits(board: Board) -> None:
    """
    Follow what the canonical line says.
    """
    size = board.counter("committed_bytes", "Bytes of committed batches", "pipeline")
    read = board.counter("rows_in", "Records read and committed", "pipeline")
    written = board.counter("rows_out", "Records behind the output", "pipeline")
    rejected = board.counter("rows_rejected", "Records rejected", "pipeline")
    filtered = board.counter(
        "rows_filtered", "Records that the transform left out", "pipeline"
    )
    reasons = board.counter(
        "rejected_rows", "Records rejected, by reason", "pipeline", "reason"
    )
    unequal = board.counter("count_mismatches", "Counts that differ", "pipeline")
    parts = board.counter("parts", "Parquet files published", "pipeline")
    stages = board.histogram(
        "stage_seconds", "Seconds per batch and stage", "pipeline", "stage"
    )
    last = board.gauge(
        "last_commit_timestamp_seconds", "UTC second of the last commit", "pipeline"
    )
    version = board.gauge("schema_version", "Version of the columns", "pipeline")
    changes = board.counter("schema_changes", "New versions of columns", "pipeline")

    def committed(event: ev.BatchCommitted) -> None:
        size.labels(event.pipeline).inc(event.bytes)
        read.labels(event.pipeline).inc(event.rows_in)
        written.labels(event.pipeline).inc(event.rows_out)
        rejected.labels(event.pipeline).inc(event.rows_rejected)
        filtered.labels(event.pipeline).inc(event.rows_filtered)
        parts.labels(event.pipeline).inc(event.parts)
        last.labels(event.pipeline).set(board.wall())
        for stage, seconds in event.seconds.items():
            stages.labels(event.pipeline, stage).observe(seconds)

    def set_aside(event: ev.RowsRejected) -> None:
        for reason, rows in event.reasons.items():
            reasons.labels(event.pipeline, reason).inc(rows)

    for pipeline in board.pipelines:
        unequal.labels(pipeline)

    def changed(event: ev.SchemaChanged) -> None:
        changes.labels(event.pipeline).inc()
        version.labels(event.pipeline).set(event.to_version)

    board.when(ev.BatchCommitted, committed)
    board.when(ev.RowsRejected, set_aside)
    board.when(ev.CountMismatched, lambda e: unequal.labels(e.pipeline).inc())
    board.when(ev.SchemaPinned, lambda e: version.labels(e.pipeline).set(e.version))
    board.when(ev.SchemaChanged, changed)


def components(board: Board) -> None:
    """
    Follow what is away, and the child processes.
    """
    up = board.gauge("component_up", "0 while a component is away", "component")
    lost = board.counter("component_losses", "Times it went away", "component")
    serving = board.gauge("service_up", "0 between death and restart", "service")
    restarts = board.counter("service_restarts", "Restarts", "service")
    complaints = board.counter(
        "complaints", "Warnings and errors that services wrote", "service"
    )
    for component in _COMPONENTS:
        up.labels(component).set(1)
        lost.labels(component)

    def gone(event: ev.ComponentLost) -> None:
        up.labels(event.component).set(0)
        lost.labels(event.component).inc()

    def restarted(event: ev.ServiceRestarted) -> None:
        serving.labels(event.service).set(1)
        restarts.labels(event.service).inc()

    board.when(ev.ComponentLost, gone)
    board.when(ev.ComponentBack, lambda e: up.labels(e.component).set(1))
    board.when(ev.ServiceStarted, lambda e: serving.labels(e.service).set(1))
    board.when(ev.ServiceDied, lambda e: serving.labels(e.service).set(0))
    board.when(ev.ServiceRestarted, restarted)
    board.when(ev.ChildComplained, lambda e: complaints.labels(e.service).inc())


def daemon(board: Board) -> None:
    """
    Follow the daemon itself.
    """
    busy = board.gauge("http_port_busy", "1 while the health page has no port")
    ready = board.gauge("ready", "1 from ready to stopping")
    paused = board.gauge("intake_paused", "1 while too little is free")
    faults = board.counter("faults", "Unexpected errors, by loop", "where")
    recovered = board.counter("recovered_batches", "Put right at start", "how")
    lost = board.gauge("log_dropped_lines", "Lines of the log that were lost")
    lost.set_function(ev.dropped)

    def recovery(event: ev.RecoveryFinished) -> None:
        for how in ("republished", "discarded", "given_back"):
            recovered.labels(how).inc(getattr(event, how))

    board.when(ev.PortBusy, lambda _: busy.set(1))
    board.when(ev.PortOpened, lambda _: busy.set(0))
    board.when(ev.DaemonReady, lambda _: ready.set(1))
    board.when(ev.DaemonStopping, lambda _: ready.set(0))
    board.when(ev.IntakePaused, lambda _: paused.set(1))
    board.when(ev.IntakeResumed, lambda _: paused.set(0))
    board.when(ev.FaultCaught, lambda e: faults.labels(e.where).inc())
    board.when(ev.RecoveryFinished, recovery)


EVERY = (scans, watches, notices, files, tails, batches, commits, components, daemon)
