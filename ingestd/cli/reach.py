"""
Reaching what a configuration names, without changing any of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ingestd.cli.running import daemon_of
from ingestd.config import Cluster, Config, Pipeline
from ingestd.discover.bucket import Bucket
from ingestd.discover.source import Folder
from ingestd.errors import ComponentAway, IngestdError
from ingestd.ledger.ledger import Entry
from ingestd.observe.escape import printable
from ingestd.observe.units import counted
from ingestd.storage import Place, is_remote, open_store

KEPT = 20
"""How many of a source's files are looked into, the first by name."""

CONNECT_SECONDS = 5.0
_MADE = " (is made at the start)"
_INSTALL = "Install the package, or use a folder"


@dataclass(slots=True)
class Report:
    """
    What ``check`` says: lines as they come, and the problems once more at the end.
    """

    say: Callable[[str], object]
    problems: list[str] = field(default_factory=list)

    def good(self, label: str, text: str) -> None:
        """
        Say that something is as it should be.
        """
        self.say(f"  ok       {label:<11}{text}")

    def bad(self, label: str, text: str, hint: str) -> None:
        """
        Say what is wrong, and remember it.
        """
        self.say(f"  PROBLEM  {label:<11}{text}")
        self.problems.append(f"{text}. {hint}")


def state_dir(config: Config, report: Report) -> None:
    """
    See whether the daemon could keep its ledger, and whether one does now.
    """
    folder = Path(config.state_dir)
    if _writable(folder, "state_dir", f"state_dir = {str(folder)!r}", report):
        daemon = daemon_of(folder)
        pid = f" (pid {daemon.pid})" if daemon and daemon.pid else ""
        use = f"held by a running daemon{pid}" if daemon else "no daemon holds it"
        report.good("state_dir", f"{printable(str(folder))}: {use}")


def source(pipeline: Pipeline, report: Report) -> list[Entry]:
    """
    List the source's folder whole; return its first files by name.
    """
    key, first = f"pipelines.{pipeline.name}.source.url", list[Entry]()
    try:
        remote = is_remote(pipeline.source.url)
        folder = Bucket(pipeline.source) if remote else Folder(pipeline.source)
        scan = folder.scan()
        for entry in scan:
            first.append(entry)
            if len(first) > 50 * KEPT:
                first = _first(first)
    except IngestdError as err:
        report.bad("source", f"{key}: {err.args[0]}", err.hint or _INSTALL)
        return []
    other = f", {scan.irregular} ignored (no regular files)" if scan.irregular else ""
    there = counted(scan.files, "file")
    report.good("source", f"{printable(folder.root)}: {there} there{other}")
    if pipeline.source.mode == "tail":
        every = pipeline.source.gather_seconds
        report.good("tail", f"whole records are taken once written, every {every:g} s")
    else:
        report.good("settle", folder.settle_rule())
    _after_commit(pipeline, report)
    return _first(first)


def sink(pipeline: Pipeline, report: Report) -> None:
    """
    See whether publishing would work: writable, and staging on the same disk.
    """
    key = f"pipelines.{pipeline.name}.sink"
    if is_remote(pipeline.sink.url):
        there = Listed(pipeline.sink.url, pipeline.sink.storage, "sink")
        there.report(f"{key}.url", report)
        return
    root, staging = Path(pipeline.sink.url), Path(pipeline.sink.staging_url)
    good = _writable(root, "sink", f"{key}.url = {str(root)!r}", report)
    good &= _writable(staging, "sink", f"{key}.staging_url = {str(staging)!r}", report)
    if not good:
        return
    if _standing(root).stat().st_dev != _standing(staging).stat().st_dev:
        text = f"{key}: {staging} is on another file system than {root}"
        hint = f"Set {key}.staging_url to a folder on the sink's file system"
        report.bad("sink", text, hint)
        return
    made = "" if root.is_dir() else _MADE
    report.good("sink", f"{printable(str(root))}: writable{made}")


class Listed(NamedTuple):
    """
    A place in a store; *label* is its line's.
    """

    url: str
    storage: Mapping[str, Any]
    label: str

    def report(self, key: str, report: Report) -> None:
        """
        See whether it answers; to write to it would change it.
        """
        place = Place.of(self.url)
        try:
            component = "source" if self.label == "source" else "sink"
            store = open_store(place, self.storage, component)
            for _ in store.pages(place.below(""), deep=False):
                break
        except IngestdError as err:
            report.bad(self.label, f"{key}: {err.args[0]}", err.hint or _INSTALL)
            return
        said = f"{printable(place.url)}: answers, and can be listed"
        report.good(self.label, said)


def rejects(pipeline: Pipeline, report: Report) -> None:
    """
    See whether rejects could be published, where rows are set aside.
    """
    if not pipeline.sets_rows_aside:
        return
    if is_remote(pipeline.rejects.url):
        url, storage = pipeline.rejects.url, pipeline.storage_of_rejects
        key = f"pipelines.{pipeline.name}.rejects.url"
        Listed(url, storage, "rejects").report(key, report)
        return
    root, staging = Path(pipeline.rejects.url), Path(pipeline.rejects.staging_url)
    key = f"pipelines.{pipeline.name}.rejects.url"
    good = _writable(root, "rejects", f"{key} = {str(root)!r}", report)
    if not good or not _writable(staging, "rejects", f"{key}: its staging", report):
        return
    if _standing(root).stat().st_dev != _standing(staging).stat().st_dev:
        text = f"{key}: {staging} is on another file system than {root}"
        hint = f"Set {key} to a folder inside a file system, not to its top"
        report.bad("rejects", text, hint)
        return
    made = "" if root.is_dir() else _MADE
    report.good("rejects", f"{printable(str(root))}: writable{made}")


def cluster(config: Config, report: Report) -> None:
    """
    Connect to the cluster that is given, or tell which kind would be started.
    """
    from ingestd.run.lacking import gpu_lacks  # noqa: PLC0415 - seldom needed

    wanted = config.cluster
    if wanted.address:
        if _connect(wanted, report) == 0:
            _needs_gpu(config, "no worker of the cluster has one", report)
        return
    lack = None if wanted.kind == "local" else gpu_lacks()
    if wanted.kind == "cuda" and lack:
        hint = f'{lack.remedy}; or set cluster.kind = "auto"'
        report.bad("cluster", f'cluster.kind = "cuda": {lack.what}', hint)
    elif lack or wanted.kind == "local":
        why = f"auto: {lack.what}" if lack else "as configured"
        report.good("cluster", f"local, {counted(wanted.workers, 'worker')} ({why})")
        _needs_gpu(config, lack.what if lack else 'cluster.kind = "local"', report)
    else:
        beside = counted(wanted.cpu_workers, "worker")
        said = f"cuda: a GPU computes; a worker for each, {beside} for the CPU"
        report.good("cluster", said)


def prefect(config: Config, report: Report) -> None:
    """
    Ask the Prefect server that is given for its health.
    """
    url = config.prefect.api_url
    if not url:
        report.good("prefect", "embedded server, started with the daemon")
        return
    from ingestd.run.prefect_server import PrefectServer  # noqa: PLC0415 - heavy

    # It starts nothing where a URL is given, so no line ever comes.
    server = PrefectServer(config.state_dir, url, lambda _name, _line: None)
    if server.answers(CONNECT_SECONDS):
        report.good("prefect", f"{url} answers")
    else:
        hint = "Start it, or leave prefect.api_url out for an embedded server"
        report.bad("prefect", f"prefect.api_url = {url!r}: no healthy answer", hint)


def _first(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.path)[:KEPT]


def _after_commit(pipeline: Pipeline, report: Report) -> None:
    taken, key = pipeline.source, f"pipelines.{pipeline.name}.source"
    if taken.after_commit == "keep":
        return
    remote = is_remote(taken.url)
    if not remote and not os.access(taken.url, os.W_OK | os.X_OK):
        text = f"{key}.after_commit = {taken.after_commit!r}: {taken.url} is read-only"
        report.bad("source", text, "Give write access to it, or keep the files")
    if taken.move_to and is_remote(taken.move_to):
        place = Listed(taken.move_to, taken.storage, "source")
        place.report(f"{key}.move_to", report)
    elif taken.move_to:
        target = Path(taken.move_to)
        _writable(target, "source", f"{key}.move_to = {str(target)!r}", report)


def _writable(folder: Path, label: str, key: str, report: Report) -> bool:
    """
    Report and return False unless *folder* is writable, or could be made.
    """
    there = _standing(folder)
    if not there.is_dir():
        report.bad(
            label, f"{key}: {there} is no folder", "Remove it, or change the key"
        )
    elif not os.access(there, os.W_OK | os.X_OK):
        hint = "Give the daemon's user write access, or change the key"
        report.bad(label, f"{key}: no write access to {there}", hint)
    else:
        return True
    return False


def _standing(folder: Path) -> Path:
    """
    Return *folder*, or the nearest folder above it that exists.
    """
    return next(p for p in (folder, *folder.parents) if os.path.lexists(p))


def _needs_gpu(config: Config, why: str, report: Report) -> None:
    for pipeline in config.pipelines:
        if pipeline.engine == "cudf":
            key = f"pipelines.{pipeline.name}.engine"
            text = f'{key} = "cudf": its batches would wait for a GPU: {why}'
            report.bad("cluster", text, f'Add one, or set {key} = "auto"')


def _connect(config: Cluster, report: Report) -> int | None:
    """
    Tell what workers there are; return how many have a GPU, None if nobody answers.
    """
    from ingestd.run.placing import Workforce  # noqa: PLC0415
    from ingestd.run.scheduler import ask  # noqa: PLC0415 - heavy

    key = f"cluster.address = {str(config.address)!r}"
    try:
        offers = ask(config, CONNECT_SECONDS)
    except ComponentAway as err:
        hint = "Start the scheduler, or correct the address and the tls keys"
        report.bad("cluster", f"{key}: {err.args[0]}", err.hint or hint)
        return None
    if not offers:
        hint = "Start some for it (docs/cluster.md)"
        report.bad("cluster", f"{key}: the scheduler has no worker", hint)
        return None
    force = Workforce.of(offers)
    kinds = f"{force.gpus} with a GPU, {force.cpus} for the CPU alone"
    said = f"{config.address}: {counted(len(offers), 'worker')}, {kinds}"
    report.good("cluster", said)
    return force.gpus
