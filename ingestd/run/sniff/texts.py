"""
A sample as text: in the encoding in which most of its lines are text.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingestd.config import Csv
from ingestd.run.faults import Fault
from ingestd.run.sniff.encodings import Encoding, encodings
from ingestd.run.sniff.sample import Excerpt, Text, text_of


def chosen(excerpts: Sequence[Excerpt], configured: Csv) -> tuple[Encoding, list[Text]]:
    """
    Return the encoding in which most lines are text, and the excerpts in it.
    """
    heads = [(excerpt.head, excerpt.whole) for excerpt in excerpts]
    found: list[tuple[int, Encoding, list[Text]]] = []
    for encoding in encodings(heads, configured.encoding):
        texts, broken = [], 0
        for excerpt in excerpts:
            try:
                text = text_of(excerpt, encoding.name)
            except Fault:
                # All its lines are no text; for the count it is read as it is.
                text = Text(excerpt, excerpt.head, excerpt.whole)
                broken += 1 + excerpt.head.count(b"\n")
            else:
                broken += _no_text(text.data)
            texts.append(text)
        found.append((broken, encoding, texts))
    _, encoding, texts = min(found, key=lambda item: item[0])
    return encoding, texts


def _no_text(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError:
        lines = data.split(b"\n")
        return sum(_is_broken(line) for line in lines)
    return data.count(b"\0")


def _is_broken(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return b"\0" in line


def as_is(excerpts: Sequence[Excerpt], configured: Csv) -> list[Text]:
    """
    Return *excerpts* in the configured encoding, as they are where that is none.
    """
    texts = []
    for excerpt in excerpts:
        try:
            texts.append(text_of(excerpt, configured.encoding))
        except Fault:
            texts.append(Text(excerpt, excerpt.head, excerpt.whole))
    return texts
