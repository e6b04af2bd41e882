"""
retry: into a new batch, through the daemon where one runs.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ingestd.clock import Waker
from ingestd.daemon.control import Control
from ingestd.model import Outcome
from tests.integration.cli_kit import World, made_world  # noqa: F401 - a fixture


def test_a_quarantined_file_is_ready_again(world: World) -> None:
    """Without a daemon the verb takes the lock itself, and lets it go."""
    world.commit(b"bad.csv", outcome=Outcome.QUARANTINED)

    answer = world.ask("retry", "bad.csv")

    assert (0, "") == (answer.code, answer.err)
    assert "bad.csv: ready, in a new batch" in answer.out
    assert ["ready"] == [row["state"] for row in world.ask("files", "--json").json]
    with world.ledger():
        pass


def test_a_committed_file_is_refused_with_the_reason(world: World) -> None:
    """Its rows are in the output already; the others are retried all the same."""
    world.commit(b"good.csv")
    world.commit(b"bad.csv", outcome=Outcome.QUARANTINED)

    answer = world.ask("retry", "good.csv", "bad.csv", "never-seen.csv")

    assert 2 == answer.code
    assert "good.csv: not retried: it is committed" in answer.out
    assert "bad.csv: ready" in answer.out
    assert "never-seen.csv: not retried" in answer.out
    assert "1 file will be read again" in answer.out


def test_all_takes_what_is_quarantined_now(world: World) -> None:
    """A quarantined version that a good one has replaced is left alone."""
    world.commit(b"bad.csv", b"worse.csv", outcome=Outcome.QUARANTINED)
    world.admit(b"worse.csv", version=2)

    answer = world.ask("retry", "--all")

    assert 0 == answer.code
    assert "1 file will be read again" in answer.out
    assert "nothing is quarantined" in world.ask("retry", "--all").out


def test_a_path_or_all_is_wanted(world: World) -> None:
    """Neither and both are wrong arguments."""
    assert 2 == world.ask("retry").code
    assert 2 == world.ask("retry", "--all", "a.csv").code


def test_a_folder_that_is_held_is_reported(world: World) -> None:
    """A daemon that holds the lock and has no socket yet: exit code 5, a sentence."""
    world.commit(b"bad.csv", outcome=Outcome.QUARANTINED)
    with world.ledger():
        answer = world.ask("retry", "bad.csv")

    assert 5 == answer.code
    assert "another daemon" in answer.err


def test_a_running_daemon_is_asked(world: World) -> None:
    """The paths go through its socket, in hexadecimal, with their pipeline."""
    world.commit(b"bad.csv", outcome=Outcome.QUARANTINED)
    asked: list[dict[str, Any]] = []

    with _daemon(world, asked):
        answer = world.ask("retry", "bad.csv")
        running = world.ask("status", "--json").json["daemon"]

    assert 0 == answer.code
    expected = {"pipeline": "sensors", "path": b"bad.csv".hex()}
    assert [[], [expected]] == [r["files"] for r in asked if r["command"] == "retry"]
    assert (True, True, ["prefect is starting"]) == (
        running["running"],
        running["answers"],
        running["away"],
    )


def test_why_shows_what_the_daemon_waits_for(world: World) -> None:
    """What holds the file and when it is looked at next comes from the daemon."""
    (world.inbox / "new.csv").touch()
    world.commit(b"a.csv")

    with _daemon(world, []):
        answer = world.ask("why", "new.csv")

    assert "held by   a writer has it open" in answer.out
    assert "waiting   prefect is starting" in answer.out


@contextmanager
def _daemon(world: World, asked: list[dict[str, Any]]) -> Iterator[None]:
    def reply(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        if request["command"] == "retry":
            return {"retried": [True] * len(request["files"])}
        away = ["prefect is starting"]
        return {"holding": "a writer has it open", "away": away}

    waker, ended = Waker(), threading.Event()
    control = Control(str(world.folder / "var"), waker, reply)

    def loop() -> None:
        while not ended.is_set():
            waker.wait(60.0)
            control.serve()

    thread = threading.Thread(target=loop)
    control.start()
    thread.start()
    try:
        yield
    finally:
        ended.set()
        waker.wake()
        thread.join()
        control.stop()
