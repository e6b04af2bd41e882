"""
Numbers as a person reads them; without spaces, so that a field stays one word.
"""

from __future__ import annotations

_STEP = 1024
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def size(count: float) -> str:
    """
    Return bytes in the units of the configuration: ``512B``, ``1.5MiB``.
    """
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(count) < _STEP:
            return f"{count:.0f}{unit}" if unit == "B" else f"{_three(count)}{unit}"
        count /= _STEP
    return f"{_three(count)}PiB"


def duration(seconds: float) -> str:
    """
    Return seconds with the precision that matters: ``12ms``, ``1.24s``, ``3m20s``.
    """
    if seconds < 0.9995:  # noqa: PLR2004 - what would round to 1000ms
        return f"{seconds * 1000:.3g}ms" if seconds > 0 else "0s"
    if seconds < _MINUTE:
        return f"{_three(seconds)}s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02d}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02d}h"


def counted(count: int, noun: str) -> str:
    """
    Return ``1 file`` or ``1,000 files``.
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _three(number: float) -> str:
    # Three digits that count, without the exponent that %g takes from 1000 on.
    digits = 2 if abs(number) < 10 else 1 if abs(number) < 100 else 0  # noqa: PLR2004
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
