"""
The ledger in one SQLite file: the only door to sqlite3.
"""

from ingestd.ledger.sqlite.reader import SqliteReader
from ingestd.ledger.sqlite.writer import SqliteLedger

__all__ = ["SqliteLedger", "SqliteReader"]
