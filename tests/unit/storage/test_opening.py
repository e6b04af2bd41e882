"""
A store is opened by its scheme, with the package that serves it.
"""

from __future__ import annotations

import pytest

from ingestd.config.values import LOCAL_SCHEME, SCHEMES
from ingestd.errors import ConfigError
from ingestd.storage import Place, opening


@pytest.mark.parametrize(
    ("scheme", "command"),
    [
        ("s3", "s3:// needs s3fs: pip install 'ingestd[s3]'"),
        ("gs", "gs:// needs gcsfs: pip install 'ingestd[gcs]'"),
        ("az", "az:// needs adlfs: pip install 'ingestd[azure]'"),
        ("sftp", "sftp:// needs paramiko: pip install 'ingestd[sftp]'"),
    ],
)
def test_a_missing_package_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, scheme: str, command: str
) -> None:
    """What to type, and no traceback of an import."""
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs") as caught:
        opening.open_store(Place.of(f"{scheme}://box/in"), {}, "source")
    assert command in str(caught.value)


def test_every_scheme_of_the_configuration_is_served() -> None:
    """None is accepted by the one and unknown to the other."""
    assert set(SCHEMES) - {LOCAL_SCHEME} == set(opening.STORES)
