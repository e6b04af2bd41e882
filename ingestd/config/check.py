"""
All checks of a configuration's data, so that every problem is reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from ingestd.config.document import Config
from ingestd.config.not_built import not_built
from ingestd.config.overlap import Folder, folders_of, overlaps
from ingestd.config.problems import Place, Problem, key_path, problems_of
from ingestd.config.rules import PIPELINE_RULES, unequal_tls
from ingestd.config.stores import notices_fit

_SECTION = 3  # ("pipelines", index, section)


def check(data: Mapping[str, Any], folder: str) -> tuple[Config, list[Problem]]:
    """
    Return the configuration that *data* means and all that is wrong with it.

    Where something is wrong, the sections at fault have their defaults instead.
    Relative paths are relative to *folder*.
    """
    context = {"folder": folder}
    try:
        config = Config.model_validate(data, context=context)
        problems: list[Problem] = []
        broken: set[Place] = set()
    except ValidationError as error:
        problems = problems_of(error, data)
        broken = {_section_of(problem.place) for problem in problems}
        config = Config.model_validate(_without(data, broken), context=context)
    wrong = {problem.place for problem in problems}
    problems += [p for p in not_built(data) if p.place not in wrong]
    problems += _broken_rules(data, config, broken)
    return config, problems


def _section_of(place: Place) -> Place:
    return place[:_SECTION] if place[0] == "pipelines" else place[:1]


def _without(data: Mapping[str, Any], broken: set[Place]) -> dict[str, Any]:
    result: dict[str, Any] = deepcopy(dict(data))
    for place in broken:
        match place:
            case ("pipelines", int() as index):
                result["pipelines"][index] = {"name": "unnamed"}
            case ("pipelines", int() as index, "name"):
                result["pipelines"][index]["name"] = "unnamed"
            case ("pipelines", int() as index, section):
                result["pipelines"][index].pop(section, None)
            case (name, *_):
                result.pop(str(name), None)
    return result


def _broken_rules(
    data: Mapping[str, Any], config: Config, broken: set[Place]
) -> Iterator[Problem]:
    if not config.pipelines and ("pipelines",) not in broken:
        yield Problem(("pipelines",), "missing; expected a [[pipelines]] table")
    if ("cluster",) not in broken:
        for key, text in unequal_tls(config):
            yield Problem(tuple(key.split(".")), text)
    for number, text in notices_fit(config):
        where: Place = ("pipelines", number, "source")
        if not {("http",), where[:2], where} & broken:
            yield Problem((*where, "notices"), text)
    yield from _equal_names(config, broken)
    for index, pipeline in enumerate(config.pipelines):
        place: Place = ("pipelines", index)
        if place in broken:
            continue
        for rule in PIPELINE_RULES:
            if not any((*place, section) in broken for section in rule.reads):
                for key, text in rule.check(pipeline):
                    yield Problem((*place, *key.split(".", 2)), text)
    for found, text in overlaps(_folders(data, config, broken)):
        head: Place = () if found.pipeline is None else ("pipelines", found.pipeline)
        yield Problem((*head, *found.key.split(".")), text)


def _equal_names(config: Config, broken: set[Place]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, pipeline in enumerate(config.pipelines):
        place: Place = ("pipelines", index)
        if {place, (*place, "name")} & broken:
            continue
        if pipeline.name in seen:
            yield Problem((*place, "name"), "expected a name of its own")
        seen.add(pipeline.name)


def _folders(
    data: Mapping[str, Any], config: Config, broken: set[Place]
) -> list[Folder]:
    folders = []
    if ("state_dir",) not in broken:
        folders.append(Folder("state", config.state_dir, "state_dir"))
    for index, pipeline in enumerate(config.pipelines):
        place: Place = ("pipelines", index)
        if place in broken:
            continue
        unusable = {s for s in ("source", "sink", "rejects") if (*place, s) in broken}
        folders += [
            folder
            for folder in folders_of(index, key_path(data, place), pipeline)
            if folder.key.split(".")[0] not in unusable
        ]
    return folders
