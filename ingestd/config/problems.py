"""
What is wrong with a configuration, one line for each problem.

A line names the key path (a pipeline by its name), the value, and what was expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from ingestd.config.document import Config
from ingestd.config.keys import suggest
from ingestd.config.section import redact
from ingestd.config.spelling import nearest

Place = tuple[str | int, ...]

_NOTHING: Final = object()
_LONGEST = 80
_EXPECTED: Final = {
    "missing": "missing; a value is required",
    "string_type": "expected text in quotes",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "tuple_type": "expected a list",
    "dict_type": "expected a table",
    "model_type": "expected a table",
    "string_too_short": "expected text that is not empty",
    "too_short": "expected at least one",
    "string_unicode": "expected UTF-8 text",
}
_TEMPLATES: Final = {
    "value_error": "{error}",
    "literal_error": "expected {expected}",
    "greater_than_equal": "expected at least {ge:g}",
    "greater_than": "expected more than {gt:g}",
    "string_pattern_mismatch": "expected text that matches {pattern}",
}


class Problem(NamedTuple):
    """
    One thing that is wrong, at *place* in the file's data.
    """

    place: Place
    text: str

    def line(self, data: Mapping[str, Any], origins: Mapping[Place, str]) -> str:
        """
        Return the line for the operator; *origins* names variables by place.
        """
        value = _at(data, self.place)
        path = key_path(data, self.place)
        shown = "" if value is _NOTHING else _shown(path, value)
        origin = origins.get(self.place)
        source = f" (from {origin})" if origin else ""
        return f"{path}{shown}{source}: {self.text}"


def problems_of(error: ValidationError, data: Mapping[str, Any]) -> list[Problem]:
    """
    Return a problem for each error that the models found in *data*.
    """
    found = []
    for item in error.errors(include_url=False):
        if item["type"] == "default_factory_not_called":
            continue  # follows from a problem of the key that the default is made of
        place = tuple(part for part in item["loc"] if part != "[key]")
        place = _metric_by_name(data, place)
        text = _text(item["type"], item["msg"], item.get("ctx", {}), place)
        if item["type"] == "literal_error":
            text += _nearest_value(item["input"], item["ctx"]["expected"])
        found.append(Problem(place, text))
    return found


def key_path(data: Mapping[str, Any], place: Place) -> str:
    """
    Return *place* as an operator writes it: ``pipelines.sensors.batch.max_files``.
    """
    match place:
        case ("pipelines", int() as index, *rest):
            name = _at(data, ("pipelines", index, "name"))
            head = f".{name}" if isinstance(name, str) and name else f"[{index}]"
            return f"pipelines{head}{_dotted(rest)}"
        case _:
            return _dotted(place).removeprefix(".")


def _dotted(parts: Sequence[str | int]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in parts)


def _text(kind: str, message: str, context: dict[str, Any], place: Place) -> str:
    if kind == "extra_forbidden":
        named = tuple(part for part in place if isinstance(part, str))
        return f"unknown key; {suggest(Config, named)}"
    if kind == "model_type" and "metrics" in place:
        return "expected [column, function, arguments…]"
    if place == ("pipelines",) and kind == "tuple_type":
        return "expected [[pipelines]] in double brackets"
    if kind in _TEMPLATES:
        return _TEMPLATES[kind].format_map(context)
    return _EXPECTED.get(kind, message)


def _nearest_value(value: object, expected: str) -> str:
    choices = [part.strip("'") for part in expected.replace(" or ", ", ").split(", ")]
    close = nearest(value, choices) if isinstance(value, str) else None
    return f"; did you mean '{close}'?" if close else ""


def _metric_by_name(data: Mapping[str, Any], place: Place) -> Place:
    # The models count metrics, the file names them.
    match place:
        case ("pipelines", int(), "aggregate", "metrics", int() as index, *_):
            metrics = _at(data, place[:4])
            name = list(metrics)[index] if isinstance(metrics, Mapping) else index
            # What is wrong inside is a part of one list, and shown with all of it.
            return (*place[:4], name)
        case _:
            return place


def _at(data: object, place: Place) -> object:
    value: Any = data
    try:
        for part in place:
            value = value[part]
    except (LookupError, TypeError):
        return _NOTHING
    return value


def _shown(path: str, value: object) -> str:
    if isinstance(value, Mapping):
        return ""
    value = redact(path, value)
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return f" = {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}"
