"""
What a rotation may have made of a name: ``app.log.1``, ``app.log-20261125.gz``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ingestd.discover.rules import Rules

_ROTATED = re.compile(
    r"(?P<base>.+?)"
    r"(?:[._-](?:\d{1,6}|\d{8}(?:[T_.-]?\d{2,10})?|\d{4}-\d\d-\d\d(?:[T_.-][\d:.-]+)?"
    r"|old|bak|prev))?"
    r"(?:\.(?:gz|zst|bz2|xz|zip))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class TailRules:
    """
    The names that *rules* take, and those that a rotation may have made of them.
    """

    rules: Rules

    def base(self, path: str) -> str | None:
        """
        Return the name under which the source knows *path*: itself, or what it was
        called before a rotation; None where that is not taken either.
        """
        folder, slash, name = path.rpartition("/")
        base = self._base(self.rules.in_folder(folder), name)
        return None if base is None else f"{folder}{slash}{base}"

    def in_folder(self, folder: str) -> Callable[[str], object]:
        """
        Return the test for the names in *folder*, which is entered.
        """
        takes = self.rules.in_folder(folder)
        return lambda name: self._base(takes, name) is not None

    def enters(self, folder: str) -> bool:
        """
        Return whether a folder called *folder* is looked into.
        """
        return self.rules.enters(folder)

    def _base(self, takes: Callable[[str], object], name: str) -> str | None:
        if takes(name):
            return name
        found = _ROTATED.fullmatch(name)
        if found is None or found["base"] == name or not takes(found["base"]):
            return None
        return found["base"]
