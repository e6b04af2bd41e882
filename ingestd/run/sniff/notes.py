"""
Sentences about a proposal: what it leaves out, what is a guess, what nobody can tell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ingestd.config import Pipeline
from ingestd.config.notation import toml
from ingestd.run.faults import Fault
from ingestd.run.layout import named
from ingestd.run.sniff.proof import names_of
from ingestd.run.sniff.reading import Reading
from ingestd.run.sniff.sample import Text

_SHOWN = 60


def notes_of(
    texts: Sequence[Text],
    found: Reading,
    pipeline: Pipeline,
    change: Collection[str],
    *,
    guessed: bool,
) -> Iterator[str]:
    """
    Yield what to know of *found*: *change* has the keys that are proposed for
    *pipeline*, *guessed* tells whether the encoding is.
    """
    options = found.options
    names = names_of(found, options)
    if "encoding" in change and guessed:
        name = toml(options.encoding)
        yield f"encoding = {name} is a guess: look at the letters that are not ASCII"
    if "header" in change and not options.header:
        yield "header = false: the names are for you to choose"
    left_out = {
        "skip_rows": _before(texts, found),
        "skip_footer": _behind(texts, found),
        "comment": _comments(texts, options.comment),
    }
    for key, lines in left_out.items():
        if key in change and lines:
            said = f"{key} = {toml(getattr(options, key))}"
            yield f"{said} leaves out {_shown(lines)}"
    if options.header and len(set(found.first[0])) < len(names):
        yield from _named_twice(found.first[0], pipeline)
    for note in found.notes:
        yield f"column {names[note.column]!r}: {note.text}"


def _named_twice(names: Sequence[str], pipeline: Pipeline) -> Iterator[str]:
    try:
        named(tuple(names), pipeline.drift)
    except Fault as fault:
        yield f'{fault.detail}: see duplicate_column = "rename" in [pipelines.drift]'


def _shown(lines: Sequence[bytes]) -> str:
    first = lines[0].decode("utf-8", "backslashreplace").strip()
    first = first if len(first) <= _SHOWN else f"{first[:_SHOWN]}…"
    more = f" and {len(lines) - 1:,} more" if len(lines) > 1 else ""
    return f"{first!r}{more}"


def _before(texts: Sequence[Text], found: Reading) -> list[bytes]:
    return [
        line
        for text, trial in zip(texts, found.candidate.trials, strict=True)
        for line in text.data[: trial.begin].splitlines()
        if line and not trial.refused
    ]


def _behind(texts: Sequence[Text], found: Reading) -> list[bytes]:
    return [
        line
        for text, trial in zip(texts, found.candidate.trials, strict=True)
        for line in text.data[trial.stop :].splitlines()
        if line and text.whole and not trial.refused
    ]


def _comments(texts: Sequence[Text], mark: str) -> list[bytes]:
    begin = mark.encode()
    return [
        line
        for text in texts
        for line in text.data.splitlines()
        if mark and line.startswith(begin)
    ]
