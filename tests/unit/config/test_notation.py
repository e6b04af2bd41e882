"""
Values as TOML writes them.
"""

from __future__ import annotations

import tomllib

from hypothesis import example, given
from hypothesis import strategies as st

from ingestd.config.notation import toml, toml_key

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
@example('"\n')
@example("\x7f\\")
@example("\u202e\U000e0001'\"")
def test_any_text_is_read_back_and_steers_nothing(text):
    """
    Names of columns and marks come from files: pasted, they mean the same.
    """
    line = f"{toml_key(text)} = {toml(text)}"

    assert line.isprintable()
    assert {text: text} == tomllib.loads(line)


@given(st.lists(TEXT), st.booleans(), st.integers())
def test_other_values_are_read_back(texts, flag, number):
    """
    Lists, booleans and numbers likewise.
    """
    line = f"a = {toml(texts)}\nb = {toml(flag)}\nc = {toml(number)}"

    assert {"a": texts, "b": flag, "c": number} == tomllib.loads(line)
