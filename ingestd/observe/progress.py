"""
A progress bar on a terminal: files, bytes, rate, time left. [rich]
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Progress:
    """
    Shows nothing where *stream* is no terminal. Safe from every thread.
    """

    def __init__(self, stream: TextIO) -> None:
        """
        Prepare; ``start`` shows the bar.
        """
        self._stream = stream
        self._bar: Bar | None = None
        self._files = [0, 0]
        self._bytes = [0, 0]

    def start(self) -> None:
        """
        Show the bar.
        """
        if not self._stream.isatty():
            return
        from rich import progress as rich  # noqa: PLC0415 - only on a terminal
        from rich.console import Console  # noqa: PLC0415

        self._bar = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.DownloadColumn(),
            rich.TransferSpeedColumn(),
            rich.TimeRemainingColumn(),
            console=Console(file=self._stream),
        )
        self._task = self._bar.add_task("0 of 0 files", total=None)
        self._bar.start()

    def add(self, files: int, size: int) -> None:
        """
        Take note of *files* that were found, of *size* bytes.
        """
        self._files[1] += files
        self._bytes[1] += size
        self._show()

    def done(self, files: int, size: int) -> None:
        """
        Take note of *files* that are committed.
        """
        self._files[0] += files
        self._bytes[0] += size
        self._show()

    def stop(self) -> None:
        """
        Leave the bar as it stands.
        """
        if self._bar is not None:
            with suppress(OSError):
                self._bar.stop()
            self._bar = None

    def _show(self) -> None:
        if self._bar is not None:
            text = f"{self._files[0]:,} of {self._files[1]:,} files"
            done, total = self._bytes
            self._bar.update(self._task, description=text, completed=done, total=total)
