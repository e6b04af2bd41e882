"""
Prefect's Dask task runner on a client that stays open between flows.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from dask.base import annotate
from dask.typing import Key
from distributed import Worker, get_worker
from prefect_dask.client import PrefectDaskClient
from prefect_dask.task_runners import DaskTaskRunner

from ingestd.config import Cluster
from ingestd.errors import ComponentAway
from ingestd.run.scheduler import hint, security

CONNECT_SECONDS = 10
LEAVE_SECONDS = 0.2
_RUNNING = ("executing", "long-running")

_clients: dict[str, PrefectDaskClient] = {}
_leaving: set[str] = set()
"""The workers of this process that are being replaced, by address."""
_lock = threading.Lock()


def connect(address: str, config: Cluster) -> PrefectDaskClient:
    """
    Return the open client for *address*, connecting if there is none that works.

    Raises ComponentAway. Safe from every thread.
    """
    with _lock:
        client = _clients.get(address)
        if client is not None and client.status == "running":
            return client
        _drop(address)
        try:
            client = PrefectDaskClient(
                address,
                timeout=CONNECT_SECONDS,
                # An ambient default client would be taken by every task runner.
                set_as_default=False,
                security=security(config),
            )
        except (OSError, TimeoutError) as err:
            message = f"the Dask scheduler at {address} does not answer: {err}"
            raise ComponentAway("cluster", message, hint=hint(config, message)) from err
        _clients[address] = client
        return client


def disconnect(address: str) -> None:
    """
    Close the client for *address*, if there is one: its scheduler is gone.
    """
    with _lock:
        _drop(address)


def _drop(address: str) -> None:
    client = _clients.pop(address, None)
    if client is not None:
        # The scheduler may be dead: what matters is that the client's threads end.
        with suppress(OSError, TimeoutError):
            client.close(timeout=1)


class KeptClientTaskRunner(DaskTaskRunner):
    """
    A DaskTaskRunner that takes the daemon's open client instead of connecting anew.

    Connecting costs about 0.1 s for each flow run. Elsewhere than in the daemon (the
    runner travels to the workers inside Prefect's context) it is its base class.
    """

    @property
    def client(self) -> PrefectDaskClient:
        """
        The open client for this runner's address.
        """
        kept = _clients.get(self.address or "")
        return kept if kept is not None else super().client


def offers(client: PrefectDaskClient) -> list[Mapping[str, float]]:
    """
    Return the resources of each worker that the scheduler has; raises ComponentAway.
    """
    try:
        found = client.scheduler_info(n_workers=-1)["workers"]
        return [worker["resources"] for worker in found.values()]
    except (OSError, TimeoutError) as err:
        raise ComponentAway("cluster", f"the scheduler does not answer: {err}") from err


@contextmanager
def placed(resources: Mapping[str, float]) -> Iterator[None]:
    """
    Have what this thread submits meanwhile run where *resources* are offered.
    """
    if not resources:
        yield
        return
    with annotate(resources=dict(resources)):
        yield


def replace_this_worker(reason: str) -> None:
    """
    Have the worker that runs this task end after it, and its nanny start another
    process; nothing where there is no worker, and once only. Returns at once.
    """
    try:
        worker = get_worker()
    except ValueError:
        return
    with _lock:
        if worker.address in _leaving:
            return
        _leaving.add(worker.address)
    worker.loop.add_callback(_leave, worker, worker.get_current_task(), reason)


async def _leave(worker: Worker, key: Key, reason: str) -> None:
    # A task that has not told its end would be given to the next worker of this kind:
    # the same error there, and so on.
    while getattr(worker.state.tasks.get(key), "state", "") in _RUNNING:  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(LEAVE_SECONDS)
    await asyncio.sleep(LEAVE_SECONDS)
    await worker.close_gracefully(restart=True, reason=reason)
