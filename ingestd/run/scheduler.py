"""
What a scheduler is asked without a client, and the certificates that it wants.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from distributed import Security, rpc

from ingestd.config import Cluster
from ingestd.errors import ComponentAway


def security(config: Cluster) -> Security | None:
    """
    Return the certificates of *config*, None where there are none.
    """
    if not config.tls_ca:
        return None
    return Security(
        tls_ca_file=config.tls_ca,
        tls_client_cert=config.tls_cert,
        tls_client_key=config.tls_key,
        require_encryption=True,
    )


def ask(config: Cluster, seconds: float) -> list[Mapping[str, float]]:
    """
    Return what each worker of the cluster at ``config.address`` offers.

    Raises ComponentAway when the scheduler does not answer within *seconds*.
    """
    try:
        return asyncio.run(asyncio.wait_for(_asked(config), seconds))
    except (OSError, TypeError, ValueError) as err:
        # Dask's own: TypeError for a scheme that the certificates do not fit.
        said = str(first(err)) or "no answer of a Dask scheduler"
        raise ComponentAway("cluster", said, hint=hint(config, said)) from err


def first(err: BaseException) -> BaseException:
    """
    Return what *err* came from: Dask's calls hide why there was no connection.
    """
    while isinstance(err.__cause__, OSError):
        err = err.__cause__
    return err


def hint(config: Cluster, said: str) -> str:
    """
    Return what to do about a scheduler that *said* why it cannot be reached.
    """
    if "TLS" not in said and "SSL" not in said:
        return ""
    return (
        f"cluster.tls_ca ({config.tls_ca}) must be the authority that signed the "
        "scheduler's certificate, and the scheduler's must have signed cluster.tls_cert"
    )


async def _asked(config: Cluster) -> list[Mapping[str, float]]:
    certificates = security(config) or Security()
    arguments = certificates.get_connection_args("client")
    async with rpc(config.address, connection_args=arguments) as scheduler:
        found = await scheduler.identity(n_workers=-1)
    return [worker["resources"] for worker in found["workers"].values()]
