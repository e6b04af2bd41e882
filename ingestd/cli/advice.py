"""
What an operator can do about each state and each reason.
"""

from __future__ import annotations

from typing import Final

from ingestd.errors import Reason
from ingestd.model import BatchState, FileState

_RETRY: Final = "then: ingestd retry PATH"
_REPLACE: Final = "correct the file and put it there again (it counts as a new version)"
_SCHEMA: Final = f"{_REPLACE}, or change [pipelines.schema], restart, {_RETRY}"
_DIALECT: Final = f"{_REPLACE}, or change [pipelines.csv], restart, {_RETRY}"

FOR_REASON: Final[dict[str, str]] = {
    Reason.TOO_FEW_FIELDS: _DIALECT,
    Reason.TOO_MANY_FIELDS: _DIALECT,
    Reason.BAD_VALUE: _SCHEMA,
    Reason.PATH_MISMATCH: (
        "put the file where its path matches, or change source.path_columns, "
        f"source.hive_columns or [pipelines.schema], restart, {_RETRY}"
    ),
    Reason.EXPRESSION_ERROR: (
        "change [pipelines.transform], or guard the expression with case, "
        f"restart, {_RETRY}"
    ),
    Reason.PYTHON_FAILED: (
        "correct the function that transform.python names, or its python_columns, "
        f"restart, {_RETRY}"
    ),
    Reason.BAD_QUOTE: _DIALECT,
    Reason.BAD_JSON: (
        "write one JSON object on each line; if it is no JSON change source.format, "
        f"restart, {_RETRY}"
    ),
    Reason.BAD_ENCODING: f"write the file as UTF-8: {_REPLACE}",
    Reason.BAD_COMPRESSION: (
        "copy the file again if it is cut or damaged; else write it as CSV, plain or "
        "packed alone with gzip, zstd, bzip2, xz or zip"
    ),
    Reason.BAD_FOOTER: _REPLACE,
    Reason.NUL_BYTE: _REPLACE,
    Reason.NEW_COLUMN: (
        f"{_REPLACE}, or declare the column in [pipelines.schema] or change "
        f"drift.new_column, restart, {_RETRY}"
    ),
    Reason.MISSING_COLUMN: (
        f"{_REPLACE}, or take the column out of [pipelines.schema] or set "
        f'drift.missing_column = "null", restart, {_RETRY}'
    ),
    Reason.DUPLICATE_COLUMN: (
        f'{_REPLACE}, or set drift.duplicate_column = "rename", restart, {_RETRY}'
    ),
    Reason.NO_HEADER: (
        f"{_REPLACE}, or change csv.delimiter or set csv.header = false, restart, "
        f"{_RETRY}"
    ),
    Reason.NO_FINAL_NEWLINE: "the last record may be cut: copy the file again",
    Reason.LINE_TOO_LONG: f"raise csv.max_line_bytes, restart, {_RETRY}",
    Reason.UNPACKS_TOO_LARGE: f"raise csv.max_unpack_ratio, restart, {_RETRY}",
    Reason.INTEGER_OVERFLOW: f"make the column float64 or decimal, restart, {_RETRY}",
    Reason.PARTITION_VALUE: f"shorten the value, or change sink.partition_by, {_RETRY}",
    Reason.TOO_MANY_REJECTS: (
        f"{_REPLACE}, or change [pipelines.csv], [pipelines.schema] or "
        f"drift.max_rejects, restart, {_RETRY}"
    ),
    Reason.ROW_COUNT: "look at its quotes; if they are right, report it with the file",
    Reason.PERMISSION: f"let the daemon's user read it, {_RETRY}",
    Reason.CHANGED_AFTER_COMMIT: (
        f'if the new content is meant, {_RETRY}; or set source.on_change = "new"'
    ),
    Reason.KILLS_WORKER: f"give the worker more memory or split the file, {_RETRY}",
    Reason.UNREADABLE: f"see what the disk says (dmesg), repair it, {_RETRY}",
    Reason.BATCH_FAILED: f"see the batch's errors and the log, {_RETRY}",
}

FOR_REJECTS: Final = (
    "ingestd rejects --file PATH --csv > repaired.csv; correct it, and put it into the "
    "source as a new file"
)

FOR_STATE: Final[dict[FileState, str]] = {
    FileState.READY: "it waits for a batch",
    FileState.CLAIMED: "it is in a batch that is not committed yet",
    FileState.COMMITTED: "its rows are in the output",
    FileState.MOVED: "its rows are in the output, and the file was moved (move_to)",
    FileState.DELETED: "its rows are in the output, and the file was deleted",
    FileState.QUARANTINED: "it was set aside whole; no row of it is in the output",
    FileState.VANISHED: "it was gone before it was read; put it there again",
    FileState.CHANGED: "another version took its place before it was read",
    FileState.UNCHANGED: (
        "its stat changed and its content did not, so it is not read again; "
        "ingestd retry forces it, and adds its rows once more"
    ),
    FileState.GREW_AFTER_COMMIT: (
        "rows were appended after it was committed, and they are not in the output; "
        "use a longer settle_seconds; ingestd retry reads the whole file once more"
    ),
    FileState.IGNORED: 'its content changed, and on_change = "ignore"',
}

FOR_BATCH: Final[dict[BatchState, str]] = {
    BatchState.SEALED: "waits to run",
    BatchState.CLAIMED: "runs, or ran when the daemon ended",
    BatchState.WAITING: "failed, and is tried again after a while",
    BatchState.STAGED: "is read, and is being published",
    BatchState.COMMITTED: "is committed",
    BatchState.FAILED: "failed for good; its files are quarantined",
}
