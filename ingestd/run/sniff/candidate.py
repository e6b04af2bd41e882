"""
A dialect that may be that of the sample, and how well the sample reads in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ingestd.config import Csv
from ingestd.run.sniff.edges import footers, preambles
from ingestd.run.sniff.sample import Text
from ingestd.run.sniff.trial import Trial, tried

KEYS = (
    "delimiter",
    "quote",
    "escape",
    "comment",
    "skip_blanks",
    "skip_rows",
    "skip_footer",
)
"""What a dialect consists of, values and header aside."""

_ASIDE, _LINE = 2, 1
"""What a record costs that is set aside, and a line before or behind the records."""


@dataclass(frozen=True)
class Candidate:
    """
    Options under which every text of the sample was tried.
    """

    options: Csv
    trials: tuple[Trial, ...]

    @cached_property
    def width(self) -> int:
        """
        The fields of a record, as most texts have it.
        """
        widths = [trial.width for trial in self.trials if not trial.refused]
        return max(widths, key=widths.count, default=0)

    @cached_property
    def rows(self) -> int:
        """
        The records that were kept; a header counts as one.
        """
        return sum(t.rows for t in self.trials if t.width == self.width)

    @cached_property
    def aside(self) -> int:
        """
        The records that were set aside, and those of texts of another width; of a
        longer file the lines at its end that are none, too.
        """
        aside = sum(len(trial.aside) for trial in self.trials)
        aside += sum(t.rows for t in self.trials if t.width != self.width)
        skipped = self.options.skip_footer
        return aside + sum(max(0, t.behind - skipped) for t in self.trials)

    @cached_property
    def refused(self) -> int:
        """
        The texts that could not be read at all.
        """
        return sum(bool(trial.refused) for trial in self.trials)

    def cost(self, configured: Csv) -> int:
        """
        Return what speaks against it: records that do not fit, or still stand in
        quotes, and more lines that are taken for none than are *configured*.
        """
        misread = sum(trial.misread for trial in self.trials)
        texts = len(self.trials) - self.refused
        before = max(0, self.options.skip_rows - configured.skip_rows)
        lines = before + max(0, self.options.skip_footer - configured.skip_footer)
        return _ASIDE * self.aside + misread + _LINE * lines * texts

    @property
    def plausible(self) -> bool:
        """
        Whether records of several fields are the rule.
        """
        return self.width > 1 and self.rows >= max(2, 2 * self.aside)

    def changes(self, configured: Csv) -> int:
        """
        Return how many keys differ from those that are *configured*.
        """
        return sum(getattr(self.options, k) != getattr(configured, k) for k in KEYS)

    def rank(self, configured: Csv) -> tuple[int, bool, int, int, int]:
        """
        Return what to sort by, best first, apart from what only values tell.
        """
        return (
            self.refused,
            not self.plausible,
            self.cost(configured),
            -self.width,
            self.changes(configured),
        )


def tried_all(texts: Sequence[Text], options: Csv) -> Candidate:
    """
    Try *options* on all *texts*.
    """
    return Candidate(options, tuple(tried(text, options) for text in texts))


def settled(texts: Sequence[Text], options: Csv) -> Candidate:
    """
    Try *options* with the lines to skip that leave least aside.
    """
    plain = options.model_copy(update={"skip_rows": 0, "skip_footer": 0})
    found = [tried_all(texts, options)]
    if plain != options:
        found.append(tried_all(texts, plain))
    if found[-1].refused == len(texts):
        return found[0]
    found += [
        tried_all(texts, plain.model_copy(update={"skip_rows": lines}))
        for lines in preambles(found[-1].trials)
    ]
    best = min(found, key=lambda c: c.rank(options))
    lines = footers(texts, best.trials)
    if not lines:
        return best
    lines += best.options.skip_footer
    cut = best.options.model_copy(update={"skip_footer": lines})
    return min((best, tried_all(texts, cut)), key=lambda c: c.rank(options))
