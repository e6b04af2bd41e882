"""
What goes with a bucket, and what does not.
"""

from __future__ import annotations

import pytest

CASES = {
    "done_suffix": (
        '[pipelines.source]\nurl = "s3://b/in"\ndone_suffix = ".done"',
        "source.done_suffix",
    ),
    "after_commit": (
        '[pipelines.source]\nurl = "s3://b/in"\nafter_commit = "delete"',
        "source.after_commit",
    ),
    "no bucket": ('[pipelines.source]\nurl = "s3://"', "source.url"),
    "keys in the url": ('[pipelines.source]\nurl = "s3://k:s@b/in"', "source.url"),
    "a password in the url": (
        '[pipelines.source]\nurl = "sftp://me:secret@host/in"',
        "source.url",
    ),
    "a key in a container's url": (
        '[pipelines.sink]\nurl = "az://box@account/out"',
        "sink.url",
    ),
    "done_suffix of a server": (
        '[pipelines.source]\nurl = "sftp://host/in"\ndone_suffix = ".done"',
        "source.done_suffix",
    ),
    "a folder with its staging in a store": (
        '[pipelines.sink]\nurl = "out"\nstaging_url = "az://box/x"',
        "sink.staging_url",
    ),
    "storage of a folder": (
        "[pipelines.source]\nstorage = {anon = true}",
        "source.storage",
    ),
    "a sink that is a bucket": ('[pipelines.sink]\nurl = "s3://b"', "sink.url"),
    "staging in another bucket": (
        '[pipelines.sink]\nurl = "s3://b/out"\nstaging_url = "s3://c/x"',
        "sink.staging_url",
    ),
    "a sink below the source": (
        '[pipelines.source]\nurl = "s3://b"\n[pipelines.sink]\nurl = "s3://b/out"',
        "sink.url",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_is_refused_by_name(wrong, case):
    """Before anything is asked of a store."""
    text, key = CASES[case]
    lines = wrong(f'[[pipelines]]\nname = "a"\n{text}\n')
    assert any(line.startswith(f"pipelines.a.{key}") for line in lines)
