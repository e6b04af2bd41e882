"""
Lines before and behind the records, told by where the records that fit begin and end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingestd.run.sniff.sample import Text
from ingestd.run.sniff.trial import Trial
from ingestd.run.text.sieve import Aside

MOST_BEFORE = 30
MOST_BEHIND = 10


def preambles(trials: Sequence[Trial]) -> list[int]:
    """
    Return how many lines may be skipped before the records, by what was set aside
    there: those before the first record that fits, or all up to the last that does not.
    """
    found: list[int] = []
    for trial in trials:
        top = _leading(trial.aside)
        early = [bad for bad in trial.aside if _behind(bad) <= MOST_BEFORE]
        for bad in (top[-1:], early[-1:], top[:1]):
            found += [_behind(last) for last in bad]
    return [lines for lines in dict.fromkeys(found) if lines <= MOST_BEFORE]


def footers(texts: Iterable[Text], trials: Iterable[Trial]) -> int:
    """
    Return how many lines behind the records no text that is known to its end has as
    records.
    """
    found = []
    for text, trial in zip(texts, trials, strict=True):
        if text.whole and not trial.refused:
            found.append(_trailing(trial))
        elif text.tail and not trial.refused:
            found.append(trial.behind)
    lines = min(found, default=0)
    return lines if lines <= MOST_BEHIND else 0


def _leading(aside: Sequence[Aside]) -> list[Aside]:
    return [bad for number, bad in enumerate(aside, 1) if bad.record == number]


def _trailing(trial: Trial) -> int:
    if not trial.rows:
        return 0
    lines, last = 0, trial.rows + len(trial.aside)
    for bad in reversed(trial.aside):
        if bad.record != last:
            break
        lines += 1 + bad.raw.count(b"\n")
        last -= 1
    return lines


def _behind(bad: Aside) -> int:
    """
    Return how many lines end with this record.
    """
    return bad.line + bad.raw.count(b"\n")
