"""
What the errors of Azure, Google and SFTP mean for the next step.
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import paramiko
import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from google.auth.exceptions import RefreshError

from ingestd.storage import azure_errors, gcs_errors, sftp_errors
from ingestd.storage.patience import Cut, Trouble


def azure(status: int, code: str = "") -> HttpResponseError:
    error = HttpResponseError("no")
    error.status_code = status
    error.error_code = SimpleNamespace(value=code)  # type: ignore[attr-defined]
    return error


def google(status: int, reason: str = "", message: str = "") -> gcs_errors.Refused:
    told = {"error": {"message": message, "errors": [{"reason": reason}]}}
    return gcs_errors.Refused(status, json.dumps(told).encode())


AZURE = [
    (azure(404, "BlobNotFound"), Trouble.MISSING),
    (azure(404, "ContainerNotFound"), Trouble.WRONG),
    (azure(412, "ConditionNotMet"), Trouble.REPLACED),
    (azure(416, "InvalidRange"), Trouble.REPLACED),
    (azure(403, "AuthenticationFailed"), Trouble.EXPIRED),
    (azure(403, "AuthorizationPermissionMismatch"), Trouble.DENIED),
    (azure(409, "BlobArchived"), Trouble.DENIED),
    (azure(409, "PendingCopyOperation"), Trouble.AGAIN),
    (azure(503, "ServerBusy"), Trouble.SLOWER),
    (azure(500, "InternalError"), Trouble.AGAIN),
    (azure(200), Trouble.AGAIN),
    (ServiceRequestError("refused"), Trouble.AGAIN),
    (azure_errors.NoAccount("none"), Trouble.EXPIRED),
    (TimeoutError(), Trouble.AGAIN),
    (Cut("5 bytes of 6"), Trouble.AGAIN),
]
GOOGLE = [
    (google(404, "notFound", "No such object: b/k"), Trouble.MISSING),
    (google(404, "notFound", "The specified bucket does not exist."), Trouble.WRONG),
    (google(401, "authError"), Trouble.EXPIRED),
    (google(403, "forbidden"), Trouble.DENIED),
    (google(403, "rateLimitExceeded"), Trouble.SLOWER),
    (google(429), Trouble.SLOWER),
    (google(416), Trouble.REPLACED),
    (google(502), Trouble.AGAIN),
    (google(301), Trouble.AGAIN),
    (gcs_errors.Refused(502, b"<html>hotel wifi"), Trouble.AGAIN),
    (gcs_errors.Refused(404, b'"text"'), Trouble.MISSING),
    (RefreshError("expired"), Trouble.EXPIRED),
    (ConnectionResetError(), Trouble.AGAIN),
    (Cut("5 bytes of 6"), Trouble.AGAIN),
]
SFTP = [
    (paramiko.AuthenticationException("no"), Trouble.EXPIRED),
    (sftp_errors.UnknownHost("no"), Trouble.WRONG),
    (sftp_errors.Unusable("no"), Trouble.WRONG),
    (FileNotFoundError(), Trouble.MISSING),
    (PermissionError(), Trouble.DENIED),
    (sftp_errors.Changed("5 bytes"), Trouble.REPLACED),
    (paramiko.SSHException("dropped"), Trouble.AGAIN),
    (OSError("Failure"), Trouble.AGAIN),
    (EOFError(), Trouble.AGAIN),
    (TimeoutError(), Trouble.AGAIN),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), Trouble.WRONG),
]


@pytest.mark.parametrize(("error", "expected"), AZURE)
def test_an_error_of_azure(error: Exception, expected: Trouble) -> None:
    """No object is set aside for what concerns the store, nor the store for one."""
    assert azure_errors.judge(error).trouble is expected


@pytest.mark.parametrize(("error", "expected"), GOOGLE)
def test_an_error_of_google(error: Exception, expected: Trouble) -> None:
    """The same, by status and reason."""
    assert gcs_errors.judge(error).trouble is expected


@pytest.mark.parametrize(("error", "expected"), SFTP)
def test_an_error_of_sftp(error: Exception, expected: Trouble) -> None:
    """The same, by the library's classes."""
    assert sftp_errors.judge(error).trouble is expected


@pytest.mark.parametrize("judging", [azure_errors, gcs_errors, sftp_errors])
def test_an_error_of_ours_is_not_tried_again(judging) -> None:
    """A fault in the code is raised as it is, at once."""
    with pytest.raises(ZeroDivisionError):
        judging.judge(ZeroDivisionError())
