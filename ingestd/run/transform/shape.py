"""
What ``[pipelines.transform]`` and the paths of files make of a schema: derived columns,
the filter, the columns to keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ingestd.config import Transform
from ingestd.config.spelling import nearest
from ingestd.errors import ConfigError
from ingestd.model import UNTYPED, Schema
from ingestd.run.transform import types
from ingestd.run.transform.syntax import ExpressionError, Kind, Syntax
from ingestd.run.transform.tree import Column, Literal, Node, columns_of

_PATH_TYPE = "string"


@dataclass(frozen=True, slots=True)
class Shape:
    """
    *columns* are the names and types that expressions, keys and outputs can use: those
    of the schema, those of the path, then the derived ones. *paths* names the columns
    that come from a file's path. *derived* are trees on columns of files and paths
    alone; *where* too, None keeps all rows. *select* names the columns that rows have
    in the end, in order. *looked_at* are columns without a type that an expression
    takes for null: a value in them must not be missed.
    """

    columns: tuple[tuple[str, str], ...]
    derived: tuple[tuple[str, Node], ...]
    where: Node | None
    select: tuple[str, ...]
    paths: tuple[str, ...] = ()
    looked_at: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """
        The names and types of the columns that rows have in the end, in order.
        """
        types = dict(self.columns)
        return tuple((name, types[name]) for name in self.select)

    def reads(self, names: Iterable[str]) -> tuple[str, ...]:
        """
        Return the columns of files that *names* and the filter need, in order.
        """
        found = self._sources(names) | set(self.looked_at)
        wanted = found - set(self.paths)
        return tuple(name for name, _ in self.columns if name in wanted)

    def from_path(self, names: Iterable[str]) -> tuple[str, ...]:
        """
        Return the columns of the path that *names* and the filter need, in order.
        """
        found = self._sources(names)
        return tuple(name for name in self.paths if name in found)

    def computed(self, names: Iterable[str]) -> tuple[tuple[str, Node], ...]:
        """
        Return the derived columns that are among *names*, in order.
        """
        wanted = set(names)
        return tuple((name, node) for name, node in self.derived if name in wanted)

    def _sources(self, names: Iterable[str]) -> set[str]:
        trees = dict(self.derived)
        found: set[str] = set()
        for name in names:
            found.update(columns_of(trees[name]) if name in trees else [name])
        if self.where is not None:
            found.update(columns_of(self.where))
        return found


def shaped(transform: Transform, schema: Schema, paths: tuple[str, ...] = ()) -> Shape:
    """
    Return what *transform* makes of rows of *schema* and of the columns *paths*.

    A column of the path that the schema does not name is text. A derived column may use
    those before it. Raises ConfigError with all that is wrong, each expression with a
    caret under the place. Imports the parser only where there is an expression.
    """
    making = _Making(schema, paths)
    for name, text in (transform.derive or {}).items():
        making.derive(name, text)
    where = None if transform.where is None else making.condition(transform.where)
    scope = making.scope
    select = tuple(scope) if transform.select is None else transform.select
    making.problems += [_no_column(name, scope) for name in select if name not in scope]
    if making.problems:
        raise ConfigError(making.problems)
    return Shape(
        tuple((name, making.type_of(name)) for name in scope),
        tuple((name, scope[name]) for name in scope if name not in making.known),
        where,
        select,
        paths,
        tuple(name for name in schema.untyped if name in making.named),
    )


class _Making:
    """
    The columns that were found so far, by name, and what is wrong.
    """

    def __init__(self, schema: Schema, paths: tuple[str, ...]) -> None:
        self.known = dict(schema.columns)
        for name in paths:
            self.known.setdefault(name, _PATH_TYPE)
        # A column that held only nulls so far is null in every expression.
        self.scope: dict[str, Node] = {
            name: Literal(None, types.NULL) if kind == UNTYPED else Column(name, kind)
            for name, kind in self.known.items()
        }
        self.named: set[str] = set()
        self.problems: list[str] = []

    def type_of(self, name: str) -> str:
        return self.known.get(name) or self.scope[name].type

    def derive(self, name: str, text: str) -> None:
        if name in self.scope:
            problem = "expected a name that no column has"
            self.problems.append(f"derive.{name}: {problem}")
        elif node := self._tree(f"derive.{name}", text):
            self.scope[name] = node

    def condition(self, text: str) -> Node | None:
        node = self._tree("where", text)
        if node is not None and node.type != types.BOOL:
            self.problems.append(f"where: expected a condition; this is {node.type}")
        return node

    def _tree(self, key: str, text: str) -> Node | None:
        # Only a configuration with expressions pays for the parser's library.
        from ingestd.run.transform.check import checked  # noqa: PLC0415
        from ingestd.run.transform.sql.parse import parse  # noqa: PLC0415

        try:
            syntax = parse(text)
            self.named.update(_columns(syntax))
            return checked(syntax, text, self.scope)
        except ExpressionError as error:
            self.problems.append(f"{key}: {error}")
            return None


def _columns(syntax: Syntax) -> Iterator[str]:
    waiting = [syntax]
    while waiting:
        part = waiting.pop()
        waiting += part.args
        if part.kind is Kind.COLUMN:
            yield str(part.value)


def _no_column(name: str, scope: dict[str, Node]) -> str:
    close = nearest(name, scope)
    hint = f"did you mean {close!r}?" if close else f"there are {', '.join(scope)}"
    return f"select: no column {name!r}; {hint}"
