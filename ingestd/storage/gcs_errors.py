"""
What the errors of Google's store, and of the way to it, mean.
"""

from __future__ import annotations

import json
from typing import Final

import aiohttp
from gcsfs.retry import HttpError
from google.auth.exceptions import GoogleAuthError

from ingestd.storage.patience import Cut, Trouble, Verdict

_CREDENTIALS_HINT: Final = (
    "Set GOOGLE_APPLICATION_CREDENTIALS in the daemon's environment, or renew what it "
    "names; it is read again at the next try"
)
_REASONS: Final = {
    "rateLimitExceeded": Trouble.SLOWER,
    "userRateLimitExceeded": Trouble.SLOWER,
    "accountDisabled": Trouble.WRONG,
    "UserProjectMissing": Trouble.WRONG,
}
_STATUS: Final = {
    400: Trouble.WRONG,
    401: Trouble.EXPIRED,
    403: Trouble.DENIED,
    404: Trouble.MISSING,
    405: Trouble.WRONG,
    410: Trouble.MISSING,
    412: Trouble.REPLACED,
    416: Trouble.REPLACED,
    429: Trouble.SLOWER,
    501: Trouble.WRONG,
    503: Trouble.SLOWER,
}
_HINTS: Final = {
    Trouble.EXPIRED: _CREDENTIALS_HINT,
    Trouble.DENIED: "Give the daemon's account access",
    Trouble.WRONG: "Create the bucket, or correct the url and the storage table",
}
_NO_BUCKET: Final = "bucket does not exist"


class Refused(Exception):
    """
    The store answered, and not with what was asked for.
    """

    def __init__(self, status: int, body: bytes) -> None:
        """
        Read what *body* tells beside *status*; it may be from something in between.
        """
        self.status = status
        self.reason, message = _told(body)
        super().__init__(f"{status} {self.reason} {message}".strip())


class NoCredentials(Exception):
    """
    The client could not be made with what there is.
    """


def judge(error: Exception) -> Verdict:
    """
    Tell what *error* means for the next step.
    """
    if isinstance(error, Refused):
        return _answered(error)
    if isinstance(error, NoCredentials | GoogleAuthError | HttpError):
        said = f"no credentials: {error}"
        return Verdict(Trouble.EXPIRED, said, _CREDENTIALS_HINT)
    if isinstance(error, TimeoutError):
        return Verdict(Trouble.AGAIN, "no answer in time")
    if isinstance(error, aiohttp.ClientError | OSError | Cut):
        return Verdict(Trouble.AGAIN, f"{type(error).__name__}: {error}")
    raise error


def _answered(error: Refused) -> Verdict:
    # Also what nobody foresaw is tried again: it costs seconds, and no object is set
    # aside for it.
    usual = _STATUS.get(error.status, Trouble.AGAIN)
    trouble = _REASONS.get(error.reason, usual)
    if trouble is Trouble.MISSING and _NO_BUCKET in str(error):
        trouble = Trouble.WRONG
    return Verdict(trouble, str(error), _HINTS.get(trouble, ""))


def _told(body: bytes) -> tuple[str, str]:
    try:
        error = json.loads(body)["error"]
        reasons = [str(each["reason"]) for each in error.get("errors", ())]
        return next(iter(reasons), ""), str(error.get("message", ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        return "", ""
