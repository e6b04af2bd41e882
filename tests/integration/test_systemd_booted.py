"""
The service under a real systemd: told when it is ready, and when its loop hangs.

A command of its own, since it takes two minutes: ``pytest -m soak`` with this file. The
unit hides /tmp and /home, so nothing that it runs may lie there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from uuid import uuid4

import pytest

from tests.live import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.soak, pytest.mark.timeout(400)]

HERE = Path(__file__).parent / "systemd"
SYSTEMD = Path("/lib/systemd/systemd")
CONFIG = """
state_dir = "/var/lib/ingestd"
[http]
listen = ""
[[pipelines]]
name = "pairs"
[pipelines.source]
url = "/srv/ingestd/inbox"
[pipelines.schema]
a = "int64"
b = "int64"
[pipelines.sink]
url = "/srv/ingestd/outbox/pairs"
"""
DROP_IN = """
[Service]
WatchdogSec=10
RestartSec=0
StandardOutput=append:/out/log
StandardError=append:/out/complaints
"""


def control_groups() -> Path | None:
    """
    Return where control groups of version 2 are mounted, if they are.
    """
    lines = Path("/proc/mounts").read_text().splitlines()
    found = [line.split()[1] for line in lines if line.split()[2] == "cgroup2"]
    return Path(found[0]) if found else None


def lacking() -> str:
    """
    Return what this machine lacks for a systemd of its own, "" if nothing.
    """
    if ROOT.parts[1] in {"tmp", "home", "root"}:
        return f"the unit hides {ROOT} from what runs in it"
    if os.geteuid() != 0:
        return "a systemd of its own needs root"
    if not SYSTEMD.exists() or shutil.which("unshare") is None:
        return "systemd or unshare is not installed"
    groups = control_groups()
    if groups is None or not os.access(groups, os.W_OK):
        return "no control groups of version 2 that can be written"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--cgroup", "true"], check=False
    )
    return "namespaces are not permitted" if tried.returncode else ""


def write(root: Path, at: str, text: str, mode: int = 0o644) -> None:
    path = root / at
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def prepare(folder: Path) -> None:
    """
    Lay out what goes over the machine's files: unit, program, configuration, folders.
    """
    root = folder / "root"
    unit = (ROOT / "systemd" / "ingestd.service").read_text()
    write(root, "etc/systemd/system/ingestd.service", unit)
    write(root, "etc/systemd/system/ingestd.service.d/test.conf", DROP_IN)
    write(root, "etc/ingestd/config.toml", CONFIG)
    settings = {
        "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}",
        "LD_LIBRARY_PATH": "/opt/python/lib",
    }
    python = f"/opt/python/bin/{Path(sys.executable).resolve().name}"
    lines = [f"export {name}={value}" for name, value in settings.items()]
    program = ["#!/bin/sh", *lines, f'exec {python} -m ingestd "$@"', ""]
    write(root, "opt/ingestd/.venv/bin/ingestd", "\n".join(program), 0o755)
    for name in ("inbox", "outbox"):
        (root / "srv" / "ingestd" / name).mkdir(parents=True)
    (folder / "python").symlink_to(sys.base_prefix)
    shutil.copy(HERE / "drive.sh", folder)


def boot(folder: Path, groups: Path) -> dict[str, dict[str, str]]:
    """
    Run it; return what systemd said of the service, by moment.
    """
    group = groups / f"ingestd-{uuid4().hex}"
    try:
        command = ["sh", str(HERE / "boot.sh"), str(folder), str(group)]
        subprocess.run(command, check=False, timeout=350)
    finally:
        # The namespace's first process is gone, and what it ran goes with it.
        kill = group / "cgroup.kill"
        if kill.exists():
            kill.write_text("1")
        for path in sorted(group.rglob("*"), reverse=True):
            if path.is_dir():
                path.rmdir()
        group.rmdir()
    seen: dict[str, dict[str, str]] = {}
    moment = ""
    for line in (folder / "out" / "seen").read_text().splitlines():
        name, _, value = line.partition("=")
        if line.startswith("["):
            moment = line.strip("[]")
            seen[moment] = {}
        else:
            seen[moment][name] = value
    return seen


def test_it_is_started_watched_and_stopped(tmp_path: Path) -> None:
    """
    It is active when it says so, is started again when its loop hangs, and what came
    meanwhile is committed; its unit's hardening lets it work.
    """
    if lack := lacking():
        pytest.skip(lack)
    groups = control_groups()
    assert groups is not None
    prepare(tmp_path)
    seen = boot(tmp_path, groups)
    said = (tmp_path / "out" / "errors").read_text()
    assert ["started", "committed", "restarted", "stopped"] == list(seen), said
    states = {name: moment["ActiveState"] for name, moment in seen.items()}
    running = dict.fromkeys(("started", "committed", "restarted"), "active")
    assert {**running, "stopped": "inactive"} == states
    assert {"0", "1"} == {moment["NRestarts"] for moment in seen.values()}
    assert "success" == seen["stopped"]["Result"]
    assert "2" == seen["stopped"]["parts"]
