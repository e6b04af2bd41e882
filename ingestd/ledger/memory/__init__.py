"""
The ledger without a disk: a real implementation for tests, held to the same suite.
"""

from ingestd.ledger.memory.writer import MemoryLedger

__all__ = ["MemoryLedger"]
