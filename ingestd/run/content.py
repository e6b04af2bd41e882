"""
One member, opened once: checked against its fingerprint, made plain text, counted.

Every later step reads through the descriptor that is opened here, so that a file that
is replaced meanwhile cannot mix two versions.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ingestd.config import Csv
from ingestd.errors import Reason
from ingestd.model import Fingerprint, Member
from ingestd.run.engine import Plan
from ingestd.run.faults import Fault, changed, system_errors
from ingestd.run.header import HEAD_BYTES, Header, look
from ingestd.run.layout import Layout, layout
from ingestd.run.rejects import Reject
from ingestd.run.text.count import Count, count
from ingestd.run.text.decode import Transcript, check_mark, decoded, is_utf8
from ingestd.run.text.emit import Plain, plain_for
from ingestd.run.text.footer import without_footer
from ingestd.run.text.sieve import Aside, Judge, Rules, Sieve, TooMany
from ingestd.run.text.tokens import rewritten
from ingestd.run.unpack import (
    KIND_BYTES,
    Packing,
    packing,
    spool,
    unpack,
    unpacked_head,
    write_all,
)

SMALL_BYTES = 1 << 20
"""Files up to here are read into memory and parsed together with their neighbours."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_BYTE_ORDER_MARK = 3


@dataclass(slots=True)
class Text:
    """
    The text of a member in UTF-8, up to *stop*: *data* in memory, or the open file
    *fd*. *transcript* tells where decoded text came from.
    """

    stop: int
    data: bytes | None = None
    fd: int = -1
    transcript: Transcript | None = None

    @property
    def source(self) -> int | bytes:
        """
        What there is to read.
        """
        return self.fd if self.data is None else self.data

    def read(self, at: int, most: int) -> bytes:
        """
        Return up to *most* bytes from offset *at* on.
        """
        if self.data is not None:
            return self.data[at : at + most]
        return os.pread(self.fd, most, at)

    def close(self) -> None:
        """
        Close what is open; harmless twice.
        """
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def offset(self, at: int) -> int:
        """
        Return the offset in the file's own encoding of the text's byte *at*.
        """
        if self.transcript is None:
            return at
        return self.transcript.source_offset(at, self.read)


@dataclass(slots=True)
class Content:
    """
    What is to be parsed of one member, in the dialect *plain*: the records *data* in
    memory, or the open file *fd* with a header in front if the files have one.

    *rows* counts its records, *rejects* are those that were set aside before. *watched*
    is the source's own descriptor while it must still be compared with the fingerprint
    after parsing, else -1. *careful*: each value was looked at.
    """

    member: Member
    text: Text
    header: Header
    layout: Layout
    plain: Plain
    rows: int = 0
    exact: bool = False
    careful: bool = False
    data: bytes | memoryview | None = None
    fd: int = -1
    watched: int = -1
    rejects: tuple[Reject, ...] = ()
    nulled: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """
        The columns, in the file's order.
        """
        return self.layout.names

    def unchanged(self) -> None:
        """
        Raise Fault if the source is another version than when it was opened.
        """
        if self.watched >= 0:
            _same(self.watched, self.member)

    def recount(self) -> bool:
        """
        Look at every record, where only sums were compared; return whether all are
        sound.
        """
        if not self.exact:
            found = _counted(self, exact=True)
            self.exact = found.clean and found.records == self.rows
        return self.exact

    def close(self) -> None:
        """
        Close what is open; harmless twice.
        """
        if self.fd not in (-1, self.text.fd):
            os.close(self.fd)
        self.text.close()
        self.fd = self.watched = -1


@dataclass(frozen=True, slots=True)
class Glimpse:
    """
    The first bytes of a member as text in UTF-8, *whole* if that is all; and, of a long
    one that is text as it is, the last bytes.
    """

    head: bytes
    whole: bool
    tail: bytes = b""


def glimpse(root: str, member: Member, share: int, options: Csv) -> Glimpse:
    """
    Return the first and the last *share* bytes of *member*'s text, or twice as much of
    its beginning. Raises Fault.
    """
    with system_errors(), opened(root, member) as fd:
        size = os.fstat(fd).st_size
        packed = packing(os.pread(fd, KIND_BYTES, 0))
        if packed:
            head, whole = unpacked_head(fd, packed, 2 * share)
        else:
            head, whole = _read(fd, min(size, 2 * share)), size <= 2 * share
        check_mark(head, options.encoding)
        if not is_utf8(options.encoding):
            return Glimpse(decoded(head, options.encoding, final=whole), whole)
        if packed or whole:
            return Glimpse(head, whole)
        return Glimpse(head[:share], False, os.pread(fd, share, size - share))


def open_content(plan: Plan, member: Member) -> Content | None:
    """
    Open, check and count *member*; None when the file is empty. Raises Fault.

    The caller closes what is returned.
    """
    with system_errors(), opened(plan.root, member) as fd:
        text = _text(plan, member, fd)
        if text is None:
            return None
        with _closed_on_error(text):
            content = _arranged(plan, member, text)
        with _closed_on_error(content):
            if text.fd >= 0 and os.path.sameopenfile(text.fd, fd):
                content.watched = text.fd
            if not _as_it_is(content, plan):
                sift(plan, content)
            if text.data is not None:
                _same(fd, member)
        return content


@contextmanager
def _closed_on_error(opened: Text | Content) -> Iterator[None]:
    try:
        yield
    except BaseException:
        opened.close()
        raise


@contextmanager
def opened(root: str, member: Member) -> Iterator[int]:
    """
    Open *member*'s file without following links or blocking; yield its descriptor.

    Raises Fault unless it is the admitted version, OSError for what the system says.
    """
    path = os.fsencode(root) + b"/" + member.file.path
    fd = os.open(path, _FLAGS)
    try:
        _same(fd, member)
        if (member.start, member.end) != (0, member.file.fingerprint.size):
            raise Fault(Reason.UNREADABLE, "a slice of a file cannot be read yet")
        yield fd
    finally:
        os.close(fd)


def _same(fd: int, member: Member) -> None:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise changed("not a regular file any more")
    now, then = Fingerprint.of(status), member.file.fingerprint
    if now.stat[:-1] != then.stat[:-1]:  # a local file has no etag
        raise changed("another version than the one that was admitted")


def _text(plan: Plan, member: Member, fd: int) -> Text | None:
    """
    Return the text of *fd*, unpacked and decoded; None when there is none.
    """
    options = plan.pipeline.csv
    source, ours = fd, False
    if packed := packing(os.pread(fd, KIND_BYTES, 0)):
        source, ours = _unpacked(plan, member, fd, packed), True
    try:
        if ours:
            _same(fd, member)
        size = os.fstat(source).st_size
        head = os.pread(source, HEAD_BYTES, 0)
        if not head:
            _same(fd, member)
            return None
        check_mark(head, options.encoding)
        if not is_utf8(options.encoding):
            return _decoded(plan, source, size)
        if size <= SMALL_BYTES:
            data = head if size <= len(head) else _read(source, size)
            if len(data) != size:
                raise changed("shorter than when it was admitted")
            return Text(size, data)
        # A descriptor of its own: the caller's ends with its block.
        return Text(size, fd=os.dup(source))
    finally:
        if ours:
            os.close(source)


def _unpacked(plan: Plan, member: Member, fd: int, kind: Packing) -> int:
    ratio = plan.pipeline.csv.max_unpack_ratio
    try:
        return unpack(fd, kind, member.size, ratio, plan.staging)
    except Fault:
        # A file that is written anew meanwhile is another version, not a damaged one.
        _same(fd, member)
        raise


def _decoded(plan: Plan, source: int, size: int) -> Text:
    transcript = Transcript(plan.pipeline.csv.encoding)
    pieces = transcript.pieces(lambda at, most: os.pread(source, most, at))
    if size <= SMALL_BYTES:
        data = b"".join(pieces)
        return Text(len(data), data, transcript=transcript)
    fd = _spooled(plan, pieces, 2 * size)
    return Text(os.fstat(fd).st_size, fd=fd, transcript=transcript)


def _arranged(plan: Plan, member: Member, text: Text) -> Content:
    options = plan.pipeline.csv
    header = look(text.source, text.stop, options)
    names = header.names if options.header else plan.schema.names
    arranged = layout(names, plan.schema.names, plan.pipeline.drift)
    text.stop = without_footer(text.source, header.end, text.stop, options.skip_footer)
    try:
        plain = plain_for(header.dialect, text.source, header.end, text.stop)
    except ValueError as error:
        raise Fault(Reason.UNREADABLE, f"csv.delimiter: {error}") from error
    return Content(member, text, header, arranged, plain)


def _as_it_is(content: Content, plan: Plan) -> bool:
    """
    Have *content* parsed as it is, if it may be; tell whether it is.
    """
    text, header, options = content.text, content.header, plan.pipeline.csv
    if not header.dialect.plain:
        return False
    if text.data is None:
        # The parser begins where the file begins, and takes the header's own names.
        mark = text.read(0, _BYTE_ORDER_MARK) == b"\xef\xbb\xbf"
        named = not options.header or header.names == content.layout.names
        begin = _BYTE_ORDER_MARK if mark else 0
        cut = text.stop < os.fstat(text.fd).st_size
        if header.first != begin or cut or not named:
            return False
    if options.final_newline == "require" and text.read(text.stop - 1, 1) != b"\n":
        return False
    found = _counted(content)
    if not found.clean:
        return False
    content.rows, content.exact = found.records, found.exact
    if text.data is None:
        content.fd = text.fd
    else:
        content.data = memoryview(text.data)[header.end : text.stop]
    return True


def _counted(content: Content, *, exact: bool = False) -> Count:
    text, header = content.text, content.header
    fields = len(content.layout.names)
    return count(
        text.source, header.end, text.stop, header.dialect, fields, exact=exact
    )


def sift(plan: Plan, content: Content, judge: Judge | None = None) -> None:
    """
    Read *content*'s text with care, so that only sound records are left to be parsed;
    with *judge* only those whose values fit. Raises Fault.
    """
    text, header = content.text, content.header
    rules = _rules(plan, content)
    sieve = Sieve(header.dialect, content.plain, rules, judge)
    pieces = sieve.pieces(text.source, header.end, text.stop)
    before, content.data = content.fd, None
    content.fd = -1
    if before not in (-1, text.fd):
        os.close(before)
    try:
        if text.data is not None:
            content.data = b"".join(pieces)
        else:
            content.fd = _spooled(plan, _headed(plan, content, pieces), text.stop)
    except TooMany as error:
        raise _too_many(error.last, sieve.aside, rules, content) from error
    content.unchanged()
    content.rows, content.exact, content.careful = sieve.rows, True, judge is not None
    content.nulled = sieve.nulled
    content.rejects = tuple(_reject(aside, content) for aside in sieve.aside)


def _rules(plan: Plan, content: Content) -> Rules:
    options, drift = plan.pipeline.csv, plan.pipeline.drift
    nulls = options.nulls
    return Rules(
        fields=len(content.layout.names),
        limit=0 if drift.bad_row == "fail" else drift.max_rejects,
        whole_end=options.final_newline == "require",
        nulls=drift.bad_row == "null",
        null_text=b"" if "" in nulls or not nulls else nulls[0].encode(),
    )


def _headed(plan: Plan, content: Content, pieces: Iterator[bytes]) -> Iterator[bytes]:
    if plan.pipeline.csv.header:
        yield header_line(content)
    yield from pieces


def header_line(content: Content) -> bytes:
    """
    Return the header that a parser of *content* is given.
    """
    names = [name.encode() for name in content.layout.names]
    return rewritten(names, content.plain.delimiter, content.plain.quote)


def _too_many(last: Aside, aside: list[Aside], rules: Rules, content: Content) -> Fault:
    first = (aside or [last])[0]
    column = f", column {first.column!r}" if first.column else ""
    line = first.line + content.header.lines
    said = f"record {first.record} in line {line}{column}: {first.detail}"
    if not rules.limit:
        return Fault(first.reason, said)
    return Fault(
        Reason.TOO_MANY_REJECTS,
        f"more than {rules.limit} rows do not fit; the first: {first.reason}, {said}",
    )


def _reject(aside: Aside, content: Content) -> Reject:
    member = content.member
    return Reject(
        file_id=member.file.id,
        path=member.file.path,
        record=aside.record,
        line=aside.line + content.header.lines,
        offset=content.text.offset(aside.offset),
        column=aside.column,
        reason=aside.reason,
        detail=aside.detail,
        header=content.header.raw,
        raw=aside.raw,
    )


def _read(fd: int, size: int) -> bytes:
    pieces, at = [], 0
    while at < size and (piece := os.pread(fd, size - at, at)):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)


def _spooled(plan: Plan, pieces: Iterator[bytes], size: int) -> int:
    target = spool(plan.staging, size)
    try:
        for piece in pieces:
            write_all(target, piece)
    except BaseException:
        os.close(target)
        raise
    return target
