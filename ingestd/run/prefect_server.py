"""
The embedded Prefect server: a supervised child on loopback with its home in our state.
"""

from __future__ import annotations

import http.client
import sys
import urllib.request
from pathlib import Path

import certifi

from ingestd.run.child import Child, LineSink
from ingestd.run.cluster import LOOPBACK, free_port

RETENTION = "P7D"  # ISO 8601: a plain number of seconds is refused for events

# Prefect's SQLite answers "database is locked" for seconds when its recorders write
# row by row; nobody uses its schedules, triggers and notices here.
SERVER = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": RETENTION,
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": RETENTION,
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
}
CLIENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    # Without a tracked result there is nothing to store, and no cache to look up.
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_TASKS_DEFAULT_RETRIES": "0",
    "PREFECT_FLOWS_DEFAULT_RETRIES": "0",
}


def environment(state_dir: str, api_url: str) -> dict[str, str]:
    """
    Return Prefect's settings for the daemon, its workers and its server alike.

    A home of our own keeps the user's Prefect profile out of the daemon.
    """
    folder = Path(state_dir, "prefect")
    home = {"PREFECT_HOME": str(folder), "PREFECT_API_URL": api_url}
    if api_url.startswith("http:"):
        home["PREFECT_API_SSL_CERT_FILE"] = str(_one_certificate(folder))
    return {**CLIENT, **home}


def _one_certificate(folder: Path) -> Path:
    """
    Write a CA bundle of one certificate into *folder*; return its path.

    Without TLS there is no certificate to check, but each of Prefect's clients loads
    the whole bundle first: 70 ms of CPU, several times in every flow run.
    """
    bundle = Path(certifi.where()).read_text(encoding="utf-8")
    end = "-----END CERTIFICATE-----\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ca.pem"
    path.write_text(bundle.partition(end)[0] + end, encoding="utf-8")
    return path


class PrefectServer:
    """
    The server as a child process, or one that others run at *api_url*.
    """

    def __init__(self, state_dir: str, api_url: str | None, on_line: LineSink) -> None:
        """
        Prepare the child, unless *api_url* names a server.
        """
        self.api_url = api_url or f"http://{LOOPBACK}:{free_port()}/api"
        self._state_dir = state_dir
        self._child = None if api_url else self._make(on_line)

    @property
    def children(self) -> list[Child]:
        """
        The server's process; empty where others run it.
        """
        return [self._child] if self._child else []

    def start(self, now: float) -> None:
        """
        Begin to start; the first start takes seconds, since it makes its database.
        """
        if self._child:
            Path(self._state_dir, "prefect").mkdir(parents=True, exist_ok=True)
            self._child.start(now)

    def tick(self, now: float) -> None:
        """
        Replace the server when it has died.
        """
        if self._child:
            self._child.tick(now)

    def next_due(self) -> float | None:
        """
        Return when ``tick`` has something to restart.
        """
        return self._child.next_due() if self._child else None

    def answers(self, timeout: float = 2.0) -> bool:
        """
        Return whether the API answers. Blocks up to *timeout* seconds.
        """
        request = f"{self.api_url}/health"
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
                return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
        except (OSError, http.client.HTTPException):
            # Nobody there, or somebody who is no HTTP server.
            return False

    def stop(self) -> None:
        """
        End the child; harmless twice.
        """
        if self._child:
            self._child.stop()

    def _make(self, on_line: LineSink) -> Child:
        port = self.api_url.rpartition(":")[2].partition("/")[0]
        command = [sys.executable, "-m", "ingestd.run.prefect_app", port]
        return Child(
            "prefect",
            lambda: command,
            self._settings,
            on_line,
            self._state_dir,
            address=self.api_url.removesuffix("/api"),
        )

    def _settings(self) -> dict[str, str]:
        # By default Prefect copies its UI into its own package, which a hardened
        # service may not write to: then there would be no UI.
        pages = str(Path(self._state_dir, "prefect", "ui"))
        client = environment(self._state_dir, self.api_url)
        return {**client, **SERVER, "PREFECT_SERVER_UI_STATIC_DIRECTORY": pages}
