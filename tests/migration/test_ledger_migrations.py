"""
The ledger's schema: what a fresh file gets, and what becomes of older and newer ones.

``ledgers/`` holds one dump for each version of the schema that was ever released,
with some rows in it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ingestd.errors import LedgerError
from ingestd.ledger.sqlite import SqliteLedger, SqliteReader, migrate
from ingestd.ledger.sqlite.connection import connect
from ingestd.model import FileState

DUMPS = sorted((Path(__file__).parent / "ledgers").glob("v*.sql"))
STEPS = migrate.migrations()
ANOTHER = migrate.Migration(
    len(STEPS) + 1, "another", "CREATE TABLE another (x INTEGER) STRICT;"
)


def schema(path):
    """Every object's text, without what comments and blanks make different."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 2")
    found = [(kind, name, " ".join((sql or "").split())) for kind, name, sql in rows]
    connection.close()
    return found


def load(dump, folder):
    """Make a ledger from a dump."""
    connection = sqlite3.connect(folder / "ledger.sqlite")
    connection.executescript(dump.read_text("utf-8"))
    connection.close()


@pytest.fixture
def fresh(tmp_path):
    """The path of a ledger that was just made."""
    folder = tmp_path / "fresh"
    folder.mkdir()
    SqliteLedger.open(folder, now=1.0).close()
    return folder / "ledger.sqlite"


def test_every_version_has_a_dump():
    """A new migration comes with the ledger that the version before it wrote."""
    assert [f"v{step.version}" for step in STEPS] == [dump.stem for dump in DUMPS]


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_an_old_ledger_becomes_a_fresh_one(dump, fresh, tmp_path):
    """From every version the sum of the migrations is the schema of a fresh ledger."""
    load(dump, tmp_path)
    ledger = SqliteLedger.open(tmp_path, now=2.0)
    states = [(row.path, row.state) for row in ledger.files()]
    batches = [row.id for row in ledger.batches()]
    data = [part.rows for part in ledger.parts(batches[0]) if part.kind == "data"]
    members = [(row.rows_in, row.rows_rejected) for row in ledger.members(batches[0])]
    ledger.close()
    assert schema(fresh) == schema(tmp_path / "ledger.sqlite")
    assert [(b"\xff.csv", FileState.COMMITTED), (b"b.csv", FileState.READY)] == states
    assert ["20261123T231501Z-915126403892"] == batches
    assert ([4], [(5, 1)]) == (data, members)


def test_migrations_are_not_numbered_with_gaps(tmp_path):
    """A file that is missing is noticed before anything is written."""
    for name in ("0001_a.sql", "0003_c.sql"):
        (tmp_path / name).write_text("")
    with pytest.raises(LedgerError, match="numbered"):
        migrate.migrations(tmp_path)


def test_a_newer_ledger_is_refused(fresh):
    """Writer and reader say so, change nothing, and let the folder go."""
    connection = connect(fresh, read_only=False)
    connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    connection.close()
    before = fresh.read_bytes()
    for _ in range(2):
        with pytest.raises(LedgerError, match="newer ingestd"):
            SqliteLedger.open(fresh.parent, now=1.0)
    with pytest.raises(LedgerError, match="newer ingestd"):
        SqliteReader.open(fresh.parent)
    assert before == fresh.read_bytes()


def test_an_older_ledger_is_not_read(fresh, monkeypatch):
    """The reader never migrates: it asks for the daemon to be started once."""
    reader = "ingestd.ledger.sqlite.reader.newest_version"
    monkeypatch.setattr(reader, lambda: len(STEPS) + 1)
    with pytest.raises(LedgerError, match="Start the daemon"):
        SqliteReader.open(fresh.parent)


def test_a_migration_is_backed_up(fresh):
    """The file before the migration stands beside it, complete."""
    before = schema(fresh)
    connection = connect(fresh, read_only=False)
    migrate.migrate(connection, fresh, [*STEPS, ANOTHER])
    connection.close()
    backup = fresh.with_name(f"ledger.sqlite.v{len(STEPS)}.backup")
    assert before == schema(backup)
    assert [("table", "another")] == [
        row[:2] for row in schema(fresh) if row not in before
    ]


def test_a_fresh_ledger_has_no_backup(fresh):
    """There is nothing to go back to."""
    assert [] == list(fresh.parent.glob("*.backup*"))


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(fresh):
    """A step is whole or undone."""
    before = schema(fresh)
    script = f"{ANOTHER.script} INSERT INTO another VALUES ('text');"
    broken = migrate.Migration(ANOTHER.version, "broken", script)
    connection = connect(fresh, read_only=False)
    with pytest.raises(sqlite3.Error):
        migrate.migrate(connection, fresh, [*STEPS, broken])
    connection.close()
    assert before == schema(fresh)
    SqliteLedger.open(fresh.parent, now=1.0).close()
