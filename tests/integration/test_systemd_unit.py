"""
The unit file, as systemd itself reads it.
"""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

_FOLDER = Path(__file__).parents[2] / "systemd"
_UNIT = _FOLDER / "ingestd.service"
_PROGRAM = "/opt/ingestd/.venv/bin/ingestd"
_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="systemd-analyze is not installed (package systemd)",
)


def settings():
    """
    Return key → values, in order, comments left out.
    """
    found = {}
    for line in _UNIT.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", *arguments],
        capture_output=True, text=True, timeout=50, check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
    )  # fmt: skip


@_analyze
def test_verify_is_clean(tmp_path):
    """
    No unknown key, no bad value; the program's path is replaced by one that exists.
    """
    program = tmp_path / "ingestd"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = _UNIT.read_text()
    assert 1 == text.count(_PROGRAM)
    copy = tmp_path / "ingestd.service"
    copy.write_text(text.replace(_PROGRAM, str(program)))
    done = analyze("verify", "--man=no", str(copy))
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


@_analyze
def test_exposure_is_low():
    """
    The sandbox stays as tight as it was measured: below 2.0 of 10.
    """
    done = analyze(
        "security", "--offline=true", "--threshold=20", "--no-pager", str(_UNIT)
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def test_notify_and_watchdog():
    """
    Ready means watching, only the daemon speaks, and silence is noticed.
    """
    unit = settings()
    assert ["notify"] == unit["Type"]
    assert ["main"] == unit["NotifyAccess"]
    assert int(unit["WatchdogSec"][0]) > 0


def test_stop_outlasts_the_drain():
    """
    TimeoutStopSec is above the default of drain_seconds.
    """
    from ingestd.config import Config

    drain = Config.model_fields["drain_seconds"].default
    assert int(settings()["TimeoutStopSec"][0]) > drain


def test_no_restart_for_what_a_restart_cannot_mend():
    """
    A wrong configuration, wrong arguments and a held state folder stay down.
    """
    from ingestd.errors import ConfigError, StateLocked

    codes = {int(code) for code in settings()["RestartPreventExitStatus"][0].split()}
    assert {2, ConfigError.exit_code, StateLocked.exit_code} == codes


def test_sandbox_keeps_what_the_program_needs():
    """
    Settings that break Polars, Dask or the sharing of folders stay out.
    """
    unit = settings()
    assert "POLARS_SKIP_CPU_CHECK=1" in unit["Environment"]
    assert ["yes"] == unit["MemoryDenyWriteExecute"]
    assert "ProcSubset" not in unit
    assert "DynamicUser" not in unit
    assert ["EPERM"] == unit["SystemCallErrorNumber"]


def test_the_guide_s_commands_match_the_unit():
    """
    docs/systemd.md names the same program, user and folders, and its TOML parses.
    """
    guide = (_FOLDER.parent / "docs" / "systemd.md").read_text()
    assert _PROGRAM in guide
    for name in re.findall(r"systemd/(ingestd\S*)", guide):
        assert (_FOLDER / name).is_file()
    (config,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL | re.MULTILINE) or [
        "".join(re.findall(r" {3}```toml\n(.*?) {3}```", guide, re.DOTALL))
    ]
    parsed = tomllib.loads(config)
    assert "/var/lib/ingestd" == parsed["state_dir"]
    tmpfiles = (_FOLDER / "ingestd.tmpfiles.conf").read_text()
    assert parsed["pipelines"][0]["source"]["url"] in tmpfiles
