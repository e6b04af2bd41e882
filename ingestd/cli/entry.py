"""
From the command line to an exit code: the border where errors become sentences.
"""

from __future__ import annotations

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

from ingestd.cli.arguments import NOT_BUILT, parser, refuse_not_built
from ingestd.errors import ConfigError, IngestdError
from ingestd.observe.escape import escape

EXIT_UNEXPECTED = 1
EXIT_INTERRUPTED = 130

Verb = Callable[[Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """
    Do what *argv* (the process's own arguments when None) says; return the exit code.

    Answers go to standard output, everything else to standard error. Raises SystemExit
    where the arguments are wrong.
    """
    # Pydantic looks through every installed distribution for plug-ins: a tenth of a
    # second, for something that is not used here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    arguments = _parse(sys.argv[1:] if argv is None else argv)
    try:
        code = _verb(arguments.verb)(arguments)
        # Here and not at the interpreter's end, where a closed pipe gives a traceback.
        sys.stdout.flush()
    except IngestdError as error:
        _say(error)
        return error.exit_code
    except BrokenPipeError:
        _discard_output()
        return 0
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception:  # noqa: BLE001 - the border: reported in full, never swallowed
        traceback.print_exc()
        _print("ingestd: this was not expected; please report it with the lines above")
        return EXIT_UNEXPECTED
    return code


def _parse(argv: Sequence[str]) -> Namespace:
    if argv and argv[0] in NOT_BUILT:
        refuse_not_built(argv[0])
    top = parser()
    arguments = top.parse_args(argv)
    if arguments.verb is None:
        top.print_usage(sys.stderr)
        top.exit(2, f"ingestd: expected a verb; {top.prog} --help lists them\n")
    return arguments


def _verb(name: str) -> Verb:
    # By name: a verb pays for its own imports alone.
    return cast("Verb", import_module(f"ingestd.cli.verbs.{name}").execute)


def _say(error: IngestdError) -> None:
    if isinstance(error, ConfigError):
        where = f"{error.path}: " if error.path else ""
        for problem in error.problems:
            prefix = "" if problem.startswith(where) else where
            # An expression is shown on a line of its own, with a caret below it.
            for line in f"{prefix}{problem}".split("\n"):
                _print(line)
        return
    _print(f"ingestd: {error.args[0]}")
    if error.hint:
        _print(f"hint: {error.hint}")


def _print(line: str) -> None:
    sys.stderr.write(f"{escape(line)}\n")


def _discard_output() -> None:
    # The reader left (head, less): what is still buffered must go somewhere at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
