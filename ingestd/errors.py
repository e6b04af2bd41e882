"""
Errors, classed by what to do next, and the closed list of reasons.

A library's own exceptions never cross a seam: the module that owns the library turns
them into one of these, with ``raise … from``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """
    Why a file or a row was set aside: codes that the ledger, the rejects, the logs and
    the docs share.
    """

    TOO_FEW_FIELDS = "too_few_fields"
    TOO_MANY_FIELDS = "too_many_fields"
    BAD_VALUE = "bad_value"  # a value that is none of its column's type
    PATH_MISMATCH = (
        "path_mismatch"  # a path that gives no value for source.path_columns
    )
    EXPRESSION_ERROR = "expression_error"  # a row for which an expression has no value
    PYTHON_FAILED = "python_failed"  # transform.python raised, or gave what is no rows
    BAD_QUOTE = "bad_quote"
    BAD_JSON = "bad_json"  # a line that is no JSON object
    BAD_ENCODING = "bad_encoding"
    BAD_COMPRESSION = "bad_compression"
    BAD_FOOTER = "bad_footer"
    NUL_BYTE = "nul_byte"
    NEW_COLUMN = "new_column"
    MISSING_COLUMN = "missing_column"
    DUPLICATE_COLUMN = "duplicate_column"
    NO_HEADER = "no_header"
    NO_FINAL_NEWLINE = "no_final_newline"
    LINE_TOO_LONG = "line_too_long"
    UNPACKS_TOO_LARGE = "unpacks_too_large"
    INTEGER_OVERFLOW = "integer_overflow"
    PARTITION_VALUE = "partition_value"
    TOO_MANY_REJECTS = "too_many_rejects"  # more than drift.max_rejects in one file
    ROW_COUNT = "row_count"  # our own count differs from the parser's
    PERMISSION = "permission"
    CHANGED_AFTER_COMMIT = "changed_after_commit"  # on_change = "fail"
    KILLS_WORKER = "kills_worker"
    UNREADABLE = "unreadable"  # the device or file system gave an error
    BATCH_FAILED = "batch_failed"  # attempts spent, no single file found at fault


class IngestdError(Exception):
    """
    The base of all errors: what and where, and a *hint* for the operator.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        """
        Pickle with every attribute, so that an error crosses from a worker whole.
        """
        return (_rebuilt, (type(self), self.args, self.__dict__))

    def __str__(self) -> str:
        """
        Return the message and the hint, as one or two sentences.
        """
        message = str(self.args[0])
        return f"{message}. {self.hint}" if self.hint else message


class ConfigError(IngestdError):
    """
    The configuration is wrong; *problems* holds one line for each problem.
    """

    exit_code = 78

    def __init__(self, problems: list[str], *, path: str = "") -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
        self.path = path


class StateLocked(IngestdError):
    """
    Another daemon holds this state folder.
    """

    exit_code = 5


class Unreachable(IngestdError):
    """
    A source, sink or cluster cannot be reached.
    """

    exit_code = 6


class LedgerError(IngestdError):
    """
    The ledger is damaged, newer than this program, or was asked for an illegal step.
    """


class IllegalTransition(LedgerError):
    """
    A state change that the table of legal transitions does not have.
    """


class Retryable(IngestdError):
    """
    The attempt failed and counts: input or code; another attempt may succeed.
    """


class DeviceBroken(Retryable):
    """
    The accelerator of one worker does not compute: no file is at fault, the CPU engine
    can read them, and the worker's process is to be replaced.
    """


class ComponentAway(IngestdError):
    """
    Prefect, the cluster, a store or the disk is away: wait, no attempt is counted.

    *component* is one of prefect, cluster, source, sink, disk.
    """

    def __init__(self, component: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.component = component


class Quarantine(IngestdError):
    """
    A file cannot be read as configured: set it aside, whole, with its *reason*.

    *file_id* names the file at fault, 0 where the raiser cannot tell.
    """

    def __init__(self, reason: Reason, message: str, *, file_id: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.file_id = file_id


class Stopped(IngestdError):
    """
    The daemon is shutting down: give the work back, count nothing.
    """


def said_of(error: Exception) -> tuple[str, str]:
    """
    Return what to say of *error*, and the hint: of one that is not ours its type too.
    """
    if isinstance(error, IngestdError):
        return str(error.args[0]), error.hint
    return repr(error), ""


def _rebuilt(
    kind: type[IngestdError], args: tuple[object, ...], state: dict[str, Any]
) -> IngestdError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error
