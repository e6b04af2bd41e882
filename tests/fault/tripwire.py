"""
Ends the process where it hurts: between any two file operations, fsyncs and commits.

No hook in the program: file operations are heard as audit events, statements by
SQLite's trace, and ``os.fsync`` is wrapped. The same places tell what a power cut would
lose: names that were made and whose folder was not fsynced since.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingestd.ledger.sqlite import writer
from ingestd.ledger.sqlite.connection import connect

CRASHED = 73
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset(
    {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.symlink"}
    | {"os.truncate", "os.chmod", "os.utime", "shutil.rmtree"}
)


@dataclass(slots=True)
class Tripwire:
    """
    Counts points below *folder*, and ends the process at number *at* (0: never).

    *lost* holds what a power cut would lose now; it outlives a crash in a file, since
    the page cache does too. *broken* are commits that would have outlived it.
    """

    folder: Path
    at: int = 0
    points: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    _busy: bool = False
    _committed: bool = False
    _statements: list[str] = field(default_factory=list)

    def arm(self) -> None:
        """
        Listen from now on, in this process, for ever.
        """
        note = self._note
        if note.exists():
            self.lost = set(json.loads(note.read_bytes()))
        self._wrap_fsync()
        writer.connect = self._traced  # type: ignore[attr-defined]
        sys.addaudithook(self._heard)

    def point(self, name: str) -> None:
        """
        End here if it is time.
        """
        self.points.append(name)
        if len(self.points) == self.at:
            self._busy = True
            self._note.write_text(json.dumps(sorted(self.lost)))
            os._exit(CRASHED)

    def passed(self) -> None:
        """
        The first moment after a COMMIT is a point of its own.
        """
        if self._committed:
            self._committed = False
            self.point("after COMMIT")

    @property
    def _note(self) -> Path:
        return self.folder / "lost.json"

    def _heard(self, event: str, args: tuple[Any, ...]) -> None:
        if self._busy or event not in _CHANGES | {"open"}:
            return
        place = os.fsdecode(args[0]) if isinstance(args[0], str | bytes) else ""
        if event == "open" and not (isinstance(args[2], int) and args[2] & _WRITES):
            return
        if os.path.isabs(place) and not place.startswith(str(self.folder)):
            return
        self._busy = True
        try:
            self.passed()
            self.point(f"{event} {place.removeprefix(str(self.folder))}")
            self._made(event, place, args)
        finally:
            self._busy = False

    def _made(self, event: str, place: str, args: tuple[Any, ...]) -> None:
        if event == "os.mkdir" and not os.path.lexists(place):
            self.lost.add(place)
        elif event == "os.rename" and os.path.lexists(place):
            self.lost.discard(place)
            self.lost.add(os.fsdecode(args[1]))

    def _wrap_fsync(self) -> None:
        real = os.fsync

        def fsync(fd: int) -> None:
            self.passed()
            place = os.readlink(f"/proc/self/fd/{fd}")
            self.point(f"fsync {place.removeprefix(str(self.folder))}")
            real(fd)
            self.lost = {name for name in self.lost if os.path.dirname(name) != place}

        os.fsync = fsync

    def _traced(self, path: Path, *, read_only: bool) -> Any:
        connection = connect(path, read_only=read_only)
        connection.set_trace_callback(self._statement)
        return connection

    def _statement(self, text: str) -> None:
        if self._busy:
            return
        self.passed()
        word = text.split(None, 1)[0].upper()
        if word == "BEGIN":
            self._statements.clear()
        self._statements.append(text)
        if word == "COMMIT":
            self._durable()
            self.point("COMMIT")
            self._committed = True

    def _durable(self) -> None:
        """
        Note what this COMMIT relies on and a power cut would lose.
        """
        said = " ".join(" ".join(self._statements).split())
        sink = str(self.folder / "outbox")
        rejects = [
            str(self.folder / name) for name in ("rejects", "var/rejects/groups")
        ]
        places: tuple[str, ...]
        if "SET state = 'committed'" in said:
            places = (sink + "/", sink + ".ingestd/manifest/")
            places += tuple(f"{folder}/" for folder in rejects)
        elif "SET state = 'staged'" in said:
            places = (sink + ".ingestd/staging/",)
            places += tuple(f"{folder}.ingestd/staging/" for folder in rejects)
        elif "SET state = 'moved'" in said:
            places = (str(self.folder / "done") + "/",)
        else:
            return
        kept = [name for name in self.lost if os.path.lexists(name)]
        self.broken += [name for name in sorted(kept) if name.startswith(places)]
