"""
The control socket: asked from outside, answered by the loop.
"""

from __future__ import annotations

import json
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestd.clock import Waker
from ingestd.daemon import control as control_module
from ingestd.daemon.control import SOCKET_NAME, Control, ask
from ingestd.errors import ComponentAway

pytestmark = pytest.mark.integration


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Say what was asked; ``full`` meets a full disk."""
    if request["command"] == "full":
        raise ComponentAway("disk", "the ledger's disk is full", hint="Free space")
    return {"heard": request["command"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state folder whose path is longer than a socket address may be."""
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 6)
    deep.mkdir(parents=True)
    assert len(str(deep / SOCKET_NAME)) > 107
    return deep


@pytest.fixture
def serving(folder: Path) -> Iterator[Control]:
    """A control socket, with a loop that answers."""
    waker, stop = Waker(), threading.Event()
    control = Control(str(folder), waker, answer)

    def loop() -> None:
        while not stop.is_set():
            control.serve()
            waker.wait(5)

    thread = threading.Thread(target=loop)
    control.start()
    thread.start()
    yield control
    stop.set()
    waker.wake()
    thread.join(10)
    control.stop()


def raw(folder: Path, data: bytes) -> bytes:
    """Send *data* as it is; return all that comes back."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        link = folder.parent.parent.parent.parent.parent.parent / "link"
        if not link.is_symlink():
            link.symlink_to(folder)
        client.connect(str(link / SOCKET_NAME))
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        got = b""
        while piece := client.recv(4096):
            got += piece
        return got


@pytest.mark.usefixtures("serving")
def test_a_request_gets_the_loops_answer(folder: Path) -> None:
    """However long the path of the state folder is."""
    assert ask(str(folder), {"command": "status"}) == {"heard": "status"}


@pytest.mark.usefixtures("serving")
def test_the_socket_is_for_its_user_alone(folder: Path) -> None:
    """Mode 0600."""
    mode = (folder / SOCKET_NAME).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\n",
        b"no json\n",
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b'{"command"',
    ],
)
def test_garbage_is_dropped_and_others_are_served(folder: Path, garbage: bytes) -> None:
    """A request that is no JSON ends its own connection only."""
    assert raw(folder, garbage) == b""
    assert ask(str(folder), {"command": "status"}) == {"heard": "status"}


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize("document", [None, [], [1], "x", 5, {}, {"comand": "x"}])
def test_a_wrong_document_is_answered_with_an_error(
    folder: Path, document: object
) -> None:
    """JSON that is no request gets a reply that says so."""
    reply = json.loads(raw(folder, json.dumps(document).encode() + b"\n"))
    assert "bad request" in reply["error"]


@pytest.mark.usefixtures("serving")
def test_an_error_of_the_answer_is_told_to_who_asked(folder: Path) -> None:
    """A full disk fails the request, with its hint; the loop goes on."""
    assert ask(str(folder), {"command": "full"}) == {
        "error": "the ledger's disk is full. Free space"
    }
    assert ask(str(folder), {"command": "status"}) == {"heard": "status"}


def test_an_answer_that_comes_too_late_is_empty(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that hangs keeps nobody waiting for ever; the request is not lost."""
    monkeypatch.setattr(control_module, "CLIENT_SECONDS", 0.05)
    control = Control(str(folder), Waker(), answer)
    control.start()
    assert raw(folder, b'{"command": "status"}\n') == b"{}\n"
    control.serve()
    control.stop()


def test_nobody_listens(folder: Path) -> None:
    """Without a daemon, with a dead one's socket, without a folder: None each time."""
    assert ask(str(folder), {"command": "status"}) is None
    assert ask(str(folder / "none"), {"command": "status"}) is None
    control = Control(str(folder), Waker(), answer)
    control.start()
    left = folder / "left"
    (folder / SOCKET_NAME).rename(left)
    control.stop()
    left.rename(folder / SOCKET_NAME)
    assert ask(str(folder), {"command": "status"}) is None


def test_start_replaces_what_a_dead_daemon_left_and_stop_removes_it(
    folder: Path,
) -> None:
    """Whatever lies at the name, start makes the socket and stop removes it."""
    (folder / SOCKET_NAME).write_bytes(b"")
    control = Control(str(folder), Waker(), answer)
    control.stop()
    control.start()
    assert (folder / SOCKET_NAME).is_socket()
    control.stop()
    control.stop()
    assert not (folder / SOCKET_NAME).exists()
    control.start()
    assert (folder / SOCKET_NAME).is_socket()
    control.stop()
