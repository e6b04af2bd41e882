"""
Reaching what a bucket's notices come from, without taking any.
"""

from __future__ import annotations

from ingestd.cli.reach import Report
from ingestd.config import Config, Pipeline
from ingestd.errors import ConfigError, IngestdError

_LABEL = "notices"


def notices(pipeline: Pipeline, config: Config, report: Report) -> None:
    """
    See whether notices could come: the queue answers and may be used, or the webhook
    has its token. Nothing where none are configured.
    """
    url = pipeline.source.notices
    if url == "webhook":
        _webhook(pipeline, config, report)
    elif url is not None:
        _queue(pipeline, url, report)


def _webhook(pipeline: Pipeline, config: Config, report: Report) -> None:
    from ingestd.observe.http_token import read_token  # noqa: PLC0415 - seldom needed

    try:
        read_token(config.http.token_file or "")
    except ConfigError as err:
        hint = "The daemon will not start without its token"
        report.bad(_LABEL, err.problems[0], hint)
        return
    where = f"http://{config.http.listen}/notices/{pipeline.name}"
    report.good(_LABEL, f"taken at {where}, with the token")


def _queue(pipeline: Pipeline, url: str, report: Report) -> None:
    from ingestd.storage.queue import open_queue  # noqa: PLC0415 - seldom needed

    key = f"pipelines.{pipeline.name}.source.notices"
    try:
        queue = open_queue(url, pipeline.source.storage)
        try:
            lacking = queue.lacking()
            redrives = not lacking and queue.redrives()
        finally:
            queue.close()
    except IngestdError as err:
        hint = err.hint or "Correct the queue, or leave the key out"
        report.bad(_LABEL, f"{key}: {err.args[0]}", hint)
        return
    if lacking:
        hint = "Allow them to the daemon's account"
        report.bad(_LABEL, f"{key}: {url}: lacks {', '.join(lacking)}", hint)
        return
    dead = "it has dead letters" if redrives else "no dead letters: poison is logged"
    report.good(_LABEL, f"{url}: answers; {dead}")
