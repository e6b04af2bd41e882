"""
Whom an SFTP url names.
"""

from __future__ import annotations

import pytest

from ingestd.storage.sftp_channels import _target
from ingestd.storage.sftp_errors import Unusable


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        ("host", {"hostname": "host"}),
        ("host:2222", {"hostname": "host", "port": 2222}),
        ("me@host", {"hostname": "host", "username": "me"}),
        ("me@[::1]:22", {"hostname": "::1", "port": 22, "username": "me"}),
    ],
)
def test_an_authority_is_taken_apart(authority: str, expected: dict) -> None:
    """What it does not tell is left to the options and the defaults."""
    assert expected == _target(authority)


@pytest.mark.parametrize("authority", ["host:port", "host:99999", "[::1"])
def test_what_names_nobody_is_told(authority: str) -> None:
    """As a setting that is wrong, and not as a fault of the program."""
    with pytest.raises(Unusable, match="user@host:port"):
        _target(authority)
