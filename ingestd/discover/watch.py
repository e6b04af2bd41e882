"""
Notices of the operating system, as hints: the only door to watchdog.

Nothing here is relied on for completeness. Whatever is lost (a queue that overflows, a
thread that dies, a folder that is replaced, a limit that is reached) is noticed, told,
mended, and made up for by a scan: see ``watcher``. watchdog's classes are built on by
their public methods alone, so that its threads report their own end.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyFullEmitter
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)

from ingestd.discover.settle import Hint

_EVENTS: list[type[FileSystemEvent]] = [
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
]


class Watch:
    """
    One observer, from its first thread to its last.
    """

    def __init__(
        self,
        root: str,
        recursive: bool,
        hinted: Callable[[bytes, Hint], None],
        alarm: Callable[[bool], None],
    ) -> None:
        """
        Begin; *alarm* is called with whether notices overflowed, else a thread ended.

        Raises OSError or RuntimeError, and leaves nothing behind then.
        """
        # watchdog does not follow a link, not even the root's own.
        self._path = os.path.realpath(root)
        self._root = root
        self._alarm = alarm
        self._identity = _identity(root)
        self._closing = False
        self.failure = ""
        self._unwatched = 0
        self._reader = _Reader(self)
        self._reader.start()
        self._observer = _Observer(self, self._reader)
        try:
            handler = _Handler(self, self._path, hinted)
            self._observer.schedule(
                handler, self._path, recursive=recursive, event_filter=_EVENTS
            )
            self._observer.start()
        except BaseException:
            self.close()
            raise

    def broken(self) -> str:
        """
        Return why the watch must be renewed, or "".
        """
        try:
            same = _identity(self._root) == self._identity
        except OSError as error:
            return f"the folder cannot be reached: {error.strerror}"
        if not same:
            return "the folder was replaced by another one"
        if self.failure:
            return self.failure
        if not (self._observer.is_alive() and self._reader.is_alive()):
            return "a thread that reads notices has ended"
        return ""

    def lacking(self) -> str:
        """
        Return what the watch does not see, though it works, or "".
        """
        if self._unwatched:
            return f"{self._unwatched} folders cannot be watched: the limit is reached"
        return ""

    def died(self, what: str, error: BaseException | None) -> None:
        """
        Take note that a thread ended; called by the thread itself.
        """
        if not self._closing and not self.failure:
            text = f": {describe(error)}" if error is not None else ""
            self.failure = f"the {what} has ended{text}"
            self._alarm(False)

    def overflowed(self) -> None:
        """
        Take note that the kernel's queue overflowed; watchdog now renews its watches.
        """
        self._unwatched = 0
        self._alarm(True)

    def unwatched(self) -> None:
        """
        Take note of a folder that could not be watched.
        """
        self._unwatched += 1

    def close(self) -> None:
        """
        End every thread.
        """
        self._closing = True
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()
        else:
            self._observer.unschedule_all()
        self._reader.stop()
        self._reader.join()


class _Handler(FileSystemEventHandler):
    """
    Turns watchdog's events into hints. Never raises: that would end the dispatcher.
    """

    def __init__(
        self, watch: Watch, path: str, hinted: Callable[[bytes, Hint], None]
    ) -> None:
        self._watch = watch
        self._skip = len(os.fsencode(path).rstrip(b"/")) + 1
        self._hinted = hinted

    def dispatch(self, event: FileSystemEvent) -> None:
        try:
            self._take(event)
        except Exception as error:  # noqa: BLE001 - reported, and the watch is renewed
            self._watch.died("handler of notices", error)

    def _take(self, event: FileSystemEvent) -> None:
        kind, path = Hint.CREATED, event.src_path
        if isinstance(event, FileMovedEvent):
            kind, path = Hint.MOVED, event.dest_path
        elif isinstance(event, FileClosedEvent):
            kind = Hint.CLOSED
        if path:
            self._hinted(os.fsencode(path)[self._skip :], kind)


class _Reader(InotifyFD):
    """
    Reads the kernel's queue; tells of overflow, of refused watches and of its end.
    """

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._told = watch
        self.name = "watch-reader"

    def run(self) -> None:
        failure: BaseException | None = None
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - the thread's border
            failure = error
        self._told.died("reader of notices", failure)

    def handle_event(self, event: InotifyEvent) -> None:
        if event.is_queue_overflow:
            self._told.overflowed()
        super().handle_event(event)

    def add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        try:
            return super().add_callback(path, mask, callback, id_)
        except OSError as error:
            # watchdog swallows this for folders below the root.
            if error.errno in {errno.ENOSPC, errno.ENOMEM}:
                self._told.unwatched()
            raise


class _Emitter(InotifyFullEmitter):
    """
    Tells a rename from a creation, and asks for no notice of what leaves.
    """

    def get_event_mask_from_filter(self) -> Mask:
        mask = super().get_event_mask_from_filter()
        if self.watch.is_recursive:
            return mask
        # A notice of a file that leaves is held for half a second in case its arrival
        # follows, and everything behind it waits. Only trees need it, for folders.
        return Mask(mask & ~InotifyConstants.IN_MOVED_FROM)


class _Observer(BaseObserver):
    """
    Dispatches the notices of one reader; tells of its end.
    """

    def __init__(self, watch: Watch, reader: InotifyFD) -> None:
        super().__init__(_told_emitter(watch), inotify_fd=reader)
        self._told = watch
        self.name = "watch-dispatcher"

    def run(self) -> None:
        failure: BaseException | None = None
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - the thread's border
            failure = error
        self._told.died("dispatcher of notices", failure)


def _told_emitter(watch: Watch) -> type[_Emitter]:
    class Told(_Emitter):
        def run(self) -> None:
            failure: BaseException | None = None
            try:
                super().run()
            except Exception as error:  # noqa: BLE001 - the thread's border
                failure = error
            watch.died("watch of the folder", failure)

    return Told


def _identity(path: str) -> tuple[int, int]:
    seen = Path(path).stat()
    return seen.st_dev, seen.st_ino


def describe(error: BaseException) -> str:
    """
    Return *error* in few words.
    """
    return (isinstance(error, OSError) and error.strerror) or repr(error)
