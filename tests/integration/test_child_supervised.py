"""
Child processes: restarted, listened to, ended; none outlives who started it.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingestd.observe.events import (
    ServiceDied,
    ServiceRestarted,
    ServiceStarted,
    capture,
)
from ingestd.run import child as child_module
from ingestd.run.child import STEADY_SECONDS, Child
from tests.live import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

Lines = queue.SimpleQueue[tuple[str, str]]
Make = Callable[[str], Child]


@pytest.fixture
def lines() -> Lines:
    """What children wrote."""
    return queue.SimpleQueue()


@pytest.fixture
def make(tmp_path: Path, lines: Lines) -> Iterator[Make]:
    """Make children that run a Python text; stopped at the end."""
    made: list[Child] = []

    def one(text: str) -> Child:
        child = Child(
            "service",
            lambda: [sys.executable, "-u", "-c", text],
            lambda: {"PYTHONPATH": str(ROOT), "NEWS": "from outside"},
            lambda name, line: lines.put((name, line)),
            str(tmp_path),
            address="tcp://somewhere:1",
        )
        made.append(child)
        return child

    yield one
    for child in made:
        child.kill()
        child.stop()


def next_line(lines: Lines) -> str:
    """Wait for a line; they come from a thread."""
    name, line = lines.get(timeout=60)
    assert name == "service"
    return line.rstrip("\n")


def wait_dead(child: Child) -> None:
    """Wait until the process has ended."""
    end = time.monotonic() + 60
    while child.running:
        assert time.monotonic() < end
        time.sleep(0.01)  # between two looks


def gone(pid: int) -> bool:
    """Whether the process has ended, if need be as somebody's zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def wait_gone(pid: int) -> None:
    """Wait until a process that is no child of ours has ended."""
    end = time.monotonic() + 60
    while not gone(pid):
        assert time.monotonic() < end, "it outlived its parent"
        time.sleep(0.01)  # between two looks


def test_its_lines_and_its_environment(
    make: Make, lines: Lines, tmp_path: Path
) -> None:
    """Both streams come out line by line, odd bytes escaped; it runs in its folder."""
    child = make(
        "import os, sys\n"
        "print(os.environ['NEWS'])\n"
        "print(os.getcwd(), file=sys.stderr)\n"
        "sys.stdout.buffer.write(b'\\xff odd')\n"
    )
    with capture() as seen:
        child.start(0.0)
    assert seen == [ServiceStarted("service", child.pid, "tcp://somewhere:1")]
    got = [next_line(lines) for _ in range(3)]
    assert got == ["from outside", str(tmp_path), "\\xff odd"]


def test_a_child_that_dies_is_restarted_after_a_growing_while(
    make: Make, lines: Lines
) -> None:
    """Each death is found once and told with its cause; restarts are counted."""
    child = make("print('up'); raise SystemExit(3)")
    child.start(0.0)
    now, delays = 0.0, []
    for restart in range(1, 6):
        assert next_line(lines) == "up"
        wait_dead(child)
        with capture() as seen:
            assert child.tick(now) is True
            due = child.next_due()
            assert due is not None
            assert due > now
            assert child.tick(due - 0.001) is False
            assert child.pid == 0
            assert child.tick(due) is False
        died, restarted = seen
        assert isinstance(died, ServiceDied)
        assert isinstance(restarted, ServiceRestarted)
        assert died.error == "exit code 3"
        assert restarted.restarts == restart
        delays.append(due - now)
        now = due
    # The jitter takes half at most, and each try doubles: two steps always grow.
    assert all(later > early for early, later in zip(delays, delays[2:], strict=False))


def test_a_steady_child_is_restarted_soon_again(make: Make, lines: Lines) -> None:
    """A while without a death forgets the earlier ones."""
    child = make(
        "print('up'); import sys; sys.stdin.read(); import time; time.sleep(99)"
    )
    child.start(0.0)
    now = 0.0
    for _ in range(6):
        assert next_line(lines) == "up"
        child.kill()
        assert child.tick(now) is True
        now = child.next_due() or 0.0
        child.tick(now)
    assert child.tick(now + STEADY_SECONDS + 1) is False
    now += STEADY_SECONDS + 1
    child.kill()
    with capture() as seen:
        child.tick(now)
    (died,) = seen
    assert isinstance(died, ServiceDied)
    assert died.error == "ended by SIGKILL"
    assert died.restart_in <= 0.2


def test_starting_twice_starts_once(make: Make) -> None:
    """While it runs, start does nothing."""
    child = make("import time; time.sleep(99)")
    child.start(0.0)
    pid = child.pid
    child.start(1.0)
    assert child.pid == pid
    assert child.next_due() is None


def test_a_command_that_cannot_start_is_tried_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process to be had for a moment is a death like any other, not a crash."""
    child = make("import time; time.sleep(99)")
    child.start(0.0)
    child.kill()
    child.tick(0.0)

    def none(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patch, capture() as seen:
        patch.setattr(subprocess, "Popen", none)
        due = child.next_due()
        assert due is not None
        assert child.tick(due) is False
    (died,) = seen
    assert isinstance(died, ServiceDied)
    assert "temporarily unavailable" in died.error
    later = child.next_due()
    assert later is not None
    assert later > due
    child.tick(later)
    assert child.running


def test_stop_ends_a_stubborn_one(
    make: Make, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM, a while, SIGKILL; stopping twice, or what never ran, is harmless."""
    monkeypatch.setattr(child_module, "STOP_SECONDS", 0.2)
    child = make(
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('no', flush=True))\n"
        "print('up')\n"
        "while True: time.sleep(99)\n"
    )
    child.stop()
    child.start(0.0)
    assert next_line(lines) == "up"
    pid = child.pid
    child.stop()
    assert next_line(lines) == "no"
    assert gone(pid)
    child.stop()


PARENT = """
import sys, time
from ingestd.run.child import Child
child = Child("c", lambda: [sys.executable, "-c", "import time; time.sleep(99)"],
              dict, lambda *_: None, ".")
child.start(0.0)
print(child.pid, flush=True)
time.sleep(99)
"""


def parent(text: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", text],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=subprocess.PIPE,
    )


def test_no_child_outlives_a_killed_parent(tmp_path: Path) -> None:
    """SIGKILL of the parent, which it cannot see coming, ends the child as well."""
    with parent(PARENT, tmp_path) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        while b"tether" in Path(f"/proc/{pid}/cmdline").read_bytes():
            time.sleep(0.01)  # until it has become its command
        assert not gone(pid)
        process.kill()
        process.wait()
    wait_gone(pid)


def test_a_child_whose_parent_is_gone_already_does_not_begin(tmp_path: Path) -> None:
    """The parent may die before the tether is tied: then the command never runs."""
    mark = tmp_path / "began"
    text = f"open({str(mark)!r}, 'w').close()"
    command = [sys.executable, "-m", "ingestd.run.tether", "1", sys.executable]
    done = subprocess.run(
        [*command, "-c", text],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert os.getpid() != 1
    assert done.returncode == 1
    assert not mark.exists()


def test_a_tethered_command_gets_its_arguments_and_signals(tmp_path: Path) -> None:
    """The tether becomes the command: same process, so a signal reaches it."""
    text = "import signal, sys; print(sys.argv[1:], flush=True); signal.pause()"
    me = str(os.getpid())
    with subprocess.Popen(
        [sys.executable, "-m", "ingestd.run.tether", me]
        + [sys.executable, "-c", text, "a b", "--c"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"['a b', '--c']\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == -signal.SIGTERM
