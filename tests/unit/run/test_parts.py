"""
Names of parts and partition folders.
"""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.errors import Quarantine, Reason
from ingestd.run.parts import part_name, partition_folder

PLAN = SimpleNamespace(batch_id="20261123T000000Z-abc")


@given(st.text(max_size=10), st.text(min_size=1, max_size=10))
def test_a_folder_can_be_turned_back_and_never_leaves(value, key):
    """
    Any text is one path segment, and is read back from it.
    """
    folder = partition_folder(key, value)

    name, _, text = folder.partition("=")
    assert (key, value) == (unquote(name), unquote(text))
    assert "/" not in folder
    assert folder not in (".", "..")
    assert folder.isascii()


def test_null_and_empty_are_different_folders():
    """
    As hive has it.
    """
    assert "k=" == partition_folder("k", "")
    assert "k=__HIVE_DEFAULT_PARTITION__" == partition_folder("k", None)


def test_a_folder_of_more_than_255_bytes_is_refused():
    """
    No file system takes it.
    """
    assert 255 == len(partition_folder("k", "x" * 253))
    with pytest.raises(Quarantine) as caught:
        partition_folder("k", "x" * 254)
    assert Reason.PARTITION_VALUE == caught.value.reason


def test_names_sort_by_unit_and_part():
    """
    And differ for all units and parts.
    """
    names = [part_name(PLAN, unit, part, []) for unit in (0, 9, 10) for part in (0, 11)]

    assert sorted(set(names)) == names
    assert "a=1/20261123T000000Z-abc-0000200003.parquet" == part_name(
        PLAN, 2, 3, [("a", "1")]
    )
