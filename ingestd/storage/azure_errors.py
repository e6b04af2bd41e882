"""
What the errors of Azure's client mean.
"""

from __future__ import annotations

from typing import Final

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
)

from ingestd.storage.patience import Cut, Trouble, Verdict

_CREDENTIALS_HINT: Final = (
    "Set or renew AZURE_STORAGE_CONNECTION_STRING, or the account's name and key, in "
    "the daemon's environment; they are read again at the next try"
)
_CODES: Final = {
    "BlobNotFound": Trouble.MISSING,
    "ConditionNotMet": Trouble.REPLACED,
    "InvalidRange": Trouble.REPLACED,
    "ContainerNotFound": Trouble.WRONG,
    "ContainerDisabled": Trouble.WRONG,
    "AccountIsDisabled": Trouble.WRONG,
    "InvalidResourceName": Trouble.WRONG,
    "InvalidBlobType": Trouble.WRONG,
    "CannotVerifyCopySource": Trouble.WRONG,
    "ServerBusy": Trouble.SLOWER,
    "AuthorizationPermissionMismatch": Trouble.DENIED,
    "InsufficientAccountPermissions": Trouble.DENIED,
    # It has to be brought back from the archive before it can be read.
    "BlobArchived": Trouble.DENIED,
    "BlobBeingRehydrated": Trouble.DENIED,
}
_STATUS: Final = {
    401: Trouble.EXPIRED,
    403: Trouble.EXPIRED,
    404: Trouble.MISSING,
    412: Trouble.REPLACED,
    416: Trouble.REPLACED,
    429: Trouble.SLOWER,
    503: Trouble.SLOWER,
}
_HINTS: Final = {
    Trouble.EXPIRED: _CREDENTIALS_HINT,
    Trouble.DENIED: "Give the daemon's account access",
    Trouble.WRONG: "Create the container, or correct the url and the storage table",
}


class NoAccount(Exception):
    """
    Neither the environment nor the storage table names an account.
    """


def judge(error: Exception) -> Verdict:
    """
    Tell what *error* means for the next step.
    """
    if isinstance(error, NoAccount):
        said = f"no credentials: {error}"
        return Verdict(Trouble.EXPIRED, said, _CREDENTIALS_HINT)
    if isinstance(error, HttpResponseError) and not isinstance(
        error, IncompleteReadError
    ):
        return _answered(error)
    if isinstance(error, TimeoutError):
        return Verdict(Trouble.AGAIN, "no answer in time")
    if isinstance(error, AzureError | OSError | Cut):
        return Verdict(Trouble.AGAIN, f"{type(error).__name__}: {error}")
    raise error


def _answered(error: HttpResponseError) -> Verdict:
    told = getattr(error, "error_code", None) or ""
    code = str(getattr(told, "value", told))
    status = error.status_code or 0
    said = code or str(error.reason or status or type(error).__name__)
    trouble = _CODES.get(code) or _STATUS.get(status)
    if trouble is None:
        refused = isinstance(error, ClientAuthenticationError)
        # Also what nobody foresaw: to try it again costs seconds, and no object is set
        # aside for it.
        trouble = Trouble.EXPIRED if refused else Trouble.AGAIN
    return Verdict(trouble, said, _HINTS.get(trouble, ""))
