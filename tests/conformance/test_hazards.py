"""
The column of ingestd in docs/hazards.md, made anew.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from bench.hazards.files import Hazard, hazards
from bench.hazards.ours import wrongs
from bench.hazards.page import own_cell, tried

PAGE = Path(__file__).resolve().parents[2] / "docs" / "hazards.md"
ALL = {hazard.name: hazard for hazard in hazards()}


@cache
def page() -> dict[str, list[str]]:
    """
    Return the cells of each row of the page, by the hazard's name.
    """
    lines = re.findall(r"^\| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    rows = [line.split(" | ") for line in lines]
    return {cells[0]: cells for cells in rows[2:]}


def test_the_page_has_the_hazards():
    """
    Each once, in their order: none can be left out because it looks bad.
    """
    assert list(ALL) == list(page())


@pytest.mark.parametrize("name", ALL)
def test_ingestd_is_right(name):
    """
    With each of the settings every record is a row or set aside, or the file is
    quarantined, and the numbers say so.
    """
    hazard: Hazard = ALL[name]

    for settings in hazard.settings:
        assert [] == wrongs(hazard, tried(hazard, settings))


@pytest.mark.parametrize("name", [n for n in ALL if n != "10,000 columns"])
def test_the_page_says_what_ingestd_does(name):
    """
    What the page claims of ingestd is what it does now.
    """
    assert own_cell(ALL[name]) == page()[name][-1]
