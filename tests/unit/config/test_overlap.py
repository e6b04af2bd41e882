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
        '[pipelines.rejects]\nurl = "data/outbox"',
        '[pipelines.rejects]\nurl = "data/outbox/rejects"',
        '[pipelines.rejects]\nurl = "data"',
        '[pipelines.rejects]\nurl = "."',
        '[pipelines.rejects]\nurl = "data/inbox/r"',
        '[pipelines.rejects]\nurl = "data/outbox.ingestd/r"',
        '[pipelines.sink]\nurl = "var/rejects"',
        '[pipelines.sink]\nurl = "var/rejects/a"',
        '[pipelines.sink]\nstaging_url = "r/s"\n[pipelines.rejects]\nurl = "r"',
        '[pipelines.source]\nurl = "r/in"\n[pipelines.rejects]\nurl = "r"',
        '[pipelines.source]\nurl = "r.ingestd/in"\n[pipelines.rejects]\nurl = "r"',
        '[pipelines.source]\nmove_to = "r/done"\n[pipelines.rejects]\nurl = "r"',
        'rejects.url = "s"\n[[pipelines]]\nname = "b"\nsink.url = "s/b"',
        '[[pipelines]]\nname = "b"\nsink.url = "var/rejects/a/b"',
    ],
)
def test_rejects_have_a_place_of_their_own(wrong, text):
    """
    In a dataset they would be read as rows of it, in a source as input; also where the
    folder is the one that nobody named. One line, at the key that moves them.
    """
    lines = wrong(f'[[pipelines]]\nname = "a"\n{text}')
    keys = [line.split(" ")[0].rstrip(":") for line in lines]
    assert ["pipelines.a.rejects.url"] == keys


@pytest.mark.parametrize("url", ["r", "r/b", "r.ingestd/b", "."])
def test_two_pipelines_need_two_folders_of_rejects(wrong, url):
    """
    One would take the other's rejects for its orphans, or its staging for leftovers.
    """
    text = f"""
        [[pipelines]]
        name = "a"
        sink = {{url = "../out/a"}}
        source = {{url = "../in"}}
        rejects = {{url = "../x/r"}}
        [[pipelines]]
        name = "b"
        sink = {{url = "../out/b"}}
        source = {{url = "../in"}}
        rejects = {{url = "../x/{url}"}}
    """
    lines = [line.split(" ")[0] for line in wrong(text)]
    assert ["pipelines.b.rejects.url"] == lines


def test_a_name_that_is_taken_is_one_line(wrong):
    """
    The folders that are made of the names are told of by the names.
    """
    text = '[[pipelines]]\nname = "a"\nsink = {url = "x"}\n'
    again = '[[pipelines]]\nname = "a"\nsink = {url = "y"}\n'
    assert ["pipelines.a.name"] == [line.split(" ")[0] for line in wrong(text + again)]


@pytest.mark.parametrize(
    "text",
    [
        '[pipelines.sink]\nurl = "data/inbox2"',
        '[pipelines.rejects]\nurl = "data/rejects"',
        '[pipelines.rejects]\nurl = "var/other/place"',
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
