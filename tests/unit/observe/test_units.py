"""
Numbers as a person reads them.
"""

import pytest

from ingestd.observe.units import counted, duration, size


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (1536, "1.5KiB"),
        (500 * 2**20, "500MiB"),
        (2**30, "1GiB"),
        (2**60, "1024PiB"),
    ],
)
def test_size(count, shown):
    """
    Sizes use the units of the configuration.
    """
    assert shown == size(count)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (0.0123, "12.3ms"),
        (0.9999, "1s"),
        (1.234, "1.23s"),
        (42.04, "42s"),
        (200, "3m20s"),
        (7500, "2h05m"),
        (90000, "1d01h"),
    ],
)
def test_duration(seconds, shown):
    """
    Durations keep the precision that matters.
    """
    assert shown == duration(seconds)


def test_counted():
    """
    One is not plural.
    """
    assert ("1 file", "0 files", "1,000 files") == (
        counted(1, "file"), counted(0, "file"), counted(1000, "file")
    )  # fmt: skip
