"""
The ledger's file: the lock, damage, a full disk, and readers beside the writer.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading

import pytest

from ingestd.errors import ComponentAway, LedgerError, StateLocked
from ingestd.ledger.lock import StateLock
from ingestd.ledger.sqlite import SqliteLedger, SqliteReader, connection
from tests.conformance.ledger_kit import PIPELINE, admit, entry, finish, seal

pytestmark = pytest.mark.integration


@pytest.fixture
def ledger(tmp_path):
    """The ledger of a daemon that runs."""
    ledger = SqliteLedger.open(tmp_path, now=1.0)
    yield ledger
    ledger.close()


def test_a_second_daemon_is_refused(ledger, tmp_path):
    """The sentence names the holder; the first one goes on."""
    with pytest.raises(StateLocked, match=rf"pid {os.getpid()}\b") as caught:
        SqliteLedger.open(tmp_path, now=2.0)
    assert 5 == caught.value.exit_code
    assert caught.value.hint
    admit(ledger, entry())
    ledger.close()
    second = SqliteLedger.open(tmp_path, now=3.0)
    assert 2 == second.epoch
    second.close()


def test_the_lock_ends_with_the_process(tmp_path):
    """However it ends: a killed daemon leaves nothing to clean up."""
    script = (
        "import os, sys, signal; from pathlib import Path\n"
        "from ingestd.ledger.sqlite import SqliteLedger\n"
        "SqliteLedger.open(Path(sys.argv[1]), now=1.0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    assert -9 == subprocess.run(command, check=False, timeout=50).returncode
    ledger = SqliteLedger.open(tmp_path, now=2.0)
    assert 2 == ledger.epoch
    ledger.close()


def test_children_do_not_inherit_the_lock(tmp_path):
    """A worker that outlives the daemon does not keep the next one out."""
    lock = StateLock(tmp_path)
    lock.acquire()
    command = [sys.executable, "-c", "import sys; print(1, flush=True); input()"]
    pipe = subprocess.PIPE
    child = subprocess.Popen(command, stdin=pipe, stdout=pipe, close_fds=False)
    # The kernel closes descriptors a little after the parent of a spawn goes on.
    assert b"1\n" == child.stdout.readline()
    lock.release()
    other = StateLock(tmp_path)
    other.acquire()
    other.release()
    child.communicate(b"\n", timeout=50)


def test_the_lock_twice(tmp_path):
    """Taking what one holds, and letting go of what one does not, is harmless."""
    lock = StateLock(tmp_path)
    lock.acquire()
    lock.acquire()
    lock.note(7)
    assert f"pid {os.getpid()} epoch 7\n" == (tmp_path / "lock").read_text()
    lock.release()
    lock.release()


def test_a_missing_folder(tmp_path):
    """The error names the file and what to do."""
    with pytest.raises(LedgerError, match="state_dir"):
        SqliteLedger.open(tmp_path / "missing", now=1.0)


def test_a_damaged_file(tmp_path):
    """Found at start, before anything is written; the folder is let go."""
    ledger = SqliteLedger.open(tmp_path, now=1.0)
    admit(ledger, *[entry(b"%d" % n) for n in range(500)])
    ledger.close()
    path = tmp_path / "ledger.sqlite"
    content = bytearray(path.read_bytes())
    # One page that opening alone would never look at.
    content[-4096:-4032] = b"\xff" * 64
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(LedgerError, match=r"damaged.*restore"):
            SqliteLedger.open(tmp_path, now=2.0)
    assert content == path.read_bytes()


def test_not_a_ledger_at_all(tmp_path):
    """Some other file of that name is damage too."""
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(LedgerError, match="damaged"):
        SqliteLedger.open(tmp_path, now=1.0)


def test_durable_settings(ledger):
    """A commit is on the disk when it returns: WAL and synchronous = FULL."""
    pragma = ledger._connection.execute
    assert ("wal",) == pragma("PRAGMA journal_mode").fetchone()
    assert (2,) == pragma("PRAGMA synchronous").fetchone()
    assert (1,) == pragma("PRAGMA foreign_keys").fetchone()


def test_a_full_disk(ledger):
    """The disk is a component that is away: undone, and done when there is room."""
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
    many = [entry(b"%d" % n) for n in range(2000)]
    with pytest.raises(ComponentAway) as caught:
        admit(ledger, *many)
    assert "disk" == caught.value.component
    assert [] == list(ledger.files())
    assert 0 == ledger.backlog(PIPELINE).files
    ledger._connection.execute("PRAGMA max_page_count = 1000000")
    admit(ledger, *many)
    assert 2000 == ledger.backlog(PIPELINE).files


def test_an_exception_undoes_the_step(ledger, monkeypatch):
    """Whatever is raised inside, the next step starts clean."""
    name = "ingestd.ledger.sqlite.admission.record"
    with monkeypatch.context() as patch:
        patch.setattr(name, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            admit(ledger, entry())
    admit(ledger, entry())
    assert 1 == ledger.backlog(PIPELINE).files


def test_every_write_ends_in_a_commit_that_a_trace_sees(tmp_path, monkeypatch):
    """One BEGIN IMMEDIATE and one COMMIT for each step, as statements."""
    seen = []
    plain = connection.connect

    def traced(path, *, read_only):
        made = plain(path, read_only=read_only)
        made.set_trace_callback(seen.append)
        return made

    monkeypatch.setattr("ingestd.ledger.sqlite.writer.connect", traced)
    ledger = SqliteLedger.open(tmp_path, now=1.0)
    start = len(seen)
    admit(ledger, entry())
    finish(ledger)
    ledger.close()
    words = [s for s in seen[start:] if s.startswith(("BEGIN", "COMMIT", "ROLLBACK"))]
    assert ["BEGIN IMMEDIATE", "COMMIT"] * 5 == words


def test_no_ledger_yet(tmp_path):
    """A question before the first start says what makes the ledger."""
    with pytest.raises(LedgerError, match="ingestd run"):
        SqliteReader.open(tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_a_strange_folder_name(tmp_path):
    """A folder's name is no part of a URI."""
    folder = tmp_path / "a b?mode=memory#%41"
    folder.mkdir()
    SqliteLedger.open(folder, now=1.0).close()
    assert (folder / "ledger.sqlite").is_file()
    SqliteReader.open(folder).close()


def test_a_reader_in_another_process(ledger, tmp_path):
    """It sees each commit while the daemon goes on, and cannot write."""
    reader = SqliteReader.open(tmp_path)
    admit(ledger, entry())
    assert 1 == reader.backlog(PIPELINE).files
    script = (
        "import sys; from pathlib import Path\n"
        "from ingestd.ledger.sqlite import SqliteReader\n"
        "reader = SqliteReader.open(Path(sys.argv[1]))\n"
        "print([row.path for row in reader.files()])\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    answer = subprocess.check_output(command, text=True, timeout=50)
    assert "[b'a.csv']\n" == answer
    seal(ledger)
    assert 0 == reader.backlog(PIPELINE).files
    with (
        pytest.raises(LedgerError, match="readonly"),
        reader._borrowed() as borrowed,
    ):
        borrowed.execute("DELETE FROM file")
    reader.close()
    reader.close()


def test_an_open_question_does_not_hold_the_log(ledger, tmp_path):
    """A listing that nobody reads on does not keep the log from being folded in."""
    admit(ledger, *[entry(b"%d" % n) for n in range(3000)])
    rows = ledger.files()
    next(rows)
    busy, _, _ = ledger._connection.execute(
        "PRAGMA wal_checkpoint(TRUNCATE)"
    ).fetchone()
    assert 0 == busy
    assert 2999 == sum(1 for _ in rows)


def test_unknown_beside_the_writer(ledger):
    """A scan in another thread and admissions at the same time: no error, no loss."""
    listing = [entry(b"%06d" % n) for n in range(20_000)]
    errors = []

    def scan():
        try:
            for _ in range(3):
                list(ledger.unknown(PIPELINE, listing))
                ledger.counts(PIPELINE)
        except Exception as err:  # noqa: BLE001 - handed to the test
            errors.append(err)

    thread = threading.Thread(target=scan)
    thread.start()
    for start in range(0, 20_000, 1000):
        admit(ledger, *listing[start : start + 1000])
    thread.join(50)
    assert ([], False) == (errors, thread.is_alive())
    assert [] == list(ledger.unknown(PIPELINE, listing))


def test_connections_are_few(ledger):
    """However many threads ask, one after the other."""
    for _ in range(20):
        thread = threading.Thread(target=lambda: ledger.counts(PIPELINE))
        thread.start()
        thread.join(50)
    assert 1 == len(ledger._idle)


def test_states_are_checked_by_the_file_too(ledger):
    """A state that is none cannot be written even by hand."""
    admit(ledger, entry())
    for statement in (
        "UPDATE file SET state = 'lost'",
        "UPDATE tally SET files = 'x'",
        "INSERT INTO part VALUES (9, 'data', 'x', 0, '', 0, 0, 0, '')",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            ledger._connection.execute(statement)


def test_the_reader_is_light():
    """Asking imports nothing heavy, and not the writer."""
    script = (
        "import sys; from ingestd.ledger.sqlite import SqliteReader\n"
        "heavy = {'ingestd.ledger.sqlite.writer', 'pydantic', 'structlog', 'pyarrow'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", script]
    assert "[]\n" == subprocess.check_output(command, text=True, timeout=50)
