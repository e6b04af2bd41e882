"""
A source's notices: taken from a queue or the daemon's own address, and followed until
the ledger has what they told of.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from ingestd.config import Source
from ingestd.discover.courier import Courier
from ingestd.discover.known import Unknown
from ingestd.discover.looker import Looker
from ingestd.discover.notice import read
from ingestd.discover.noticed import Done, Noticed
from ingestd.discover.rules import Rules
from ingestd.observe.events import NoticesTaken, emit
from ingestd.storage import Place, Store
from ingestd.storage.queue import open_queue

WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Taken:
    """
    How many objects of a notice are ours, and whether there was room for them.
    """

    objects: int
    room: bool = True


class Notices:
    """
    A service. ``accept`` is safe from every thread; *noticed* belongs to the loop.

    Notices are hints: without them the listing finds the same objects, later.
    """

    def __init__(
        self,
        pipeline: str,
        source: Source,
        store: Store,
        unknown: Unknown,
        wake: Callable[[], None],
        scan_now: Callable[[str], None],
    ) -> None:
        """
        Build the parts of a source whose ``notices`` are set; nothing is asked.
        """
        self.pipeline = pipeline
        self._place = Place.of(source.url)
        self._rules = Rules.of(source)
        self._scan_now = scan_now
        place = self._place
        self.looker = Looker(
            lambda path: store.head(place.below(os.fsdecode(path))), wake
        )
        self.noticed = Noticed(self.looker, unknown, wake)
        self.courier: Courier | None = None
        if source.notices and source.notices != WEBHOOK:
            queue = open_queue(source.notices, source.storage)
            self.courier = Courier(pipeline, source.notices, queue, self)

    @property
    def away(self) -> str:
        """
        Why no notices come, "" where they do.
        """
        return self.courier.away if self.courier else ""

    def start(self) -> None:
        """
        Begin to look, then to receive.
        """
        self.looker.start()
        if self.courier is not None:
            self.courier.start()

    def stop(self) -> None:
        """
        End both; what was not acknowledged is delivered again.
        """
        if self.courier is not None:
            self.courier.stop()
        self.looker.stop()

    def room(self) -> bool:
        """
        Return whether more may be accepted.
        """
        return self.noticed.room()

    def accept(self, text: str | bytes, done: Done) -> Taken:
        """
        Take a notice; *done* is called by the loop, or at once when nothing of it is
        ours, as soon as it need not be told again. Raises Unreadable.
        """
        notice = read(text)
        if notice.strange:
            self._scan_now("a notice of an unknown form")
        paths = [
            path
            for bucket, key in notice.objects
            if (path := self._path_of(bucket, key)) is not None
        ]
        emit(NoticesTaken(self.pipeline, len(paths), len(notice.objects) - len(paths)))
        if not paths:
            done()
            return Taken(0)
        if self.noticed.offer(paths, done):
            return Taken(len(paths))
        # The listing is the quicker way to so many.
        self._scan_now("too many notices")
        return Taken(len(paths), room=False)

    def _path_of(self, bucket: str, key: str) -> bytes | None:
        prefix = self._place.below("")
        if bucket != self._place.bucket or not key.startswith(prefix):
            return None
        path = os.fsencode(key[len(prefix) :])
        if not path or path.endswith(b"/") or not self._rules.takes(path):
            return None
        return path
