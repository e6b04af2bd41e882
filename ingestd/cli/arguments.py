"""
What may stand on the command line.
"""

from __future__ import annotations

import argparse
from typing import Final, NoReturn, TypeAlias

from ingestd import __version__

NOT_BUILT: Final = {
    "replay": "reads committed files again",
    "logs": "reads the JSON log as a person wants it",
    "ledger": "backs up, restores and rebuilds the ledger",
}
# argparse gives the type of add_subparsers no public name.
_Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - see above
_WIDTH: Final = 88
_JSON: Final = "one JSON document and nothing else"
_EPILOG: Final = """\
-c FILE names the configuration: config.toml here, else /etc/ingestd/config.toml.
ingestd VERB --help tells the rest.

exit codes:
  0     all well
  1     something unexpected
  2     wrong arguments
  3     run --once: something was quarantined or failed
  4     verify: the ledger and the Parquet files differ
  5     another daemon holds this state folder
  6     check: a source, sink, cluster or server cannot be used
  78    the configuration is wrong
  130   ended by SIGINT, work given back
  143   ended by SIGTERM, work given back"""


class _Format(argparse.RawDescriptionHelpFormatter):
    """
    The same text on every terminal, so that the README can quote it.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24, width=_WIDTH)


def parser() -> argparse.ArgumentParser:
    """
    Return the parser of the whole command line.
    """
    top = argparse.ArgumentParser(
        prog="ingestd",
        description="Notice new CSV files, run each batch as a Prefect flow on Dask, "
        "publish\nParquet exactly once.",
        epilog=_EPILOG,
        formatter_class=_Format,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"ingestd {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    _daemon_verbs(verbs)
    _question_verbs(verbs)
    _other_verbs(verbs)
    return top


def refuse_not_built(verb: str) -> NoReturn:
    """
    End with exit code 2 and a sentence about a *verb* that is planned.
    """
    top = parser()
    top.exit(2, f"ingestd {verb} is not built yet: it {NOT_BUILT[verb]}\n")


def _daemon_verbs(verbs: _Verbs) -> None:
    run = _verb(verbs, "run", "the daemon; --once drains what is there and exits")
    run.add_argument(
        "--once",
        action="store_true",
        help="drain everything that is there, with a progress bar, and exit",
    )
    _verb(verbs, "check", "reach every source, sink and cluster; change nothing")


def _question_verbs(verbs: _Verbs) -> None:
    status = _verb(verbs, "status", "backlog, work in flight, rates, last error")
    _json(status)
    for name, noun in (("files", "file versions"), ("batches", "batches")):
        listing = _verb(verbs, name, f"list the {noun} of the ledger")
        listing.add_argument("--state", metavar="S", help="only those in this state")
        listing.add_argument("--pipeline", metavar="P", help="only those of one")
        _json(listing)
    why = _verb(verbs, "why", "where is my file, what holds it, what became of it")
    why.add_argument("path", metavar="PATH", help="the file, or its name in a source")
    rejects = _verb(verbs, "rejects", "the rows that were set aside, to read or repair")
    rejects.add_argument("--pipeline", metavar="P", help="only those of one")
    rejects.add_argument("--batch", metavar="ID", help="only those of one batch")
    rejects.add_argument("--file", metavar="PATH", help="only those of one file")
    rejects.add_argument("--reason", metavar="R", help="only those with this reason")
    form = rejects.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=_JSON)
    form.add_argument(
        "--csv", action="store_true", help="the records as they are, under their header"
    )


def _other_verbs(verbs: _Verbs) -> None:
    retry = _verb(verbs, "retry", "read quarantined files again, in a new batch")
    retry.add_argument("paths", metavar="PATH", nargs="*", help="files to retry")
    retry.add_argument(
        "--all", action="store_true", help="every file that is quarantined"
    )
    verify = _verb(verbs, "verify", "recount every batch against its Parquet files")
    verify.add_argument(
        "--deep", action="store_true", help="compare each file's SHA-256 too"
    )
    _json(verify)
    text = "write a commented config.toml and the folders"
    init = verbs.add_parser(
        "init", help=text, description=_sentence(text), allow_abbrev=False
    )
    init.add_argument("folder", metavar="DIR", nargs="?", default=".")


def _verb(verbs: _Verbs, name: str, text: str) -> argparse.ArgumentParser:
    made = verbs.add_parser(
        name, help=text, description=_sentence(text), allow_abbrev=False
    )
    made.add_argument("-c", "--config", metavar="FILE", help="the configuration file")
    return made


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _json(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help=_JSON)
