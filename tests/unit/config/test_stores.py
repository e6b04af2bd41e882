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
    "objects that are moved to another kind of store": (
        '[pipelines.source]\nurl = "s3://b/in"\nmove_to = "gs://b/done"',
        "source.move_to",
    ),
    "objects that are moved to where they come from": (
        '[pipelines.source]\nurl = "s3://b/in"\nmove_to = "s3://b/in/done"',
        "source.move_to",
    ),
    "files that are moved into a bucket": (
        '[pipelines.source]\nmove_to = "s3://b/done"',
        "source.move_to",
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
    "notices of a folder": (
        '[pipelines.source]\nnotices = "sqs://q"',
        "source.notices",
    ),
    "a webhook without a token": (
        '[pipelines.source]\nurl = "s3://b/in"\nnotices = "webhook"',
        "source.notices",
    ),
    "no queue": (
        '[pipelines.source]\nurl = "s3://b/in"\nnotices = "kafka://q"',
        "source.notices",
    ),
    "keys in the queue's url": (
        '[pipelines.source]\nurl = "s3://b/in"\nnotices = "https://k:s@h/1/q"',
        "source.notices",
    ),
    "one queue for two": (
        (
            '[pipelines.source]\nurl = "s3://b/in"\nnotices = "sqs://q"\n'
            '[[pipelines]]\nname = "b"\n[pipelines.source]\nurl = "s3://b/other"\n'
            'notices = "sqs://q"'
        ),
        "source.notices",
    ),
    "order in a folder": (
        '[pipelines.source]\nstart_after = "a"',
        "source.start_after",
    ),
    "sweeps without order": (
        '[pipelines.source]\nurl = "s3://b/in"\nfull_sweep_seconds = 60',
        "source.full_sweep_seconds",
    ),
    "a sink that is a bucket": ('[pipelines.sink]\nurl = "s3://b"', "sink.url"),
    "storage of a folder of rejects": (
        "[pipelines.rejects]\nstorage = {anon = true}",
        "rejects.storage",
    ),
    "rejects that are a bucket": ('[pipelines.rejects]\nurl = "s3://b"', "rejects.url"),
    "rejects below the sink": (
        '[pipelines.sink]\nurl = "s3://b/out"\n[pipelines.rejects]\nurl = "s3://b/out/x"',
        "rejects.url",
    ),
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
    names = (f"pipelines.a.{key}", f"pipelines.b.{key}")
    assert any(line.startswith(names) for line in lines)


@pytest.mark.parametrize("place", ["s3://b/done", "s3://other/done", "done"])
def test_objects_may_be_moved(wrong, place):
    """Within their bucket, to another, and to a folder."""
    source = f'url = "s3://b/in"\nafter_commit = "move"\nmove_to = "{place}"'
    text = f'[[pipelines]]\nname = "a"\n[pipelines.source]\n{source}\n'
    assert [] == wrong(text)
