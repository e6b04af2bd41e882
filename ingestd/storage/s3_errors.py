"""
What the errors of an S3 client mean.
"""

from __future__ import annotations

import asyncio
from typing import Final

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)

from ingestd.storage.patience import Cut, Trouble, Verdict

_MISSING: Final = {"NoSuchKey", "404", "NotFound", "NoSuchUpload"}
_REPLACED: Final = {"PreconditionFailed", "412", "InvalidRange", "416"}
_REFUSED: Final = {
    *(
        "ExpiredToken",
        "ExpiredTokenException",
        "TokenRefreshRequired",
        "RequestExpired",
    ),
    *("InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"),
    *("InvalidClientTokenId", "AuthFailure", "Forbidden", "401"),
}
_SLOWER: Final = {"SlowDown", "Throttling", "ThrottlingException", "TooManyRequests"}
_WRONG: Final = {
    *("NoSuchBucket", "PermanentRedirect", "InvalidBucketName", "NotImplemented"),
    *("AuthorizationHeaderMalformed", "MethodNotAllowed", "EntityTooLarge", "501"),
    *("QuotaExceeded", "InvalidArgument", "KeyTooLongError"),
}
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503

_CREDENTIALS_HINT = (
    "Renew the credentials in the daemon's environment or credentials file; they are "
    "read again at the next try"
)
_HINTS: Final = {
    "NoSuchBucket": "Create the bucket, or correct the url",
    "PermanentRedirect": "Set the bucket's region: client_kwargs.region_name",
    "AuthorizationHeaderMalformed": "Set the region: client_kwargs.region_name",
}
_CODES: Final = {
    Trouble.MISSING: _MISSING,
    Trouble.REPLACED: _REPLACED,
    Trouble.EXPIRED: _REFUSED,
    Trouble.DENIED: {"AccessDenied"},
    Trouble.WRONG: _WRONG,
    Trouble.SLOWER: _SLOWER,
}
_USUAL_HINTS: Final = {
    Trouble.EXPIRED: _CREDENTIALS_HINT,
    Trouble.DENIED: "Give the daemon's account access",
    Trouble.WRONG: "Correct the settings of the store",
}
_UNREAD = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_SETTINGS = (NoRegionError, ParamValidationError)


def code_of(error: Exception) -> str:
    """
    Return the store's code of *error*, "" where there is none.
    """
    if not isinstance(error, ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", ""))


def judge(error: Exception) -> Verdict:
    """
    Tell what *error* means for the next step.
    """
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, _UNREAD):
        return Verdict(Trouble.EXPIRED, f"no credentials: {error}", _CREDENTIALS_HINT)
    if isinstance(error, _SETTINGS):
        return Verdict(Trouble.WRONG, str(error), "Correct the storage table")
    if isinstance(error, asyncio.TimeoutError | TimeoutError):
        return Verdict(Trouble.AGAIN, "no answer in time")
    if isinstance(error, HTTPClientError | aiohttp.ClientError | OSError | Cut):
        return Verdict(Trouble.AGAIN, _told(error))
    if isinstance(error, BotoCoreError):
        # A response that cannot be parsed was cut, or comes from something between.
        return Verdict(Trouble.AGAIN, _told(error))
    raise error


def _answered(error: ClientError) -> Verdict:
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"{code} {error.response.get('Error', {}).get('Message', '')}".strip()
    for trouble, codes in _CODES.items():
        if code in codes:
            hint = _HINTS.get(code, _USUAL_HINTS.get(trouble, ""))
            return Verdict(trouble, said, hint)
    if status in {_TOO_MANY, _UNAVAILABLE}:
        return Verdict(Trouble.SLOWER, said)
    # Also what nobody foresaw: to try it again costs seconds, and no object is set
    # aside for it.
    return Verdict(Trouble.AGAIN, said)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
