"""
Constants in text: dates, timestamps, lengths of time, time zones.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from ingestd.config.spelling import nearest
from ingestd.run.transform import types

_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK: Final = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
_DAY: Final = re.compile(_DATE)
_MOMENT: Final = re.compile(rf"({_DATE})(?:[ T]({_CLOCK}))?")
_OFFSET: Final = re.compile(r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$")
_LENGTH: Final = re.compile(r"\s*([+-]?[0-9]+)\s*([A-Za-z]+)")
_HOURS_ALONE: Final = 3  # "+02"

_MICROS: Final = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 7 * 86_400_000_000,
}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_MOST_YEARS: Final = 10_000
_NO_PLACES: Final = frozenset({"Factory", "localtime"})

TRUNCATE_UNITS: Final = (
    *_MICROS,
    *_MONTHS,
    "decade",
    "century",
    "millennium",
)
FIELDS: Final = (
    "year",
    "isoyear",
    "quarter",
    "month",
    "week",
    "day",
    "doy",
    "dow",
    "isodow",
    "hour",
    "minute",
    "second",
    "millisecond",
    "microsecond",
    "epoch",
)


class NotOne(ValueError):
    """
    A text that is no constant of the wanted kind; the message says what is expected.
    """


@dataclass(frozen=True, slots=True)
class Length:
    """
    A length of time: months, whose length differs, and microseconds.
    """

    months: int
    micros: int


def moment(text: str, kind: str) -> date | datetime:
    """
    Return the date or timestamp that *text* means as a constant of type *kind*.

    A timestamp(tz) without an offset is in UTC. Raises NotOne.
    """
    parse: dict[str, Callable[[str], date]] = {
        types.DATE: _date,
        types.TIMESTAMP: _timestamp,
        types.TIMESTAMP_TZ: _zoned,
    }
    try:
        return parse[kind](text)
    except NotOne:
        raise
    except (ValueError, OverflowError) as error:
        raise NotOne(f"no such moment: {error}") from error


def _date(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise NotOne("expected a date as YYYY-MM-DD")
    return date.fromisoformat(text)


def _timestamp(text: str) -> datetime:
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise NotOne("expected a timestamp as YYYY-MM-DD HH:MM:SS.ffffff")
    clock = match[2] or "00:00"
    whole, _, fraction = clock.partition(".")
    found = datetime.fromisoformat(f"{match[1]} {whole}")
    return found.replace(microsecond=int(fraction.ljust(6, "0") or 0))


def _zoned(text: str) -> datetime:
    mark = _OFFSET.search(text)
    local = _MOMENT.fullmatch(text[: mark.start()]) if mark else None
    # A date ends like an offset, and has none without a time of day.
    if mark is None or local is None or local[2] is None:
        return _timestamp(text).replace(tzinfo=UTC)
    offset = mark[0].replace("Z", "+00:00")
    if len(offset) == _HOURS_ALONE:
        offset += ":00"
    naive = _timestamp(text[: mark.start()])
    return datetime.fromisoformat(f"{naive.isoformat()}{offset}").astimezone(UTC)


def length(text: str) -> Length:
    """
    Return the length of time that *text* means: ``15 minutes``, ``1 day 6 hours``.

    Raises NotOne.
    """
    months = micros = at = 0
    while match := _LENGTH.match(text, at):
        number, unit = int(match[1]), _unit(match[2], (*_MICROS, *_MONTHS))
        months += number * _MONTHS.get(unit, 0)
        micros += number * _MICROS.get(unit, 0)
        at = match.end()
    if not at or text[at:].strip():
        raise NotOne("expected a length of time such as '15 minutes'")
    years = abs(months) / 12 + abs(micros) / (366 * _MICROS["day"])
    if years > _MOST_YEARS:
        raise NotOne(f"expected at most {_MOST_YEARS} years")
    return Length(months, micros)


def truncate_unit(text: str) -> str:
    """
    Return the unit of ``date_trunc`` that *text* names; raise NotOne.
    """
    return _unit(text, TRUNCATE_UNITS)


def field(text: str) -> str:
    """
    Return the field of ``extract`` that *text* names; raise NotOne.
    """
    return _unit(text, FIELDS)


def _unit(text: str, choices: tuple[str, ...]) -> str:
    word = text.lower()
    if word in choices:
        return word
    if word.endswith("s") and word[:-1] in choices:
        return word[:-1]
    close = nearest(word, choices)
    hint = f"did you mean {close}? " if close else ""
    raise NotOne(f"no unit {text!r}; {hint}expected one of {' '.join(choices)}")


def zone(text: str) -> str:
    """
    Return *text* if it names a time zone; raise NotOne.
    """
    known = zoneinfo.available_timezones() - _NO_PLACES
    if text in known:
        return text
    close = next((name for name in known if name.lower() == text.lower()), None)
    close = close or nearest(text, known)
    hint = f"did you mean {close!r}?" if close else "expected a name as 'Europe/Paris'"
    raise NotOne(f"no time zone {text!r}; {hint}")
