"""
The command line from end to end: init, check, run --once, and the questions after it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 300
ROOT = Path(__file__).resolve().parents[2]


def _ingestd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingestd", *arguments],
        # For the daemon's children too, which run in the state folder.
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.integration
@pytest.mark.xdist_group("live")
@pytest.mark.timeout(SECONDS)
def test_what_the_readme_promises(tmp_path: Path) -> None:
    """A good, a mixed and a bad file through the template: 3, and every verb agrees."""
    folder = tmp_path / "work"
    made = _ingestd("init", str(folder))
    assert "next: edit" in made.stdout
    config = folder / "config.toml"
    config.write_text(config.read_text().replace('"127.0.0.1:8750"', '""'))
    (folder / "data/inbox/good.csv").write_text(
        "ts,device,region,temp\n2026-01-01T00:00:00,1,north,1.5\n"
    )
    (folder / "data/inbox/mixed.csv").write_text(
        "ts,device,region,temp\n2026-01-01T00:00:00,1,north,warm\n"
        "2026-01-01T00:00:00,1,north,2.5\n"
    )
    (folder / "data/inbox/bad.csv").write_text(
        "ts,device,temp,temp\n2026-01-01T00:00:00,1,2.5,2.5\n"
    )

    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        verb, *rest = arguments
        return _ingestd(verb, "-c", str(config), *rest)

    assert 0 == ask("check").returncode
    ran = ask("run", "--once")
    assert 3 == ran.returncode, ran.stderr
    files = {
        row["path"]: row["state"] for row in json.loads(ask("files", "--json").stdout)
    }
    committed = dict.fromkeys(["good.csv", "mixed.csv"], "committed")
    assert committed | {"bad.csv": "quarantined"} == files
    (reject,) = json.loads(ask("rejects", "--json").stdout)
    assert ("mixed.csv", 2, "bad_value") == (
        reject["path"],
        reject["line"],
        reject["reason"],
    )
    assert 0 == ask("verify", "--deep").returncode
    assert "duplicate_column" in ask("why", "bad.csv").stdout
    assert "bad_value" in ask("why", "mixed.csv").stdout
    assert "1 file will be read again" in ask("retry", "--all").stdout
