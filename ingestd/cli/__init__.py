"""
The command line: thin verbs over the configuration, the ledger and the daemon.

Each verb is a module of its own, imported when it is asked for, so that ``status``
starts in a blink.
"""

from ingestd.cli.entry import main

__all__ = ["main"]
