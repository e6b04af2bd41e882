"""
Files that grow: followed through every rotation, and taken in whole records.
"""

from ingestd.discover.tail.source import TailSource

__all__ = ["TailSource"]
