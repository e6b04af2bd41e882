"""
Events of noticing files: scans, watches, single files.
"""

from __future__ import annotations

from ingestd.observe.events.event import Event, Level, Stage, event


@event(Level.INFO, Stage.DISCOVER)
class ScanFinished(Event):
    """
    A complete listing was compared with the ledger.

    *unknown* files were new or changed; *found_by_scan_only* of them no event told of;
    *irregular* entries are no regular files. *after* is the key where a listing in
    order began, "" where it was whole.
    """

    pipeline: str
    files: int
    unknown: int
    found_by_scan_only: int
    irregular: int
    seconds: float
    after: str = ""

    def volume(self) -> Level:
        """
        Whisper when there was nothing new: scans come every few seconds.
        """
        return self.level if self.unknown else Level.DEBUG


@event(Level.WARNING, Stage.DISCOVER)
class ScanFailed(Event):
    """
    A listing could not be completed, so nothing was concluded from it.
    """

    pipeline: str
    error: str
    retry_in: float
    hint: str = ""


@event(Level.WARNING, Stage.DISCOVER)
class WatchLost(Event):
    """
    The operating system's notices stopped; scans go on finding files.
    """

    pipeline: str
    error: str
    hint: str = ""


@event(Level.INFO, Stage.DISCOVER)
class WatchRestored(Event):
    """
    Notices come again, after *seconds*.
    """

    pipeline: str
    seconds: float = 0.0


@event(Level.WARNING, Stage.DISCOVER)
class WatchOverflowed(Event):
    """
    More happened than the notices could hold; a full scan follows at once.
    """

    pipeline: str


@event(Level.DEBUG, Stage.DISCOVER)
class NoticesTaken(Event):
    """
    A bucket's notice came: of *objects* of this source, and of *foreign* ones.
    """

    pipeline: str
    objects: int
    foreign: int


@event(Level.WARNING, Stage.DISCOVER)
class NoticeSetAside(Event):
    """
    What came is no notice, or came too often; *text* is its beginning. It is left to
    the queue's dead letters where the queue has such, else removed.
    """

    pipeline: str
    reason: str
    text: str
    left_in_queue: bool


@event(Level.WARNING, Stage.DISCOVER)
class QueueLost(Event):
    """
    The queue of notices cannot be asked; listings go on finding objects.
    """

    pipeline: str
    queue: str
    error: str
    retry_in: float
    hint: str = ""


@event(Level.INFO, Stage.DISCOVER)
class QueueBack(Event):
    """
    Notices come again, after *seconds*.
    """

    pipeline: str
    queue: str
    seconds: float


@event(Level.WARNING, Stage.DISCOVER)
class FileIgnored(Event):
    """
    Not a regular file (FIFO, socket, device, link out of the folder): never opened.
    """

    pipeline: str
    path: bytes
    reason: str


@event(Level.DEBUG, Stage.DISCOVER)
class FileAdmitted(Event):
    """
    A settled file version is in the ledger.
    """

    pipeline: str
    path: bytes
    bytes: int


@event(Level.INFO, Stage.DISCOVER)
class FilesAdmitted(Event):
    """
    New settled files are in the ledger and wait for a batch.
    """

    pipeline: str
    files: int
    bytes: int


@event(Level.DEBUG, Stage.DISCOVER)
class FileUnchanged(Event):
    """
    A known file's stat changed but not its content (touch, rsync): not read again.
    """

    pipeline: str
    path: bytes
    hint: str = ""


@event(Level.WARNING, Stage.DISCOVER)
class FileGrewAfterCommit(Event):
    """
    A committed file only grew: the new rows are not read.
    """

    pipeline: str
    path: bytes
    hint: str


@event(Level.DEBUG, Stage.DISCOVER)
class FileHeld(Event):
    """
    A file is not taken yet; *reason* says what it waits for.
    """

    pipeline: str
    path: bytes
    reason: str


@event(Level.WARNING, Stage.DISCOVER)
class FileBlocked(Event):
    """
    A file cannot be opened now, for want of permission for example; tried again.
    """

    pipeline: str
    path: bytes
    error: str
    retry_in: float


@event(Level.INFO, Stage.DISCOVER)
class TailFollowed(Event):
    """
    A growing file is followed from now on, from byte *start*; what it had before that
    was written before anybody followed its name.
    """

    pipeline: str
    path: bytes
    start: int


@event(Level.INFO, Stage.DISCOVER)
class TailMoved(Event):
    """
    A growing file was rotated: it goes on, or ends, under another name.
    """

    pipeline: str
    path: bytes
    place: bytes
    bytes_behind: int


@event(Level.DEBUG, Stage.DISCOVER)
class TailEnded(Event):
    """
    A growing file is not there any more; all *bytes* of it were taken.
    """

    pipeline: str
    path: bytes
    bytes: int


@event(Level.ERROR, Stage.DISCOVER)
class TailGivenUp(Event):
    """
    Bytes of a growing file are lost: it was removed or truncated before they were read.
    """

    pipeline: str
    path: bytes
    bytes: int
    reason: str
