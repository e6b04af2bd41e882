"""
Asking every worker of a scheduler for the same errand.
"""

from __future__ import annotations

from distributed import Client, Future

from ingestd.config import Cluster
from ingestd.errors import ComponentAway
from ingestd.run.scheduler import security
from ingestd.run.task_runner import CONNECT_SECONDS
from ingestd.run.visit import Errand, visit

VISIT_SECONDS = 60.0


def send(errand: Errand, config: Cluster) -> dict[str, list[str]]:
    """
    Return what each worker failed at, by its address: nothing where all is well.

    Raises ComponentAway when the scheduler or all workers do not answer.
    """
    try:
        with Client(  # type: ignore[no-untyped-call]
            config.address,
            timeout=CONNECT_SECONDS,
            set_as_default=False,
            security=security(config),
        ) as client:
            return _sent(errand, client)
    except (OSError, TimeoutError) as err:
        message = f"the workers do not answer: {str(err) or type(err).__name__}"
        raise ComponentAway("cluster", message) from err


def _sent(errand: Errand, client: Client) -> dict[str, list[str]]:
    names = list(client.scheduler_info(n_workers=-1)["workers"])
    asked: dict[str, Future[list[str]]] = {
        name: client.submit(visit, errand, workers=[name], pure=False, retries=0)
        for name in names
    }
    return {name: _said(future) for name, future in asked.items()}


def _said(future: Future[list[str]]) -> list[str]:
    try:
        found = future.result(timeout=VISIT_SECONDS)
    except TimeoutError:
        return [f"gave no answer within {VISIT_SECONDS:g} s"]
    except Exception as err:  # noqa: BLE001 - the worker's own: another version, for one
        return [f"failed at it: {type(err).__name__}: {err}"]
    return found
