"""
Values that the contract has and the program does not have yet.

Each row: a key, the values that are built (or a test of them), and what to say is
expected. Building something deletes its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from ingestd.config.problems import Place, Problem

Test = Callable[[object], bool]


class NotBuilt(NamedTuple):
    """
    A key of which only some values are built.
    """

    key: str
    built: tuple[object, ...] | Test
    expected: str = ""

    def accepts(self, value: object) -> bool:
        """
        Tell whether *value* is built.
        """
        return self.built(value) if callable(self.built) else value in self.built

    @property
    def wanted(self) -> str:
        """
        What is expected today.
        """
        if self.expected:
            return self.expected
        if not self.built or callable(self.built):
            return "the key left out"
        return " or ".join(repr(value) for value in self.built)


_LEFT = ("new", "ignore", "fail")

NOT_BUILT: Final = (
    NotBuilt("pipelines.source.on_change", _LEFT),
    NotBuilt("pipelines.aggregate.mode", ("append",)),
)


def not_built(data: Mapping[str, Any]) -> Iterator[Problem]:
    """
    Yield a problem for each value in the file's *data* that is not built.
    """
    for row in NOT_BUILT:
        for place, value in _standing(data, tuple(row.key.split("."))):
            if not row.accepts(value):
                yield Problem(place, f"not built yet; expected {row.wanted}")


def _standing(
    data: object, path: tuple[str, ...], place: Place = ()
) -> Iterator[tuple[Place, object]]:
    if isinstance(data, list) and place == ("pipelines",):
        for index, item in enumerate(data):
            yield from _standing(item, path, (*place, index))
    elif not path:
        yield place, data
    elif isinstance(data, Mapping) and path[0] in data:
        yield from _standing(data[path[0]], path[1:], (*place, path[0]))
