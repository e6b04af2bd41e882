"""
Prefect's Dask task runner on a client that stays open between flows.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from distributed import Security
from prefect_dask.client import PrefectDaskClient
from prefect_dask.task_runners import DaskTaskRunner

from ingestd.config import Cluster
from ingestd.errors import ComponentAway

CONNECT_SECONDS = 10

_clients: dict[str, PrefectDaskClient] = {}
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
                security=_security(config),
            )
        except (OSError, TimeoutError) as err:
            message = f"the Dask scheduler at {address} does not answer: {err}"
            raise ComponentAway("cluster", message) from err
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


def _security(config: Cluster) -> Security | None:
    if not config.tls_ca:
        return None
    return Security(
        tls_ca_file=config.tls_ca,
        tls_client_cert=config.tls_cert,
        tls_client_key=config.tls_key,
        require_encryption=True,
    )


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


def workers(client: PrefectDaskClient) -> int:
    """
    Return how many workers the scheduler has; raises ComponentAway.
    """
    try:
        # The identity alone: with the workers' details it grows with their number.
        return len(client.scheduler_info(n_workers=-1)["workers"])
    except (OSError, TimeoutError) as err:
        raise ComponentAway("cluster", f"the scheduler does not answer: {err}") from err
