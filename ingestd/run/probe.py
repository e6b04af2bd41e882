"""
What the cluster is made of, found out without importing a GPU library here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingestd.config import Cluster
from ingestd.errors import ComponentAway
from ingestd.observe.events import ComponentLost, emit
from ingestd.run.lacking import gpu_lacks
from ingestd.run.monitor import EAGER_SECONDS
from ingestd.run.placing import Workforce


def cluster_kind(config: Cluster) -> str:
    """
    Return local or cuda; ``auto`` is cuda if a GPU answers. Of a cluster that others
    run it is what is configured, also auto: its workers are asked.
    """
    if config.kind != "auto" or config.address:
        return config.kind
    return "local" if gpu_lacks() else "cuda"


@dataclass(slots=True)
class ClusterProbe:
    """
    Tells whether the scheduler answers and has a worker; blocks some seconds at most.

    A cluster of *kind* cuda is not there before its first GPU is: the CPU's workers
    start sooner, and would read a backlog alone. Later they may, while one is replaced.
    Why others' cluster has not answered yet is told, each reason once: nobody else
    would say that a certificate is refused.
    """

    address: str
    config: Cluster
    kind: str
    _complete: bool = False
    _told: str | None = None

    def __call__(self) -> bool:
        """
        Ask the scheduler.
        """
        from ingestd.run.flow import warm  # noqa: PLC0415 - heavy
        from ingestd.run.task_runner import connect, offers  # noqa: PLC0415 - heavy

        warm()
        try:
            found = offers(connect(self.address, self.config))
        except ComponentAway as err:
            self._tell(err)
            return False
        return self.enough(found)

    def _tell(self, err: ComponentAway) -> None:
        # By what is to be done: the words may differ in a port with each try.
        if self.config.address and not self._complete and err.hint != self._told:
            self._told = err.hint
            said = str(err.args[0])
            emit(ComponentLost("cluster", said, EAGER_SECONDS, err.hint))

    def enough(self, found: Sequence[Mapping[str, float]]) -> bool:
        """
        Tell whether workers that offer *found* can begin.
        """
        gpus = self.kind != "cuda" or Workforce.of(found).gpus > 0
        self._complete |= gpus and bool(found)
        return self._complete and bool(found)
