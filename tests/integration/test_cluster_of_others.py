"""
A daemon on a scheduler that others run, with a worker that says it has a GPU, beside
one for the CPU.
"""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from ingestd.run.child import Child
from ingestd.run.cluster import EXPLICIT, LOOPBACK, QUIET, free_port
from tests.live import PATH, Daemon, content, expected_rows, output_rows, verb

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PATIENCE_SECONDS = 120.0
FILES, ROWS = 3, 100
WORKER = "worker --host 127.0.0.1 --nworkers 1 --preload ingestd.run.preload"
KINDS = {
    "gpu": f"{WORKER} --nthreads 1 --resources GPU=1",
    "cpu": f"{WORKER} --nthreads 2 --resources CPU=2",
}


class Others:
    """
    A scheduler and its workers; *lines* is what they write, each with its service.
    """

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.address = f"tcp://{LOOPBACK}:{port}"
        self.lines: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self.seen: list[tuple[str, str]] = []
        self.children = [
            self._child(
                folder, "scheduler", f"scheduler --host {LOOPBACK} --port {port}"
            ),
            *(
                self._child(folder, name, f"{command} {self.address}")
                for name, command in KINDS.items()
            ),
        ]

    def wait_for(self, service: str, text: str) -> None:
        """
        Wait until *service* writes a line with *text*, or return if it has.
        """
        while not any(text in line for name, line in self.seen if name == service):
            self.seen.append(self.lines.get(timeout=PATIENCE_SECONDS))

    def _child(self, folder: Path, name: str, command: str) -> Child:
        options = [*command.split(), "--dashboard-address", f"{LOOPBACK}:0"]
        child = Child(
            name,
            lambda: [sys.executable, "-m", "dask", *options],
            lambda: {"PYTHONPATH": PATH, **QUIET, **EXPLICIT},
            lambda service, line: self.lines.put((service, line)),
            str(folder),
        )
        child.start(0.0)
        return child


@pytest.fixture
def others(tmp_path: Path) -> Iterator[Others]:
    """
    A cluster; its workers are ended first.
    """
    folder = tmp_path / "others"
    folder.mkdir()
    made = Others(folder)
    yield made
    for child in made.children:
        child.ask_to_stop()
    for child in reversed(made.children):
        child.stop()


def test_a_gpu_that_does_not_compute_holds_up_nobody(
    make_daemon: Callable[..., Daemon], others: Others
) -> None:
    """
    Its units are read by the CPU engine in the same attempt, and its process is
    replaced.
    """
    if find_spec("cupy"):
        pytest.skip("cupy is here: a GPU may compute")
    for name in KINDS:
        others.wait_for(name, "Registered to")
    head = f'[cluster]\naddress = "{others.address}"\ngpu_min_bytes = 1'
    daemon = make_daemon(head, "").start()
    for number in range(FILES):
        whole = content(number, ROWS)
        (daemon.folder / "inbox" / f"{number}.csv").write_bytes(whole)
    daemon.wait_for_rows(FILES * ROWS)
    others.wait_for("gpu", "Restarting worker")
    assert daemon.stop() == 143
    told = daemon.events("unit_left_to_cpu")
    committed = daemon.events("batch_committed")
    assert len(told) >= 1
    assert "this Python cannot import what the GPU needs" in told[0]["error"]
    assert {(1, False)} == {(b["attempt"], b["bypassed"]) for b in committed}
    assert daemon.events("batch_failed") == []
    expected = expected_rows(dict.fromkeys(range(FILES), ROWS))
    assert expected == output_rows(daemon.folder)


def test_small_units_do_not_go_to_the_gpu(
    make_daemon: Callable[..., Daemon], others: Others
) -> None:
    """
    Below the size at which it is faster they are read by the CPU's worker, by default;
    and check tells who is there.
    """
    for name in KINDS:
        others.wait_for(name, "Registered to")
    daemon = make_daemon(f'[cluster]\naddress = "{others.address}"', "")
    checked = verb(daemon.folder, "check")
    kinds = "2 workers, 1 with a GPU, 1 for the CPU alone"
    assert f"{others.address}: {kinds}" in checked.stdout
    assert "2 workers: read the source, write the staging" in checked.stdout
    daemon.start()
    (daemon.folder / "inbox" / "0.csv").write_bytes(content(0, ROWS))
    daemon.wait_for_rows(ROWS)
    assert daemon.stop() == 143
    assert daemon.events("unit_left_to_cpu") == []
