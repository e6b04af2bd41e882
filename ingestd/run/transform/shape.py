"""
What ``[pipelines.transform]`` makes of a schema: derived columns, the filter, the
columns to keep.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ingestd.config import Transform
from ingestd.config.spelling import nearest
from ingestd.errors import ConfigError
from ingestd.model import Schema
from ingestd.run.transform import types
from ingestd.run.transform.syntax import ExpressionError
from ingestd.run.transform.tree import Column, Node, columns_of


@dataclass(frozen=True, slots=True)
class Shape:
    """
    *columns* are the names and types that keys, metrics and outputs can use: those of
    the schema, then the derived ones. *derived* are trees on columns of the schema
    alone; *where* too, None keeps all rows. *select* names the columns of the output in
    row mode, in order.
    """

    columns: tuple[tuple[str, str], ...]
    derived: tuple[tuple[str, Node], ...]
    where: Node | None
    select: tuple[str, ...]

    def reads(self, names: Iterable[str]) -> tuple[str, ...]:
        """
        Return the columns of the schema that *names* and the filter need, in order.
        """
        trees = dict(self.derived)
        found: set[str] = set()
        for name in names:
            found.update(columns_of(trees[name]) if name in trees else [name])
        if self.where is not None:
            found.update(columns_of(self.where))
        return tuple(name for name, _ in self.columns if name in found)


def shaped(transform: Transform, schema: Schema) -> Shape:
    """
    Return what *transform* makes of rows of *schema*.

    A derived column may use those before it. Raises ConfigError with all that is wrong,
    each expression with a caret under the place. Imports the parser only where there is
    an expression.
    """
    scope: dict[str, Node] = {name: Column(name, kind) for name, kind in schema.columns}
    problems: list[str] = []
    for name, text in (transform.derive or {}).items():
        if name in scope:
            problems.append(f"derive.{name}: expected a name that no column has")
        elif node := _tree(f"derive.{name}", text, scope, problems):
            scope[name] = node
    where = None
    if transform.where is not None:
        where = _tree("where", transform.where, scope, problems)
        if where is not None and where.type != types.BOOL:
            problems.append(f"where: expected a condition; this is {where.type}")
    select = tuple(scope) if transform.select is None else transform.select
    problems += [_no_column(name, scope) for name in select if name not in scope]
    if problems:
        raise ConfigError(problems)
    known = set(schema.names)
    return Shape(
        tuple((name, node.type) for name, node in scope.items()),
        tuple((name, node) for name, node in scope.items() if name not in known),
        where,
        select,
    )


def _tree(
    key: str, text: str, scope: dict[str, Node], problems: list[str]
) -> Node | None:
    # Only a configuration with expressions pays for the parser's library.
    from ingestd.run.transform.check import checked  # noqa: PLC0415
    from ingestd.run.transform.sql.parse import parse  # noqa: PLC0415

    try:
        return checked(parse(text), text, scope)
    except ExpressionError as error:
        problems.append(f"{key}: {error}")
        return None


def _no_column(name: str, scope: dict[str, Node]) -> str:
    close = nearest(name, scope)
    hint = f"did you mean {close!r}?" if close else f"there are {', '.join(scope)}"
    return f"select: no column {name!r}; {hint}"
