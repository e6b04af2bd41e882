"""
Having the workers of another's cluster reach what a pipeline names.
"""

from __future__ import annotations

from ingestd.cli.reach import Report
from ingestd.config import Config, Pipeline
from ingestd.errors import ComponentAway
from ingestd.ledger.ledger import Entry
from ingestd.observe.units import counted

_SHOWN = 3
_HINT = (
    "Workers need the same paths on a file system that they share, the daemon's "
    "account and, for buckets, the extra and the credentials (docs/cluster.md)"
)


def workers(
    pipeline: Pipeline, config: Config, entries: list[Entry], report: Report
) -> None:
    """
    Have each worker read the source and write the staging. Nothing where the cluster is
    our own, since its workers are this machine's.
    """
    key = f"cluster.address = {config.cluster.address!r}"
    if not config.cluster.address or any(key in said for said in report.problems):
        return
    from ingestd.run.visit import Errand  # noqa: PLC0415 - heavy
    from ingestd.run.visitors import send  # noqa: PLC0415 - heavy

    source, sink = pipeline.source, pipeline.sink
    sample = None
    if entries:
        mark = entries[0].fingerprint
        sample = (entries[0].path, mark.size, mark.etag)
    errand = Errand(
        source.url, sink.staging_url, source.storage, sink.storage, sample=sample
    )
    try:
        answers = send(errand, config.cluster)
    except ComponentAway as err:
        report.bad("workers", f"{key}: {err.args[0]}", err.hint or _HINT)
        return
    failed = [(name, text) for name, said in answers.items() for text in said]
    for name, text in failed[:_SHOWN]:
        report.bad("workers", f"{key}: worker {name} {text}", _HINT)
    if len(failed) > _SHOWN:
        report.say(f"           … and {len(failed) - _SHOWN} more")
    if not failed:
        there = counted(len(answers), "worker")
        report.good("workers", f"{there}: read the source, write the staging")
