"""
The kernels' source: C++ that is compiled where it runs.
"""

from __future__ import annotations

from pathlib import Path

_PARTS = ("ground", "text", "fields", "numbers", "values", "columns", "groups")


def source() -> str:
    """
    Return all of the kernels, in the order in which they use each other.
    """
    folder = Path(__file__).parent
    return "\n".join((folder / f"{part}.cu").read_text() for part in _PARTS)
