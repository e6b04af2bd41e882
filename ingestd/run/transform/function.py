"""
The user's own function: imported by its name, with the hash of its module's source.

Only workers import it, and who asks whether it can be imported: its code is foreign.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from ingestd.config import Pipeline
from ingestd.config.spelling import nearest
from ingestd.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Loaded:
    """
    The function that *reference* names; *source* is the SHA-256 of its module's source
    when it was imported, in hexadecimal.
    """

    reference: str
    source: str
    call: Callable[[Any], object]


def function_of(pipeline: Pipeline) -> Loaded | None:
    """
    Return the function of *pipeline*, None where it has none. Raises ConfigError where
    it cannot be imported: no file is at fault, so the batch has to wait.
    """
    reference = pipeline.transform.python
    if reference is None:
        return None
    try:
        return loaded(reference)
    except ConfigError as error:
        where = f"pipelines.{pipeline.name}.transform.python"
        problems = [f"{where} = {reference!r}: {each}" for each in error.problems]
        raise ConfigError(problems) from error


@functools.cache
def loaded(reference: str) -> Loaded:
    """
    Import the function that *reference* names. Raises ConfigError.

    Once in a process, as Python itself imports: the hash is that of what runs.
    """
    name, _, attribute = reference.partition(":")
    try:
        module = import_module(name)
    except (Exception, SystemExit) as error:
        said = f"cannot be imported: {type(error).__name__}: {error}"
        raise ConfigError([f"{said}; the worker looks in PYTHONPATH"]) from error
    found = getattr(module, attribute, None)
    if found is None:
        close = nearest(attribute, vars(module))
        hint = f"; did you mean {close!r}?" if close else ""
        raise ConfigError([f"{name} has no {attribute!r}{hint}"])
    if not callable(found):
        raise ConfigError([f"expected a function; it is a {type(found).__name__}"])
    return Loaded(reference, _hash(module), found)


def _hash(module: ModuleType) -> str:
    spec = module.__spec__
    read = getattr(spec and spec.loader, "get_data", None)
    if spec is None or read is None or spec.origin is None:
        raise ConfigError([f"{module.__name__} has no source that could be hashed"])
    try:
        return hashlib.sha256(read(spec.origin)).hexdigest()
    except OSError as error:
        raise ConfigError([f"its source cannot be read: {error}"]) from error


def main(reference: str) -> int:
    """
    Write the hash of *reference*'s source, or what is wrong with it.
    """
    try:
        sys.stdout.write(f"{loaded(reference).source}\n")
    except ConfigError as error:
        sys.stdout.write(f"{error}\n")
        return ConfigError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
