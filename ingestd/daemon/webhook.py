"""
What stores post to the daemon: notices, by pipeline.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from ingestd.config import Config
from ingestd.daemon.parts import Parts
from ingestd.discover.notice import Unreadable
from ingestd.discover.notices import WEBHOOK, Notices
from ingestd.observe.events import NoticeSetAside, emit
from ingestd.observe.http import TEXT, Page, Posts
from ingestd.observe.http_token import read_token

_LONGEST_TEXT = 1_024


def posts_of(config: Config, parts: Parts) -> Posts:
    """
    Return what takes notices, none where no pipeline wants them. Reads the token.
    """
    routes = {
        f"/notices/{pipeline.name}": partial(_taken, notices)
        for pipeline in config.pipelines
        if pipeline.source.notices == WEBHOOK
        and (notices := parts.pipelines[pipeline.name].notices) is not None
    }
    if not routes or config.http.token_file is None:
        return Posts()
    return Posts(read_token(config.http.token_file), routes)


def _taken(notices: Notices, body: bytes) -> Page:
    """
    Take one notice. Accepted says that it came: what it tells of is looked at later,
    and found by the listing if the daemon ends before that.
    """
    try:
        taken = notices.accept(body, _nothing)
    except Unreadable as error:
        text = body[:_LONGEST_TEXT].decode("utf-8", "backslashreplace")
        emit(NoticeSetAside(notices.pipeline, str(error), text, left_in_queue=False))
        return _page(HTTPStatus.BAD_REQUEST, f"no notice: {error}")
    if not taken.room:
        return _page(HTTPStatus.SERVICE_UNAVAILABLE, "too many at once; send it again")
    return _page(HTTPStatus.ACCEPTED, f"objects of this source: {taken.objects}")


def _page(status: HTTPStatus, text: str) -> Page:
    return Page(status, TEXT, f"{text}\n".encode("utf-8", "backslashreplace"))


def _nothing() -> None:
    return None
