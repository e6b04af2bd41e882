"""
The count of a pass's rows while they stream by: of all, of those that stay, of those in
error; for each file.
"""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt
import polars as pl

KEEP = "ingestd:keep"
ERROR = "ingestd:error"
PLACE = "ingestd:place"
SUSPECT = "ingestd:last"

Counts = npt.NDArray[np.int64]


class Headcount:
    """
    Called with each piece of a frame that is collected once, from any thread.

    A piece has the columns KEEP and ERROR, PLACE (the number of the row's file) where
    there are many *files*, and SUSPECT where a record may be too short or too long.
    """

    def __init__(self, files: int) -> None:
        self._lock = threading.Lock()
        self._files = files
        self.suspects = 0
        self._rows = np.zeros(files, np.int64)
        self._kept = np.zeros(files, np.int64)
        self._failed = np.zeros(files, np.int64)

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """
        Count the rows of *frame*, and return it.
        """
        found = [self._by_file(frame, flag) for flag in (None, KEEP, ERROR)]
        suspects = int(frame[SUSPECT].sum()) if SUSPECT in frame.columns else 0
        with self._lock:
            self._rows += found[0]
            self._kept += found[1]
            self._failed += found[2]
            self.suspects += suspects
        return frame

    @property
    def rows(self) -> int:
        """
        The rows that came by.
        """
        return int(self._rows.sum())

    @property
    def failed(self) -> tuple[int, ...]:
        """
        The rows of each file that are in error.
        """
        return tuple(self._failed.tolist())

    @property
    def filtered(self) -> tuple[int, ...]:
        """
        The rows of each file that do not stay.
        """
        return tuple((self._rows - self._kept).tolist())

    def _by_file(self, frame: pl.DataFrame, flag: str | None) -> Counts:
        if self._files == 1:
            number = frame.height if flag is None else int(frame[flag].sum())
            return np.array([number], np.int64)
        places = frame[PLACE] if flag is None else frame[PLACE].filter(frame[flag])
        # Rows that no file has are counted with the last: the sum gives them away.
        known = np.minimum(places.to_numpy(), self._files - 1)
        return np.bincount(known, minlength=self._files).astype(np.int64)
