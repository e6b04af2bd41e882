"""
Folders that must not lie in one another.
"""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("pipelines.a.sink.url", '[pipelines.sink]\nurl = "data/inbox"'),
        ("pipelines.a.sink.url", '[pipelines.sink]\nurl = "data/inbox/deep/out"'),
        ("pipelines.a.sink.url", '[pipelines.sink]\nurl = "data/x/../inbox/out"'),
        (
            "pipelines.a.sink.staging_url",
            '[pipelines.sink]\nstaging_url = "data/inbox/s"',
        ),
        (
            "pipelines.a.sink.staging_url",
            '[pipelines.sink]\nstaging_url = "data/outbox/s"',
        ),
        ("pipelines.a.sink.url", '[pipelines.sink]\nurl = "x/out"\nstaging_url = "x"'),
        (
            "pipelines.a.source.move_to",
            '[pipelines.source]\nmove_to = "data/inbox/done"',
        ),
        ("pipelines.a.source.move_to", '[pipelines.source]\nmove_to = "data/outbox/d"'),
        ("pipelines.a.source.url", '[pipelines.source]\nurl = "data/outbox/in"'),
        (
            "pipelines.a.source.url",
            '[pipelines.source]\nurl = "data/outbox.ingestd/in"',
        ),
        (
            "state_dir",
            '[pipelines.source]\nurl = "."\n[pipelines.sink]\nurl = "../out"',
        ),
        ("state_dir", '[pipelines.source]\nurl = "../in"\n[pipelines.sink]\nurl = "."'),
    ],
)
def test_a_folder_in_a_wrong_place_is_refused(wrong, key, text):
    """
    One line, at the key to change, with the folder that is in the way.
    """
    lines = wrong(f'[[pipelines]]\nname = "a"\n{text}')
    assert [key] == [line.split(" ")[0].rstrip(":") for line in lines]
    assert "expected a folder outside" in lines[0]


@pytest.mark.parametrize("sink", ["out", "out/b", ".", "out.ingestd/b"])
def test_two_pipelines_need_two_datasets(wrong, sink):
    """
    Equal or nested sinks would mix what two pipelines publish.
    """
    text = f"""
        [[pipelines]]
        name = "a"
        sink = {{url = "out"}}
        source = {{url = "../in"}}
        [[pipelines]]
        name = "b"
        sink = {{url = "{sink}", staging_url = "../staging"}}
        source = {{url = "../in"}}
    """
    lines = [line for line in wrong(text) if line.startswith("pipelines.b.sink.url")]
    assert 1 == len(lines)


@pytest.mark.parametrize(
    "text",
    [
        '[pipelines.sink]\nurl = "data/inbox2"',
        '[pipelines.source]\nurl = "var/inbox"',
        '[pipelines.source]\nmove_to = "data/inbox-done"',
        '[pipelines.sink]\nstaging_url = "data/.staging"',
    ],
)
def test_neighbours_are_accepted(wrong, text):
    """
    A common beginning of two names is no nesting; a source may lie in the state folder.
    """
    assert [] == wrong(f'[[pipelines]]\nname = "a"\n{text}')


def test_two_pipelines_may_watch_one_folder(wrong):
    """
    Globs tell their files apart.
    """
    text = """
        [[pipelines]]
        name = "a"
        [[pipelines]]
        name = "b"
        sink = {url = "data/other"}
    """
    assert [] == wrong(text)
