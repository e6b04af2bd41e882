"""
What is a folder of this machine, and what an object store.
"""

from __future__ import annotations

import pytest

from ingestd.storage import is_remote


@pytest.mark.parametrize(
    ("url", "remote"),
    [
        ("s3://bucket/prefix", True),
        ("S3://bucket", True),
        ("/srv/in", False),
        ("file:///srv/in", False),
        ("/srv/in://box", False),
        ("in box://x", False),
    ],
)
def test_a_path_is_no_store_whatever_is_in_it(url: str, remote: bool) -> None:
    """A scheme has no slash and no blank; the configuration knows it the same way."""
    assert remote == is_remote(url)
