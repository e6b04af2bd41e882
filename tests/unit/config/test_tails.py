"""
What goes with files that grow, and what does not.
"""

from __future__ import annotations

import pytest

TAIL = '[pipelines.source]\nmode = "tail"\n'
CASES = {
    "after_commit": (f'{TAIL}after_commit = "delete"', "source.after_commit"),
    "done_suffix": (f'{TAIL}done_suffix = ".done"', "source.done_suffix"),
    "on_change": (f'{TAIL}on_change = "ignore"', "source.on_change"),
    "skip_footer": (f"{TAIL}[pipelines.csv]\nskip_footer = 1", "csv.skip_footer"),
    "UTF-16": (f'{TAIL}[pipelines.csv]\nencoding = "utf-16"', "csv.encoding"),
    "two bytes": (f'{TAIL}[pipelines.csv]\nencoding = "gb18030"', "csv.encoding"),
    "a bucket": (f'{TAIL}url = "s3://b/in"', "source.mode"),
    "no tail": ("[pipelines.source]\ngather_seconds = 2", "source.gather_seconds"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_is_refused_by_name(wrong, case):
    """Before a file is followed in a way that cannot be kept up."""
    text, key = CASES[case]
    lines = wrong(f'[[pipelines]]\nname = "a"\n{text}\n')
    assert any(line.startswith(f"pipelines.a.{key}") for line in lines)


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "latin-1", "cp1252"])
def test_an_encoding_of_single_bytes_goes_with_it(loaded, encoding):
    """Its line ends are those of ASCII."""
    csv = f'[pipelines.csv]\nencoding = "{encoding}"'
    config = loaded(f'[[pipelines]]\nname = "a"\n{TAIL}{csv}\n')
    assert "tail" == config.pipelines[0].source.mode
