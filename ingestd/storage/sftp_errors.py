"""
What the errors of an SFTP connection mean.
"""

from __future__ import annotations

from typing import Final

from paramiko.ssh_exception import (
    AuthenticationException,
    BadHostKeyException,
    SSHException,
)

from ingestd.storage.patience import Cut, Trouble, Verdict

_CREDENTIALS_HINT: Final = (
    "Give the daemon's user a key that the server takes (an agent, ~/.ssh, or "
    "key_filename in the storage table)"
)
_HOST_HINT: Final = (
    "Compare the key with the server's owner, and add it to the known_hosts of the "
    "daemon's user (ssh-keyscan) or of the storage table"
)


class UnknownHost(SSHException):
    """
    The server's key is in no known_hosts.
    """


class Unusable(Exception):
    """
    The storage table cannot be used.
    """


class Changed(Exception):
    """
    The file has another size or time than the version that was asked for.
    """


_KINDS: Final[tuple[tuple[type[Exception], Trouble, str], ...]] = (
    (AuthenticationException, Trouble.EXPIRED, _CREDENTIALS_HINT),
    (UnknownHost, Trouble.WRONG, _HOST_HINT),
    (BadHostKeyException, Trouble.WRONG, _HOST_HINT),
    (Unusable, Trouble.WRONG, "Correct the storage table"),
    (UnicodeDecodeError, Trouble.WRONG, "Give that file a name in UTF-8"),
    (FileNotFoundError, Trouble.MISSING, ""),
    (PermissionError, Trouble.DENIED, ""),
    (Changed, Trouble.REPLACED, ""),
    # From here on it is the way to the server, or what its words do not tell.
    (SSHException, Trouble.AGAIN, ""),
    (OSError, Trouble.AGAIN, ""),
    (EOFError, Trouble.AGAIN, ""),
    (Cut, Trouble.AGAIN, ""),
)


def judge(error: Exception) -> Verdict:
    """
    Tell what *error* means for the next step.
    """
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    for kind, trouble, hint in _KINDS:
        if isinstance(error, kind):
            return Verdict(trouble, said, hint)
    raise error


def is_unsupported(error: OSError) -> bool:
    """
    Tell whether the server has no such operation; the library keeps its words alone.
    """
    return "unsupported" in str(error).lower()
