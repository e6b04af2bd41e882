"""
The log beside the real Prefect, Dask and distributed, in a process of its own.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

_CODE = """
import io, logging, sys
from types import SimpleNamespace
from ingestd.observe import log
settings = SimpleNamespace(format="json", level="info", file=None)
lines = log.configure(settings, sys.stdout)
import prefect, distributed
from prefect.logging import get_logger
get_logger("x")
lines.adopt_foreign()
for name in ("prefect.x", "distributed.y", "dask.z", "watchdog.w", "uvicorn.error"):
    logging.getLogger(name).info("quiet")
    logging.getLogger(name).warning("loud")
lines.close()
"""


def test_libraries_speak_in_our_form(tmp_path):
    """
    After the imports that install handlers, warnings come once, as JSON; INFO never.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _CODE],
        capture_output=True,
        text=True,
        check=True,
        timeout=55,
        cwd=Path(__file__).parents[2],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "DO_NOT_TRACK": "1"},
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    names = ("prefect.x", "distributed.y", "dask.z", "watchdog.w", "uvicorn.error")
    lines = [(e["event"], e["library"], e["message"]) for e in told]
    assert [("library_complained", name, "loud") for name in names] == lines
    assert "" == done.stderr
