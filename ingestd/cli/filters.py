"""
``--state``, ``--reason`` and ``--pipeline``, checked before the ledger is asked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from ingestd.cli.usage import UsageError
from ingestd.errors import Reason

State = TypeVar("State", bound=StrEnum)


def state_of(kind: type[State], given: str | None) -> State | None:
    """
    Return the state that ``--state`` names; UsageError names the valid ones.
    """
    return _one_of(kind, given, "--state")


def reason_of(given: str | None) -> Reason | None:
    """
    Return the reason that ``--reason`` names; UsageError names the valid ones.
    """
    return _one_of(Reason, given, "--reason")


def pipeline_of(known: tuple[str, ...], given: str | None) -> str | None:
    """
    Return the pipeline that ``--pipeline`` names; UsageError names the known ones.
    """
    if given is None or given in known:
        return given
    expected = ", ".join(known) or "none: the configuration has no pipelines"
    message = f"--pipeline {given!r}: expected one of {expected}"
    raise UsageError(message, hint=_nearest(given, list(known)))


def _one_of(kind: type[State], given: str | None, option: str) -> State | None:
    if given is None:
        return None
    try:
        return kind(given)
    except ValueError:
        expected = ", ".join(kind)
        message = f"{option} {given!r}: expected one of {expected}"
        raise UsageError(message, hint=_nearest(given, list(kind))) from None


def _nearest(given: str, known: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a wrong word

    close = get_close_matches(given, known, n=1)
    return f"Did you mean {close[0]}?" if close else ""
