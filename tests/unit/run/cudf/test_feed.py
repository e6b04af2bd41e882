"""
What goes into which chunk, and in which piece it is copied.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.run.engines.cudf.device import Share, Unfit, Why
from ingestd.run.engines.cudf.feed import Body, loads
from ingestd.run.engines.cudf.fill import fill, pieces

texts = st.lists(st.binary(max_size=50), min_size=1, max_size=6)
sizes = st.integers(1, 60)


def copied(shares) -> bytes:
    target = bytearray(sum(share.size for share in shares))
    assert len(target) == fill(memoryview(target), shares)
    return bytes(target)


def bodies(contents: list[bytes]) -> list[Body]:
    return [Body(text, 0, len(text), len(text)) for text in contents]


@given(texts, sizes)
def test_loads_are_the_members_each_ended_by_a_newline(contents, most):
    """
    No byte is lost or doubled, wherever members are cut.
    """
    found = list(loads(bodies(contents), most, 10))

    expected = [
        text + b"\n" if text and text[-1:] != b"\n" else text for text in contents
    ]
    assert b"".join(expected) == b"".join(copied(load.shares) for load in found)
    assert all(load.size == len(copied(load.shares)) for load in found)
    # A newline of our own may come on top.
    assert max(load.size for load in found) <= most + len(contents)


@given(texts, sizes)
def test_every_member_ends_in_one_load(contents, most):
    """
    Its end there is what all bytes before it make.
    """
    ends, before = {}, 0
    for load in loads(bodies(contents), most, 10):
        ends |= {member: before + end for member, end in load.ends.items()}
        before += load.size

    sizes_ended = [len(t) + bool(t and t[-1:] != b"\n") for t in contents]
    expected = {i: sum(sizes_ended[: i + 1]) for i in range(len(contents))}
    assert expected == ends


@given(st.binary(min_size=3, max_size=80), sizes, st.data())
def test_a_slice_goes_on_for_one_record(text, most, data):
    """
    The record that is begun before the border is there whole, and the border is told.
    """
    until = data.draw(st.integers(1, len(text) - 1))
    found = list(loads([Body(text, 0, len(text), until)], most, 10))

    whole = b"".join(copied(load.shares) for load in found)
    expected = text[: until + 11]
    if len(expected) == len(text) and text[-1:] != b"\n":
        expected += b"\n"
    assert expected == whole
    before = sum(load.size for load in found[:-1])
    assert until == before + found[-1].until
    assert [None] * (len(found) - 1) == [load.until for load in found[:-1]]


@given(texts, sizes)
def test_pieces_are_the_shares(contents, most):
    """
    Each piece lies where the bytes before it end, and only the last is smaller.
    """
    shares = [Share(text, 0, len(text)) for text in contents]

    found = list(pieces(shares, most))

    assert b"".join(contents) == b"".join(copied(piece) for _, piece in found)
    assert [i * most for i in range(len(found))] == [at for at, _ in found]


def test_a_file_that_ends_early_is_unfit(tmp_path):
    """
    What it lacks is not what was in the buffer before.
    """
    path = tmp_path / "f.csv"
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        shares = [Share(file.fileno(), 0, 3), Share(file.fileno(), 3, 4)]
        with pytest.raises(Unfit) as caught:
            fill(memoryview(bytearray(4)), shares)

    assert Why.SOURCE == caught.value.why
