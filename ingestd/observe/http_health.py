"""
The pages that tell how the daemon is: ``/healthz``, ``/readyz`` and ``/metrics``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from ingestd.observe.http import Page, Route
from ingestd.observe.metrics import CONTENT_TYPE

JSON = "application/json"


class Health(Protocol):
    """
    What the page asks of the daemon; called from other threads, may not block.
    """

    def alive(self) -> bool:
        """
        Whether the loop has moved on within its bound.
        """
        ...

    def reasons(self) -> list[str]:
        """
        Why the daemon is not ready, one sentence each: what is away, since when.
        """
        ...


def health_routes(health: Health, exposition: Callable[[], bytes]) -> dict[str, Route]:
    """
    Return the routes of *health*, and ``/metrics`` from ``Metrics.exposition``.
    """

    def healthz() -> Page:
        alive = health.alive()
        return _json({"alive": alive}, ok=alive)

    def readyz() -> Page:
        reasons = health.reasons()
        return _json({"ready": not reasons, "reasons": reasons}, ok=not reasons)

    def metrics() -> Page:
        return Page(HTTPStatus.OK, CONTENT_TYPE, exposition())

    return {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


def _json(document: object, *, ok: bool) -> Page:
    status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return Page(status, JSON, (json.dumps(document) + "\n").encode())
