"""
The sections that hold for the whole daemon: limits, cluster, Prefect, HTTP, log.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ingestd.config.section import Section
from ingestd.config.values import (
    GIB,
    KIB,
    Count,
    CountOrZero,
    Listen,
    LocalPath,
    SecondsOrZero,
    Size,
    SizeOrZero,
)

_ADDRESS = r"^(tcp|tls|ws|wss|ucx|inproc)://\S+$"


class Limits(Section):
    """
    Limits over all pipelines.
    """

    max_in_flight: Count = Field(default=4, description="Batches that run at once.")
    max_bytes_in_flight: Size = Field(
        default=4 * GIB,
        description="Bytes of input in the batches that run at once.",
    )
    min_free: SizeOrZero = Field(
        default=1 * GIB,
        description="Intake stops while a disk of the state folder, of a local sink or "
        "of the rejects has less space left than this.",
    )


class Cluster(Section):
    """
    The Dask cluster that reads and aggregates.
    """

    kind: Literal["auto", "local", "cuda"] = Field(
        default="auto",
        description="auto is cuda if a GPU answers, else local.",
    )
    address: Annotated[str, Field(pattern=_ADDRESS)] | None = Field(
        default=None,
        description="An existing Dask scheduler; unset: ingestd starts a cluster.",
        examples=["tls://10.0.0.5:8786"],
    )
    tls_ca: LocalPath | None = Field(
        default=None,
        description="Certificate of the authority; all three tls keys or none.",
        examples=["tls/ca.pem"],
    )
    tls_cert: LocalPath | None = Field(
        default=None,
        description="Certificate of this client.",
        examples=["tls/cert.pem"],
    )
    tls_key: LocalPath | None = Field(
        default=None,
        description="Private key of this client.",
        examples=["tls/key.pem"],
    )
    workers: Count = Field(
        default=1,
        description="Worker processes; local only, cuda starts one per visible GPU.",
    )
    threads_per_worker: Count = Field(
        default=2,
        description="Units read at once by a worker; each read uses all cores. "
        "cuda: always 1.",
    )
    cpu_workers: CountOrZero = Field(
        default=1,
        description="cuda only: worker processes without a GPU beside those that have "
        "one, each with threads_per_worker, for small units and what GPUs leave.",
    )
    gpu_min_bytes: SizeOrZero = Field(
        default=512 * KIB,
        description='Under engine = "auto" a smaller unit is read by the CPU engine, '
        "which is faster there (docs/gpu.md has the curve).",
    )


class Prefect(Section):
    """
    The Prefect server that records the flow runs.
    """

    api_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = Field(
        default=None,
        description="The API of an existing server; unset: an embedded server on "
        "loopback.",
        examples=["http://127.0.0.1:4200/api"],
    )
    start_seconds: SecondsOrZero = Field(
        default=60,
        description="How long batches wait for the server at start.",
    )
    when_down: Literal["bypass", "wait"] = Field(
        default="bypass",
        description="while the server is away after that, bypass runs the same "
        "functions on Dask without Prefect's record; wait holds the batches.",
    )


class Http(Section):
    """
    The daemon's own HTTP port.
    """

    listen: Listen = Field(
        default="127.0.0.1:8750",
        description='host:port of /healthz, /readyz and /metrics; "" turns it off.',
    )
    token_file: LocalPath | None = Field(
        default=None,
        description="A file with the token that POSTs of notices must carry, readable "
        "by the daemon's user alone. The pages need none.",
        examples=["http.token"],
    )


class Log(Section):
    """
    The log on standard output.
    """

    format: Literal["auto", "console", "json"] = Field(
        default="auto",
        description="auto is console on a terminal, else json.",
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="the least severe lines that are written.",
    )
    file: LocalPath | None = Field(
        default=None,
        description="Also write JSON there, rotated.",
        examples=["var/ingestd.log"],
    )
