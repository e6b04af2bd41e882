"""
``ingestd run``: the daemon.
"""

from __future__ import annotations

from argparse import Namespace

from ingestd.cli.configured import load


def execute(arguments: Namespace) -> int:
    """
    Run the daemon in this process until a signal; with --once until all is drained.
    """
    config, path = load(arguments)
    # A wrong configuration is refused in a blink, before the daemon is imported.
    from ingestd.daemon.daemon import run  # noqa: PLC0415 - seconds of imports

    return run(config, str(path), once=arguments.once)
