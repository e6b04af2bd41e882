"""
The units of the scheduler and the workers: as systemd reads them, and what they start.
"""

from __future__ import annotations

import os
import queue
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from distributed import Client

from ingestd.config import Cluster
from ingestd.errors import ComponentAway
from ingestd.run import cluster
from ingestd.run.child import Child
from ingestd.run.cluster import LOOPBACK, free_port
from ingestd.run.scheduler import ask
from ingestd.run.task_runner import connect, disconnect, offers
from tests.live import (
    PATH,
    ROOT,
    Daemon,
    content,
    expected_rows,
    output_rows,
    verb,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

UNITS = ("ingestd-scheduler.service", "ingestd-cpu.service", "ingestd-gpu@.service")
FOLDER = ROOT / "systemd"
DASK = "/opt/ingestd/.venv/bin/dask"
PATIENCE_SECONDS = 90.0
ROWS = 100
_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is not installed (package systemd)",
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        capture_output=True, text=True, timeout=50, check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
    )  # fmt: skip


def shared() -> dict[str, str]:
    """
    Return what cluster.env sets.
    """
    lines = (FOLDER / "cluster.env").read_text().splitlines()
    pairs = [line.partition("=") for line in lines if line and line[0] != "#"]
    return {name: value for name, _, value in pairs}


def started(unit: str, values: dict[str, str]) -> list[str]:
    """
    Return the arguments that *unit* gives to Dask, *values* put in.
    """
    text = (FOLDER / unit).read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    for name, value in values.items():
        line = line.replace(name, value)
    program, *arguments = shlex.split(line)
    assert program == DASK
    return arguments


@_analyze
@pytest.mark.parametrize("unit", UNITS)
def test_verify_is_clean(tmp_path: Path, unit: str) -> None:
    """
    No unknown key, no bad value; the program's path is replaced by one that exists.
    """
    text = (FOLDER / unit).read_text()
    assert text.count(DASK) == 1
    copy = tmp_path / unit.replace("@", "@0")
    copy.write_text(text.replace(DASK, shutil.which("true") or "true"))
    done = analyze("verify", "--man=no", str(copy))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@_analyze
@pytest.mark.parametrize("unit", UNITS)
def test_exposure_is_low(unit: str) -> None:
    """
    Also a GPU's worker stays below 2.0 of 10.
    """
    at = str(FOLDER / unit)
    done = analyze("security", "--offline=true", "--threshold=20", "--no-pager", at)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_settings_are_those_of_the_daemon_s_own_cluster() -> None:
    """
    So that retrying is the ledger's there too, and an idle cluster costs nothing.
    """
    found = shared()
    for name, value in (cluster.QUIET | cluster.EXPLICIT).items():
        assert found[name] == value


def test_the_workers_are_those_of_the_daemon_s_own_cluster(tmp_path: Path) -> None:
    """
    Each option that the daemon gives to its workers stands in their units.
    """
    config = Cluster(threads_per_worker=2)
    made = cluster.ChildCluster(config, "cuda", str(tmp_path), {}, lambda *_: None)
    _, gpu, cpu = made.children
    values = {"${INGESTD_SCHEDULER}": made.address}
    theirs = {"--host", LOOPBACK, "--name", "ingestd-1", str(tmp_path / "cluster")}
    for unit, child in (("ingestd-gpu@.service", gpu), ("ingestd-cpu.service", cpu)):
        ours = set(child.command()[2:]) - theirs
        assert ours - set(started(unit, values)) == {"dask"}


class Started:
    """
    A scheduler and a worker as their units start them, on this machine, with TLS.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"tls://{LOOPBACK}:{free_port()}"
        self.lines: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self.children = [self._child(unit) for unit in UNITS[:2]]

    @property
    def config(self) -> Cluster:
        names = {"tls_ca": "ca.pem", "tls_cert": "cert.pem", "tls_key": "key.pem"}
        paths = {key: str(self.folder / name) for key, name in names.items()}
        return Cluster(address=self.address, **paths)

    def wait_for(self, text: str) -> None:
        while text not in self.lines.get(timeout=PATIENCE_SECONDS)[1]:
            pass

    def _child(self, unit: str) -> Child:
        found = {
            name: value.replace("/etc/ingestd/tls", str(self.folder))
            for name, value in shared().items()
        }
        values = {"${INGESTD_SCHEDULER}": self.address, "%C": str(self.folder)}
        command = [sys.executable, "-m", "dask", *started(unit, values)]
        child = Child(
            unit,
            lambda: command,
            lambda: {"PYTHONPATH": PATH, **found},
            lambda service, line: self.lines.put((service, line)),
            str(self.folder),
        )
        child.start(0.0)
        return child


def certified(folder: Path) -> None:
    guide = (ROOT / "docs" / "cluster.md").read_text()
    (script,) = re.findall(r"```sh\n(openssl req.*?)```", guide, re.DOTALL)
    subprocess.run(["sh", "-e", "-c", script], cwd=folder, check=True, env=os.environ)


def cluster_section(config: Cluster) -> str:
    keys = ("address", "tls_ca", "tls_cert", "tls_key")
    lines = [f"{key} = {str(getattr(config, key))!r}" for key in keys]
    return "\n".join(["[cluster]", *lines])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Started]:
    """
    The cluster, with certificates as the guide has them made.
    """
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    certified(tmp_path)
    with ExitStack() as stack:
        made = Started(tmp_path)
        for child in made.children:
            stack.callback(child.stop)
        yield made
        disconnect(made.address)


def test_a_cluster_of_the_units_takes_who_has_a_certificate(running: Started) -> None:
    """
    And nobody else; its worker offers itself for the CPU.
    """
    running.wait_for("Registered to")
    assert offers(connect(running.address, running.config)) == [{"CPU": 2}]
    assert ask(running.config, 10) == [{"CPU": 2}]
    with pytest.raises((OSError, TypeError)):
        Client(running.address.replace("tls", "tcp"), timeout=2, set_as_default=False)
    with pytest.raises(ComponentAway):
        ask(Cluster(address=running.address), 5)


def test_a_batch_is_read_by_a_cluster_with_certificates(
    make_daemon: Callable[..., Daemon], running: Started
) -> None:
    """
    By the flow, in its first attempt, with every row.
    """
    running.wait_for("Registered to")
    daemon = make_daemon(cluster_section(running.config), "").start()
    (daemon.folder / "inbox" / "0.csv").write_bytes(content(0, ROWS))
    daemon.wait_for_rows(ROWS)
    assert daemon.stop() == 143
    (committed,) = daemon.events("batch_committed")
    assert (committed["attempt"], committed["bypassed"]) == (1, False)
    assert daemon.events("component_lost") == []
    assert expected_rows({0: ROWS}) == output_rows(daemon.folder)


def test_another_authority_is_told(
    make_daemon: Callable[..., Daemon], running: Started, tmp_path: Path
) -> None:
    """
    Once, with what to do about it; the daemon waits, and check says the same.
    """
    running.wait_for("Registered to")
    other = tmp_path / "other"
    other.mkdir()
    certified(other)
    stranger = running.config.model_copy(update={"tls_ca": str(other / "ca.pem")})
    with pytest.raises(ComponentAway, match="CERTIFICATE_VERIFY_FAILED") as refused:
        ask(stranger, 10)
    daemon = make_daemon(cluster_section(stranger), "")
    assert refused.value.hint in verb(daemon.folder, "check").stdout
    told = daemon.start().wait_for("component_lost")
    assert daemon.stop() == 143
    assert [told] == daemon.events("component_lost")
    assert "certificate" in told["error"]
    assert f"cluster.tls_ca ({stranger.tls_ca}) must be the authority" in told["hint"]
    assert refused.value.hint == told["hint"]
