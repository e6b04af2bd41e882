"""
The nearest valid spelling, for whoever mistyped.
"""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """
    Return the choice most like *name*, None when none is like it.
    """
    import difflib  # noqa: PLC0415 - only a mistake pays for it

    found = difflib.get_close_matches(name.lower(), list(choices), n=1, cutoff=0.6)
    return found[0] if found else None
