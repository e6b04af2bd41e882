"""
The persistent Dask cluster: scheduler and workers as supervised child processes.

Without nannies: the daemon supervises the workers itself, so nothing stands between it
and them, and a worker that dies is seen and replaced here.
"""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ingestd.config import Cluster as ClusterConfig
from ingestd.run.child import Child, LineSink
from ingestd.run.placing import CPU, GPU

LOOPBACK = "127.0.0.1"

# Dask's own defaults make an idle cluster use 7.5 % of a core: its profiler and its
# event loop ticks, which serve a dashboard that nobody has open.
QUIET = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "500ms",
    "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "30s",
    "DASK_DISTRIBUTED__ADMIN__TICK__CYCLE": "30s",
    "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "False",
}
# A task that was on a worker that died is reported at once: retrying lives in the
# ledger. A task without any worker fails after a while instead of waiting for ever.
EXPLICIT = {
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    "DASK_DISTRIBUTED__SCHEDULER__NO_WORKERS_TIMEOUT": "60s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s",
}


class Cluster(Protocol):
    """
    Where the mapped tasks run. Owned by the daemon's loop.
    """

    address: str

    def start(self, now: float) -> None:
        """
        Begin to start; ``tick`` supervises from then on.
        """
        ...

    def tick(self, now: float) -> bool:
        """
        Replace what has died; True when the scheduler was lost since the last call.
        """
        ...

    def next_due(self) -> float | None:
        """
        Return when ``tick`` has something to restart.
        """
        ...

    def recycle(self, now: float) -> None:
        """
        Start afresh, so that memory that finished tasks left behind is given back.
        """
        ...

    def stop(self) -> None:
        """
        End what ``start`` began; harmless twice.
        """
        ...


class ExistingCluster:
    """
    A cluster that others run, by the address of its scheduler.
    """

    def __init__(self, address: str) -> None:
        """
        Take the scheduler's *address*.
        """
        self.address = address

    def start(self, now: float) -> None:
        """
        Do nothing: the cluster is there, or the first batch says that it is away.
        """

    def tick(self, now: float) -> bool:  # noqa: ARG002 - the protocol
        """
        Never lose what is not ours.
        """
        return False

    def next_due(self) -> float | None:
        """
        Need no attention.
        """
        return None

    def recycle(self, now: float) -> None:
        """
        Leave others' cluster alone.
        """

    def stop(self) -> None:
        """
        Leave it running.
        """


class ChildCluster:
    """
    A scheduler and its workers on this machine, on loopback.
    """

    def __init__(
        self,
        config: ClusterConfig,
        kind: str,
        state_dir: str,
        environment: Mapping[str, str],
        on_line: LineSink,
    ) -> None:
        """
        Prepare the commands; *kind* is local or cuda.
        """
        self.address = f"tcp://{LOOPBACK}:{free_port()}"
        self._config = config
        self._kind = kind
        self._folder = Path(state_dir, "cluster")
        self._environment = {**QUIET, **EXPLICIT, **environment}
        self._scheduler = self._child("scheduler", self._scheduler_command(), on_line)
        self._workers = [
            self._child(name, command, on_line) for name, command in self._commands()
        ]

    @property
    def children(self) -> Sequence[Child]:
        """
        The scheduler, then the workers.
        """
        return [self._scheduler, *self._workers]

    def start(self, now: float) -> None:
        """
        Start the scheduler and the workers side by side: workers wait for it.
        """
        # Only spill files of earlier runs can be here, and nobody reads them again.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for child in self.children:
            child.start(now)

    def tick(self, now: float) -> bool:
        """
        Replace the dead; workers leave by themselves when their scheduler dies.
        """
        lost = self._scheduler.tick(now)
        if lost:
            # A worker that hangs on to the lost scheduler would never join the new one.
            for worker in self._workers:
                worker.kill()
        for worker in self._workers:
            worker.tick(now)
        return lost

    def next_due(self) -> float | None:
        """
        Return the earliest restart.
        """
        due = [d for child in self.children if (d := child.next_due()) is not None]
        return min(due, default=None)

    def recycle(self, now: float) -> None:
        """
        End all and start again.
        """
        self.stop()
        self.start(now)

    def stop(self) -> None:
        """
        End the workers and the scheduler, side by side.
        """
        for child in self.children:
            child.ask_to_stop()
        for child in reversed(self.children):
            child.stop()

    def _child(self, name: str, command: list[str], on_line: LineSink) -> Child:
        folder = str(self._folder)
        return Child(
            name,
            lambda: command,
            lambda: self._environment,
            on_line,
            folder,
            address=self.address if name == "scheduler" else "",
        )

    def _scheduler_command(self) -> list[str]:
        port = self.address.rpartition(":")[2]
        command = [sys.executable, "-m", "dask", "scheduler", "--host", LOOPBACK]
        command += ["--port", port, "--dashboard-address", f"{LOOPBACK}:0"]
        return [*command, "--no-show"]

    def _commands(self) -> Iterator[tuple[str, list[str]]]:
        """
        Yield the workers' names and commands; those of the GPUs are one child.
        """
        gpus = self._kind == "cuda"
        if gpus:
            yield "worker-0", self._gpu_workers()
        others = self._config.cpu_workers if gpus else self._config.workers
        for number in range(int(gpus), others + gpus):
            yield f"worker-{number}", self._cpu_worker(number)

    @property
    def _shared(self) -> list[str]:
        options = [self.address, "--host", LOOPBACK, "--local-directory"]
        return [*options, str(self._folder), "--preload", "ingestd.run.preload"]

    def _gpu_workers(self) -> list[str]:
        # One process per visible GPU, each under a nanny that replaces it; every
        # setting is dask-cuda's own advice for a pool that spills (see docs/gpu.md).
        return [
            sys.executable, "-m", "dask", "cuda", "worker", *self._shared,
            "--nthreads", "1", "--rmm-async", "--enable-cudf-spill",
            "--device-memory-limit", "0", "--resources", f"{GPU}=1",
            "--pre-import", "cudf", "--death-timeout", "60",
            "--dashboard-address", f"{LOOPBACK}:0",
        ]  # fmt: skip

    def _cpu_worker(self, number: int) -> list[str]:
        threads = str(self._config.threads_per_worker)
        return [
            sys.executable, "-m", "dask", "worker", *self._shared, "--no-nanny",
            "--nworkers", "1", "--nthreads", threads, "--resources", f"{CPU}={threads}",
            "--name", f"ingestd-{number}",
            # Without an address even a worker without dashboard listens everywhere.
            "--dashboard-address", f"{LOOPBACK}:0",
            # The engine bounds its memory by the size of a unit; Dask would pause the
            # worker over page cache that belongs to nobody.
            "--memory-limit", "0", "--death-timeout", "60",
        ]  # fmt: skip


def free_port() -> int:
    """
    Return a TCP port of loopback that is free now.
    """
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
