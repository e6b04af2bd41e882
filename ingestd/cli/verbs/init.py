"""
``ingestd init``: a commented configuration and its folders.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ingestd.cli.output import write
from ingestd.config import write_template
from ingestd.observe.escape import printable


def execute(arguments: Namespace) -> int:
    """
    Write them into the folder, never over a configuration that is there.
    """
    made = write_template(Path(arguments.folder))
    for path in made:
        write(f"wrote {printable(str(path))}")
    config, inbox = (printable(str(path)) for path in made[:2])
    write(f"next: edit {config}, then look at it with: ingestd check -c {config}")
    write(f"then: ingestd run -c {config}, and drop CSV files into {inbox}")
    return 0
