"""
Which marks a text may be written with: everything that could be one, likeliest first.

Only what occurs in the text is named, so that few dialects are left to try.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cached_property

from ingestd.config import Csv

STRONG = (
    ",",
    ";",
    "\t",
    "|",
    "||",
    "::",
    "~|~",
    "|~|",
    "^|^",
    "^",
    "~",
    "\x01",
    "\x1f",
)
"""Delimiters that hardly stand in a text for another reason, commonest first."""

WEAK = (" ", ":", "¦", "§", "!", "#", "@", "$", "%", "&", "*", "=", "/")
"""Delimiters that often do; tried where no other reads the text."""

QUOTES = ('"', "'", "")
COMMENTS = ("#", "//", "%", "--", ";", "!")

_LOOKED_AT = 64 << 10
_LINES = 500
_NEARLY_ALL = 0.9
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9]),(?=[0-9])")
_RUN = re.compile(r"([|~^:#$%&*@!§¦=<>_/\\-])[|~^:#$%&*@!§¦=<>_/\\-]{1,3}")


class Marks:
    """
    What may be a mark in a text, told from its first lines.
    """

    def __init__(self, text: bytes, configured: Csv) -> None:
        """
        Look at *text*; what is *configured* is a candidate whether it occurs or not.
        """
        self._text = text[:_LOOKED_AT].decode("utf-8", "replace")
        self._lines = [line for line in self._text.splitlines() if line][:_LINES]
        self._configured = configured

    def dialects(self, *, weak: bool = False) -> Iterator[Csv]:
        """
        Yield options, the configured ones first; *weak*: with delimiters that are rare.
        """
        own = self._configured
        delimiters = self._weak() if weak else self._strong()
        for delimiter in delimiters:
            marks = itertools.product(
                self._quotes(delimiter),
                self._escapes(delimiter),
                self._comments(),
                self._blanks(delimiter),
            )
            for quote, escape, comment, skip_blanks in marks:
                if not _sound(delimiter, quote, escape, comment, skip_blanks):
                    continue
                yield own.model_copy(
                    update={
                        "delimiter": delimiter,
                        "quote": quote,
                        "escape": escape,
                        "comment": comment,
                        "skip_blanks": skip_blanks,
                        "nulls": self._nulls(delimiter, escape),
                    }
                )

    def _strong(self) -> list[str]:
        own = self._configured.delimiter
        found = [mark for mark in STRONG if self._is_used(mark)]
        long = [mark for mark in found if len(mark) > 1]
        found = [
            mark
            for mark in found
            if not any(
                mark != whole and self._only_within(mark, whole) for whole in long
            )
        ]
        if self.decimal_commas:
            return [mark for mark in found if mark != ","]
        return list(dict.fromkeys((own, *found)))

    @cached_property
    def decimal_commas(self) -> bool:
        """
        Whether every comma stands between digits and others delimit all lines.
        """
        count = self._text.count(",")
        if not count or len(_BETWEEN_DIGITS.findall(self._text)) != count:
            return False
        most = _NEARLY_ALL * len(self._lines)
        return any(
            sum(mark in line for line in self._lines) >= most
            for mark in STRONG
            if mark != ","
        )

    def _weak(self) -> list[str]:
        found = [mark for mark in WEAK if self._is_used(mark)]
        runs = {run[0] for line in self._lines for run in _RUN.finditer(line)}
        used = sorted(run for run in runs if run not in STRONG and self._is_used(run))
        return [*used, *found]

    def _is_used(self, mark: str) -> bool:
        """
        Tell whether *mark* is in many lines: some may be no records.
        """
        lines = sum(mark in line for line in self._lines)
        return lines * 4 >= len(self._lines) and lines > 0

    def _only_within(self, mark: str, whole: str) -> bool:
        """
        Tell whether *mark* hardly stands anywhere else than in *whole*.
        """
        within = self._text.count(whole) * whole.count(mark)
        bare = self._text.count(mark) - self._text.count(f"\\{mark}")
        return mark in whole and within >= _NEARLY_ALL * bare

    def _quotes(self, delimiter: str) -> list[str]:
        own = self._configured.quote
        found = [q for q in QUOTES if not q or self._encloses(q, delimiter)]
        return list(dict.fromkeys((own, *found)))

    def _encloses(self, quote: str, delimiter: str) -> bool:
        """
        Tell whether a field begins with *quote*, and one ends with it.
        """
        mark = re.escape(delimiter)
        begins = rf"(?m)(?:^|{mark}) *{quote}"
        ends = rf"(?m){quote} *(?:$|\r|{mark})"
        return bool(re.search(begins, self._text) and re.search(ends, self._text))

    def _escapes(self, delimiter: str) -> list[str]:
        own = self._configured.escape
        behind = "|".join(map(re.escape, ('"', "'", delimiter, "\n", "\r")))
        used = re.search(rf"\\(?:{behind})", self._text)
        return list(dict.fromkeys((own, "", "\\") if used else (own, "")))

    def _comments(self) -> list[str]:
        own = self._configured.comment
        found = [mark for mark in COMMENTS if self._begins_lines(mark)]
        return list(dict.fromkeys((own, "", *found)))

    def _begins_lines(self, mark: str) -> bool:
        lines = sum(line.startswith(mark) for line in self._lines)
        return 0 < 2 * lines <= len(self._lines)

    def _blanks(self, delimiter: str) -> list[bool]:
        own = self._configured.skip_blanks
        used = f"{delimiter} " in self._text
        return list(dict.fromkeys((own, False, True) if used else (own, False)))

    def _nulls(self, delimiter: str, escape: str) -> tuple[str, ...]:
        r"""
        Add ``\N`` where it is a field: behind an escape N would be a letter.
        """
        own, null = self._configured.nulls, f"{escape}N"
        if not escape or null in own:
            return own
        mark = re.escape(delimiter)
        alone = rf"(?m)(?:^|{mark}) *{re.escape(null)}(?:$|\r|{mark})"
        return (*own, null) if re.search(alone, self._text) else own


def _sound(
    delimiter: str, quote: str, escape: str, comment: str, skip_blanks: bool
) -> bool:
    """
    Tell whether a configuration may have these marks beside each other.
    """
    if any(mark and mark in delimiter for mark in (quote, escape)):
        return False
    if skip_blanks and delimiter.startswith(" "):
        return False
    others = (delimiter, quote, escape)
    return not comment or not any(m and comment.startswith(m) for m in others)
