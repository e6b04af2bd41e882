"""
Where a unit is read: by its size, the pipeline's wish, and the workers that there are.

No I/O; knows neither Prefect nor Dask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ingestd.errors import ComponentAway
from ingestd.model import Unit

GPU = "GPU"
CPU = "CPU"
"""What workers offer, as Dask calls it resources."""


@dataclass(frozen=True, slots=True)
class Workforce:
    """
    How many workers offer a GPU, and how many others offer themselves for the CPU.
    """

    gpus: int = 0
    cpus: int = 0

    @classmethod
    def of(cls, offers: Iterable[Mapping[str, float]]) -> Workforce:
        """
        Count the workers by the resources that each offers.
        """
        names = [set(offer) for offer in offers]
        gpus = sum(GPU in offered for offered in names)
        return cls(
            gpus, sum(CPU in offered and GPU not in offered for offered in names)
        )


NOBODY = Workforce()


@dataclass(frozen=True, slots=True)
class Place:
    """
    The engine that reads a unit, and the resource of the worker that it needs, if any.
    """

    engine: str
    resource: str = ""

    @property
    def resources(self) -> dict[str, float]:
        """
        What Dask is asked for.
        """
        return {self.resource: 1} if self.resource else {}


@dataclass(frozen=True, slots=True)
class Placing:
    """
    The rule of one attempt: *engine* as configured, and *gpu_min_bytes*, the size from
    which on ``auto`` has a unit read on a GPU.
    """

    engine: str
    gpu_min_bytes: int = 0
    workforce: Workforce = NOBODY

    def place(self, unit: Unit, *, left: bool = False) -> Place:
        """
        Return where *unit* is read; *left*: the GPU has given up on it.

        Raises ComponentAway where only a GPU may read it and no worker has one.
        """
        if left or self.engine == "polars":
            return self.on_cpu
        if self.engine == "cudf":
            return self._on_gpu()
        large = self.workforce.gpus and unit.size >= self.gpu_min_bytes
        return self._on_gpu() if large else self.on_cpu

    @property
    def on_cpu(self) -> Place:
        """
        The place of work for the CPU engine: off the GPU's workers, where others say
        that they are there for it.
        """
        force = self.workforce
        return Place("polars", CPU if force.gpus and force.cpus else "")

    def _on_gpu(self) -> Place:
        if not self.workforce.gpus:
            hint = 'Start one, or set engine = "auto"'
            message = 'engine = "cudf": no worker of the cluster has a GPU'
            raise ComponentAway("cluster", message, hint=hint)
        return Place("cudf", GPU)
