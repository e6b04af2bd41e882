"""
What a proposal says beside its keys: guesses, doubts, what is left out.
"""

from __future__ import annotations

import pytest

from tests.unit.run.sniff.sniff_kit import sniff

# name: the file, how it is configured, the notes
NOTES = {
    "a guessed encoding": (
        "a,b\n1,é\n".encode("latin-1"),
        {},
        ['encoding = "cp1252" is a guess: look at the letters that are not ASCII'],
    ),
    "an encoding with a mark is no guess": ("a,b\n1,é\n".encode("utf-16"), {}, []),
    "a configured encoding is no guess": (
        "a;b\n1;é\n".encode("latin-1"),
        {"encoding": "latin-1"},
        [],
    ),
    "no header": (
        b"1,x\n2,y\n",
        {},
        ["header = false: the names are for you to choose"],
    ),
    "lines in front": (
        b"Report\nof May\na,b\n1,x\n2,y\n",
        {},
        ["skip_rows = 2 leaves out 'Report' and 1 more"],
    ),
    "lines behind": (
        b"a,b,c\n1,x,u\n2,y,v\nthe end\n",
        {},
        ["skip_footer = 1 leaves out 'the end'"],
    ),
    "comments": (
        b"a,b\n# one\n1,x\n# two\n2,y\n",
        {},
        ["comment = \"#\" leaves out '# one' and 1 more"],
    ),
    "day or month": (
        b"k,d\n1,01/02/2026\n2,03/04/2026\n",
        {},
        [
            (
                "column 'd': day or month first? date_formats = [\"%d/%m/%Y\"] and "
                '["%m/%d/%Y"] both fit, no value tells; the column stays text until '
                "you choose"
            )
        ],
    ),
    "two orders in one file": (
        b"d,e\n31/12/2026,12/31/2026\n01/02/2026,03/04/2026\n",
        {},
        ["column 'e': %m/%d/%Y here, %d/%m/%Y in another"],
    ),
    "thousand or fraction": (
        b'k,n\n1,"1,234"\n2,"2,345"\n',
        {},
        [
            (
                "column 'n': '1,234' may be a thousand and more (thousands = \",\") or "
                'a fraction (decimal = ","): no value tells'
            )
        ],
    ),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_doubt_is_said(tmp_path, name):
    """
    A guess is called one, and what no value tells is not guessed.
    """
    text, configured, expected = NOTES[name]

    found = sniff(tmp_path, text, csv=configured)

    assert expected == list(found.notes)


def test_what_is_configured_is_counted_too(tmp_path):
    """
    The evidence: how many records fit with the proposal, and how many without.
    """
    text = b"a;b\n1;x\n2;y,z\n3;u,v\n"

    found = sniff(tmp_path, text)

    assert (3, 3, 1) == (found.records, found.fit, found.as_configured)
    assert found.one_column


def test_columns_that_would_be_text_are_named(tmp_path):
    """
    All fits as configured, but as text: then the types are the reason.
    """
    found = sniff(tmp_path, b"a,b,c\n1,-,x\n2,3,y\n")

    assert ({"nulls": ("", "NA", "null", "-")}, ("b",)) == (found.change, found.typed)
    assert 2 == found.as_configured == found.fit


def test_a_bad_record_is_no_reason_to_change_anything(tmp_path):
    """
    What no dialect reads better fits as it is, with its rejects counted.
    """
    found = sniff(tmp_path, b"a,b,c\n1,2,x\n3,4\n5,6,y\n7,8,z\n")

    assert ({}, None) == (found.change, found.schema)
    assert (4, 3) == (found.records, found.fit)


def test_more_lines_skipped_than_there_are_is_seen(tmp_path):
    """
    A header that is skipped makes one of the first record.
    """
    text = b"day,n\n2026-01-01,1\n2026-01-02,2\n2026-01-03,3\n"

    found = sniff(tmp_path, text, csv={"skip_rows": 2})

    assert {"skip_rows": 0} == found.change


@pytest.mark.parametrize(
    ("configured", "change"),
    [
        ({"delimiter": ";", "decimal": ","}, {"delimiter": ","}),
        ({"encoding": "latin-1"}, {"encoding": "utf-8"}),
        ({"quote": ""}, {"quote": '"'}),
        ({"header": False}, {"header": True}),
        ({"escape": '"'}, {}),
        ({"nulls": ["NA"], "comment": "#", "skip_blanks": True}, {}),
    ],
)
def test_another_configuration_is_corrected_where_it_fits_less(
    tmp_path, configured, change
):
    """
    What differs from the configured keys is proposed, not what differs from defaults.
    """
    text = 'a,b,c\n1,"x,é","u"\n2,"y","ü"\n3,z,w\n'.encode()
    schema = {"a": "int64", "b": "string", "c": "string"}

    found = sniff(tmp_path, text, csv=configured, schema=schema)

    assert change == found.change


def test_a_schema_of_too_few_columns_is_proposed_anew(tmp_path):
    """
    Without a header the schema has the names, so it must have one for each field.
    """
    found = sniff(
        tmp_path, b"1,x,2.5\n2,y,3.5\n", csv={"header": False}, schema={"a": "int64"}
    )

    assert {} == found.change
    assert {"c1": "int64", "c2": "string", "c3": "float64"} == dict(
        found.schema.columns
    )
    assert (2, 0) == (found.fit, found.as_configured)
