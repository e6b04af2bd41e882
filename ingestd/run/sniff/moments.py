"""
Formats of dates and timestamps that are not ISO 8601, told by the values.

Day before month or month before day: only a number above twelve tells.
"""

from __future__ import annotations

import calendar
import itertools
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

_PARTS = {
    "%Y": "(?P<Y>[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)",
    "%y": "(?P<y>[0-9]{2})",
    "%m": "(?P<m>0[1-9]|1[0-2])",
    "%-m": "(?P<m>[1-9]|1[0-2])",
    "%b": "(?P<b>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))",
    "%B": "(?P<b>(?i:january|february|march|april|may|june|july|august|september"
    "|october|november|december))",
    "%d": "(?P<d>0[1-9]|[12][0-9]|3[01])",
    "%-d": "(?P<d>[1-9]|[12][0-9]|3[01])",
    "%H": "(?:[01][0-9]|2[0-3])",
    "%-H": "(?:[0-9]|1[0-9]|2[0-3])",
    "%I": "(?:0[1-9]|1[0-2])",
    "%-I": "(?:[1-9]|1[0-2])",
    "%p": "(?i:am|pm)",
    "%M": "[0-5][0-9]",
    "%S": "[0-5][0-9]",
    "%f": "[0-9]{1,6}",
    "%z": "(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)",
}
_TOKEN = re.compile(r"%-?[A-Za-z]|[^%]+")
_SEPARATORS = "/.-"
_NAMED = (
    "%d-%b-%Y",
    "%-d-%b-%Y",
    "%d-%b-%y",
    "%-d-%b-%y",
    "%d %b %Y",
    "%-d %b %Y",
    "%d %B %Y",
    "%-d %B %Y",
    "%b %d, %Y",
    "%b %-d, %Y",
    "%B %d, %Y",
    "%B %-d, %Y",
    "%d%b%Y",
)
_TIMES = (
    "%H:%M:%S",
    "%H:%M",
    "%H:%M:%S.%f",
    "%H:%M:%S,%f",
    "%I:%M:%S %p",
    "%I:%M %p",
    "%-H:%M:%S",
    "%-H:%M",
    "%-I:%M:%S %p",
    "%-I:%M %p",
    "%H:%M:%S%z",
    "%H:%M:%S %z",
)
_ISO_TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%H:%M:%S%z")
_GAPS = (" ", "T", ", ")
_MONTHS = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
_CENTURY_BREAK = 69
_SWAP = {"%d": "%m", "%m": "%d", "%-d": "%-m", "%-m": "%-d"}


def _dates() -> Iterator[str]:
    for s in _SEPARATORS:
        yield from (f"%d{s}%m{s}%Y", f"%m{s}%d{s}%Y")
        yield from (f"%-d{s}%-m{s}%Y", f"%-m{s}%-d{s}%Y")
        yield from (f"%d{s}%m{s}%y", f"%m{s}%d{s}%y")
        yield from (f"%-d{s}%-m{s}%y", f"%-m{s}%-d{s}%y")
        yield from (f"%Y{s}%m{s}%d", f"%Y{s}%-m{s}%-d")
    yield from _NAMED


_ISO_DATE = "%Y-%m-%d"
_DATES = tuple(form for form in _dates() if form != _ISO_DATE)
_LONGEST = 60


def date_formats(values: Collection[str]) -> list[str]:
    """
    Return the formats in which all *values* are dates; none that is ISO 8601.
    """
    return [form for form, rest in _begun(values, _DATES) if not any(rest)]


def timestamp_formats(values: Collection[str]) -> list[str]:
    """
    Return the formats in which all *values* are timestamps; none that is ISO 8601.
    """
    found = []
    for date, rest in _begun(values, (_ISO_DATE, *_DATES)):
        found += [
            date + gap + time
            for gap, time in itertools.product(_GAPS, _TIMES)
            if not _is_iso(date, gap, time) and all(_ends(r, gap, time) for r in rest)
        ]
    return found


def _begun(
    values: Collection[str], forms: Iterable[str]
) -> Iterator[tuple[str, set[str]]]:
    """
    Yield those of *forms* in which all *values* begin, and how they go on.
    """
    if not values or any(len(value) > _LONGEST for value in values):
        return
    for form in forms:
        pattern, rest = _pattern(form), set[str]()
        for value in values:
            found = pattern.match(value)
            if found is None or not _is_a_day(found):
                break
            rest.add(value[found.end() :])
        else:
            yield form, rest


def _ends(rest: str, gap: str, time: str) -> bool:
    there = rest.startswith(gap)
    return there and _pattern(time).fullmatch(rest, len(gap)) is not None


def _is_iso(date: str, gap: str, time: str) -> bool:
    return date == _ISO_DATE and gap != ", " and time in _ISO_TIMES


def fits(value: str, form: str) -> bool:
    """
    Tell whether *value* is a moment written in *form*, one of those above.
    """
    found = _pattern(form).fullmatch(value)
    return found is not None and _is_a_day(found)


def _is_a_day(found: re.Match[str]) -> bool:
    parts = found.groupdict()
    month = parts.get("m") or _MONTHS.index(parts["b"][:3].lower()) + 1
    year = int(parts["Y"]) if "Y" in parts else _in_full(int(parts["y"]))
    return int(parts["d"]) <= calendar.monthrange(year, int(month))[1]


def swapped(form: str) -> str:
    """
    Return *form* with day and month in each other's place; itself if they have none.
    """
    if "%b" in form or "%B" in form or "%Y" in form[:2]:
        return form
    return "".join(_SWAP.get(token, token) for token in _TOKEN.findall(form))


def _in_full(year: int) -> int:
    return year + (1900 if year >= _CENTURY_BREAK else 2000)


@lru_cache(maxsize=256)
def _pattern(form: str) -> re.Pattern[str]:
    tokens = _TOKEN.findall(form)
    return re.compile("".join(_PARTS.get(t) or re.escape(t) for t in tokens))
