"""
What the libraries raise when a component is lost, told from what a unit did.
"""

from __future__ import annotations

import asyncio

import httpx
import pytest
from distributed import KilledWorker
from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError
from distributed.scheduler import NoValidWorkerError
from prefect.exceptions import PrefectHTTPStatusError

from ingestd.errors import ComponentAway, Quarantine, Reason, Retryable
from ingestd.run.flow import classified
from ingestd.run.loss import lost

pytestmark = pytest.mark.integration

REQUEST = httpx.Request("GET", "http://localhost")
ANSWER = httpx.Response(500, request=REQUEST)
LOSSES = [
    (ConnectionError("gone"), "cluster"),
    (TimeoutError(), "cluster"),
    (asyncio.CancelledError(), "cluster"),
    (FutureCancelledError("key", "scheduler lost"), "cluster"),
    (CommClosedError("x"), "cluster"),
    (NoValidWorkerError("no worker", set(), {}, {}, 60.0), "cluster"),
    (httpx.ConnectError("refused"), "prefect"),
    (PrefectHTTPStatusError("500", request=REQUEST, response=ANSWER), "prefect"),
    (ComponentAway("disk", "full"), "disk"),
]


@pytest.mark.parametrize(("error", "component"), LOSSES, ids=repr)
def test_a_loss_is_told_by_its_component(error: BaseException, component: str) -> None:
    """It is a ComponentAway with its name, so no attempt is counted."""
    found = classified(error)
    assert isinstance(found, ComponentAway)
    assert component == found.component == lost(error)


@pytest.mark.parametrize(
    "error",
    [
        KilledWorker("key", None, 0),
        ValueError("x"),
        MemoryError(),
        Quarantine(Reason.BAD_VALUE, "x"),
        Retryable("x"),
    ],
)
def test_what_a_unit_did_is_no_loss(error: Exception) -> None:
    """It is counted, and passed on as it is."""
    assert lost(error) == ""
    assert classified(error) is error
