"""
What Prefect knows of a batch, and what becomes of batches without Prefect.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from tests.live import (
    PATIENCE_SECONDS,
    Daemon,
    content,
    expected_rows,
    output_rows,
    verb,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

NOBODY = "http://127.0.0.1:9/api"


def _asked(url: str, kind: str) -> list[dict]:
    answer = httpx.post(f"{url}/api/{kind}/filter", json={}, timeout=30)
    answer.raise_for_status()
    return answer.json()


def _task_runs(url: str, flow_run: str) -> list[str]:
    """Return the names, when there is one: Prefect records tasks a little later."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = [r for r in _asked(url, "task_runs") if r["flow_run_id"] == flow_run]
        if found:
            return [run["name"] for run in found]
        time.sleep(0.1)  # between two looks
    return []


def test_a_batch_is_found_in_prefect(make_whole_daemon: Callable[..., Daemon]) -> None:
    """A flow run bears the batch's name, tags, ids and files, and no content."""
    daemon = make_whole_daemon().start()
    (daemon.folder / "inbox" / "1.csv").write_bytes(content(1, 3))
    batch = daemon.wait_for("batch_committed")["batch"]
    url = daemon.events("service_started")[0]["address"]
    (run,) = [run for run in _asked(url, "flow_runs") if run["name"] == batch]
    assert run["state_type"] == "COMPLETED"
    assert sorted(run["tags"]) == [f"batch:{batch}", "pipeline:rows"]
    assert run["parameters"] == {"pipeline": "rows", "batch": batch}
    listings = [
        artifact
        for artifact in _asked(url, "artifacts")
        if artifact["flow_run_id"] == run["id"]
    ]
    assert ["1.csv" in listing["data"] for listing in listings] == [True]
    assert _task_runs(url, run["id"]) == ["read-unit-0"]
    assert "text 1-0" not in str(run) + str(listings)
    page = httpx.get(url, timeout=30)
    assert page.status_code == 200
    assert "<html" in page.text
    # A hardened service may write to its state alone, so the pages are served from it.
    assert any((daemon.folder / "var" / "prefect" / "ui").rglob("index.html"))
    assert daemon.stop() == 143


def test_without_prefect_batches_are_bypassed_and_marked(
    make_daemon: Callable[..., Daemon],
) -> None:
    """No server, when_down = "bypass": the rows come, and every place says how."""
    head = f'[prefect]\napi_url = "{NOBODY}"\nstart_seconds = 0\n'
    daemon = make_daemon(head).start()
    (daemon.folder / "inbox" / "1.csv").write_bytes(content(1, 30))
    committed = daemon.wait_for("batch_committed")
    assert committed["bypassed"] is True
    assert daemon.events("batch_bypassed") != []
    assert daemon.stop() == 143
    assert expected_rows({1: 30}) == output_rows(daemon.folder)
    assert '"bypassed": true' in verb(daemon.folder, "batches", "--json").stdout


def test_when_down_wait_holds_batches(make_daemon: Callable[..., Daemon]) -> None:
    """No server, when_down = "wait": the file is admitted and held, and why says it."""
    head = f'[prefect]\napi_url = "{NOBODY}"\nstart_seconds = 0\nwhen_down = "wait"\n'
    daemon = make_daemon(head).start()
    (daemon.folder / "inbox" / "1.csv").write_bytes(content(1, 30))
    daemon.wait_for("files_admitted")
    shown = verb(daemon.folder, "why", "1.csv")
    assert shown.returncode == 0
    assert "prefect" in shown.stdout
    assert daemon.stop() == 143
    assert daemon.events("batch_committed") == []
    assert "ready" in verb(daemon.folder, "files", "--json").stdout
