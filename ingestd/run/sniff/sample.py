"""
The first bytes of the first files of a source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ingestd.model import Member
from ingestd.run.faults import Fault
from ingestd.run.glimpse import raw_glimpse
from ingestd.run.text.decode import Transcript, check_mark, is_utf8

FILES = 3
HEAD_BYTES = 128 << 10
TAIL_BYTES = 16 << 10
SOME_BYTES = 16 << 10
"""A beginning that tells nearly as much as the whole."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """
    Of one file, unpacked: its first bytes, *whole* if that is all; else, of a file that
    is not packed, the last bytes too.
    """

    path: bytes
    head: bytes
    whole: bool
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class Text:
    """
    An excerpt in UTF-8, as the reader gets it: *data* of whole lines. *tail* is the end
    of a longer file, from where a line begins, empty where it is not known.
    """

    excerpt: Excerpt
    data: bytes
    whole: bool
    tail: bytes = b""
    transcript: Transcript | None = None

    def raw(self, stop: int) -> bytes:
        """
        Return the file's own bytes: all of them, of a longer file those before byte
        *stop* of the text.
        """
        if self.whole:
            return self.excerpt.head
        if self.transcript is not None:
            stop = self.transcript.source_offset(
                stop, lambda at, most: self.data[at : at + most]
            )
        return self.excerpt.head[:stop]


@dataclass(slots=True)
class Sample:
    """
    What there is to look at, and what is wrong with the files that could not be.
    """

    excerpts: list[Excerpt] = field(default_factory=list)
    faults: list[tuple[bytes, str]] = field(default_factory=list)


def gathered(
    root: str, members: Iterable[Member], storage: Mapping[str, Any]
) -> Sample:
    """
    Return the beginnings of the first FILES of *members* that hold something.
    """
    sample = Sample()
    for member in members:
        if len(sample.excerpts) + len(sample.faults) >= FILES:
            break
        if not member.size:
            continue
        try:
            seen = raw_glimpse(root, member, HEAD_BYTES, TAIL_BYTES, storage)
        except Fault as fault:
            sample.faults.append((member.file.path, fault.detail))
            continue
        if seen.head:
            excerpt = Excerpt(member.file.path, seen.head, seen.whole, seen.tail)
            sample.excerpts.append(excerpt)
    return sample


def text_of(excerpt: Excerpt, encoding: str) -> Text:
    """
    Return *excerpt* as text of *encoding*. Raises Fault where its byte order mark is
    another encoding's.
    """
    check_mark(excerpt.head, encoding)
    if is_utf8(encoding):
        data, transcript = excerpt.head, None
    else:
        transcript = Transcript(encoding)
        pieces = transcript.pieces(lambda at, most: excerpt.head[at : at + most])
        data = b"".join(pieces)
    if excerpt.whole:
        return Text(excerpt, data, True, transcript=transcript)
    end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    tail = excerpt.tail[excerpt.tail.find(b"\n") + 1 :] if transcript is None else b""
    return Text(excerpt, data[:end], False, tail, transcript)


def beginning(text: Text, size: int | None = SOME_BYTES) -> Text:
    """
    Return the lines among the first *size* bytes of *text*, all of it for None.
    """
    if size is None or len(text.data) <= size:
        return text
    for most in (size, 8 * size):
        end = max(text.data.rfind(mark, 0, most) for mark in (b"\n", b"\r")) + 1
        if end:
            return replace(text, data=text.data[:end], whole=False)
    return text
