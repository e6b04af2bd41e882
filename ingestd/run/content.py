"""
One member, opened once: checked against its fingerprint, unpacked, counted.

Every later step reads through the descriptor that is opened here, so that a file that
is replaced meanwhile cannot mix two versions.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ingestd.errors import Reason
from ingestd.model import Fingerprint, Member
from ingestd.run.blocks import Count, Shape
from ingestd.run.engine import Plan
from ingestd.run.exact import exact_count, without_blank_lines
from ingestd.run.faults import Fault, changed, system_errors
from ingestd.run.header import HEAD_BYTES, Header, look
from ingestd.run.layout import Layout, layout
from ingestd.run.records import count
from ingestd.run.unpack import MAGIC, spool, unpack, unpacked_head, write_all

SMALL_BYTES = 1 << 20
"""Files up to here are read into memory and parsed together with their neighbours."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class Content:
    """
    What is to be parsed of one member: *data* in memory, or the open file *fd*.

    *rows* counts its data records. *watched* is the source's own descriptor while it
    must still be compared with the fingerprint after parsing, else -1.
    """

    member: Member
    header: Header
    layout: Layout
    rows: int = 0
    exact: bool = False
    data: bytes | None = None
    fd: int = -1
    watched: int = -1

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

    def recount(self, plan: Plan) -> None:
        """
        Look at every record, where only sums were compared. Raises Fault.
        """
        if not self.exact:
            source = self.fd if self.data is None else self.data
            shape = shape_of(plan, self.names)
            judge(exact_count(source, shape, self.header.start), shape, plan)
            self.exact = True

    def close(self) -> None:
        """
        Close what is open; harmless twice.
        """
        for fd in {self.fd, self.watched} - {-1}:
            os.close(fd)
        self.fd = self.watched = -1


def shape_of(plan: Plan, names: tuple[str, ...]) -> Shape:
    """
    Return what the count of a file with the columns *names* must look for.
    """
    options = plan.pipeline.csv
    return Shape(
        options.delimiter.encode(),
        options.quote.encode(),
        len(names),
        options.max_line_bytes,
    )


def source_head(root: str, member: Member, share: int) -> tuple[bytes, bytes, int]:
    """
    Return the first and the last *share* bytes of *member*'s content, and its size.

    All in the first when it is no longer than twice that; of a packed file there is no
    last. Raises Fault.
    """
    with system_errors(), opened(root, member) as fd:
        size = os.fstat(fd).st_size
        if os.pread(fd, len(MAGIC), 0) == MAGIC:
            head, whole = unpacked_head(fd, 2 * share)
            return head, b"", len(head) if whole else len(head) + 1
        if size <= 2 * share:
            return _read(fd, size), b"", size
        return os.pread(fd, share, 0), os.pread(fd, share, size - share), size


def open_content(plan: Plan, member: Member) -> Content | None:
    """
    Open, check and count *member*; None when the file is empty. Raises Fault.

    The caller closes what is returned.
    """
    with system_errors(), opened(plan.root, member) as fd:
        head = os.pread(fd, HEAD_BYTES, 0)
        if not head:
            _same(fd, member)
            return None
        if head.startswith(MAGIC):
            return _packed(plan, member, fd)
        content = _plain(plan, member, fd, head)
        if content.data is not None:
            _same(fd, member)
        return content


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


def _packed(plan: Plan, member: Member, fd: int) -> Content | None:
    ratio = plan.pipeline.csv.max_unpack_ratio
    unpacked = unpack(fd, member.size, ratio, plan.staging)
    try:
        _same(fd, member)
        head = os.pread(unpacked, HEAD_BYTES, 0)
        if not head:
            return None
        content = _plain(plan, member, unpacked, head)
        # What is parsed is our own copy, which nobody can change.
        if content.watched not in (-1, content.fd):
            os.close(content.watched)
        content.watched = -1
    finally:
        os.close(unpacked)
    return content


def _plain(plan: Plan, member: Member, fd: int, head: bytes) -> Content:
    size = os.fstat(fd).st_size
    columns = plan.schema.names
    header = look(head, size, plan.pipeline.csv, columns)
    arranged = layout(header.names, columns, plan.pipeline.drift)
    content = Content(member, header, arranged)
    if size <= SMALL_BYTES:
        content.data = head if size <= len(head) else _read(fd, size)
        if len(content.data) != size:
            raise changed("shorter than when it was admitted")
    else:
        # A descriptor of its own: the caller's ends with its block.
        content.fd = content.watched = os.dup(fd)
    try:
        _count(plan, content)
    except BaseException:
        content.close()
        raise
    return content


def _read(fd: int, size: int) -> bytes:
    pieces, at = [], 0
    while at < size and (piece := os.pread(fd, size - at, at)):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)


def _count(plan: Plan, content: Content) -> None:
    """
    Count the records; blank lines are taken out, since Polars would make rows of them.
    """
    shape = shape_of(plan, content.names)
    source = content.fd if content.data is None else content.data
    found = count(source, shape, content.header.start)
    judge(found, shape, plan)
    if found.blank:
        _drop_blank_lines(plan, content, shape)
    content.exact = found.exact
    content.rows = found.records - plan.pipeline.csv.header


def _drop_blank_lines(plan: Plan, content: Content, shape: Shape) -> None:
    source = content.fd if content.data is None else content.data
    pieces = without_blank_lines(source, shape, content.header.start)
    if content.data is not None:
        content.data = b"".join(pieces)
    else:
        # The source's own descriptor stays open as *watched*.
        content.fd = _spooled(plan, pieces, os.fstat(content.fd).st_size)
    after = content.header.end - content.header.first
    content.header = replace(content.header, start=0, first=0, end=after)


def _spooled(plan: Plan, pieces: Iterator[bytes], size: int) -> int:
    target = spool(plan.staging, size)
    try:
        for piece in pieces:
            write_all(target, piece)
    except BaseException:
        os.close(target)
        raise
    return target


def judge(found: Count, shape: Shape, plan: Plan) -> None:
    """
    Raise Fault for the first thing that *found* has against a file.
    """
    if found.nul >= 0:
        raise Fault(Reason.NUL_BYTE, f"a NUL byte at offset {found.nul}")
    if found.bad_quote >= 0:
        raise Fault(
            Reason.BAD_QUOTE,
            f"a quote out of place at or after offset {found.bad_quote}",
        )
    if found.long_line >= 0:
        raise Fault(
            Reason.LINE_TOO_LONG,
            f"the record at offset {found.long_line} is longer than "
            f"{shape.max_line_bytes} bytes",
        )
    if found.ragged >= 0:
        few = found.ragged_fields < shape.fields
        raise Fault(
            Reason.TOO_FEW_FIELDS if few else Reason.TOO_MANY_FIELDS,
            f"record {found.ragged_record - plan.pipeline.csv.header} at offset "
            f"{found.ragged} has {found.ragged_fields} fields, "
            f"expected {shape.fields}",
        )
    if not found.final_newline and plan.pipeline.csv.final_newline == "require":
        raise Fault(
            Reason.NO_FINAL_NEWLINE, "the last record has no newline: was it cut?"
        )
