"""
The dialects that engines are tested with: each is found from its file alone.
"""

from __future__ import annotations

import pytest

from tests.conformance.test_engine_dialects import ABC, DIALECTS
from tests.unit.run.sniff.sniff_kit import rows, sniff

TOLD_BY_NOBODY = {
    "an escaped escape closes nothing": "two backslashes may be two",
    "escaped letters are letters": "a backslash before a letter may be one",
    "an escaped null marker": "it stands before no mark, so it may be text",
    "a footer that is all there is": "the only record might be none",
}
"""Ambiguous: with the defaults they read soundly, and differently."""


@pytest.mark.parametrize("name", [n for n in DIALECTS if n not in TOLD_BY_NOBODY])
def test_a_dialect_is_found(tmp_path, name):
    """
    With what is proposed the engine reads the rows that the file holds.
    """
    _, text, expected = DIALECTS[name]

    found = sniff(tmp_path, text)

    if not expected:
        assert "too little" in found.doubt
        return
    names = list(dict(found.schema.columns)) if found.schema else list(ABC)
    schema = dict(zip(names, ABC.values(), strict=True))
    assert expected == rows(tmp_path, found, text, schema=schema)


@pytest.mark.parametrize("name", [name for name in DIALECTS if DIALECTS[name][2]])
def test_a_dialect_that_is_configured_fits(tmp_path, name):
    """
    Whoever configures what the file has is left alone; also where it is ambiguous.
    """
    options, text, expected = DIALECTS[name]

    found = sniff(tmp_path, text, csv=options, schema=ABC)

    assert {} == found.change
    assert len(expected) == found.fit == found.records


@pytest.mark.parametrize("name", TOLD_BY_NOBODY)
def test_what_nobody_can_tell_reads_as_configured(tmp_path, name):
    """
    Ties go to what is configured: nothing is guessed, and no record is lost.
    """
    _, text, _ = DIALECTS[name]

    found = sniff(tmp_path, text)

    assert {"escape", "quote", "delimiter"}.isdisjoint(found.change)
    assert found.records == found.fit > 0
