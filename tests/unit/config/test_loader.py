"""
Reading the file itself.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestd.config import load
from ingestd.config.check import check
from ingestd.config.document import Config
from ingestd.config.keys import walk
from ingestd.errors import ConfigError


def test_a_missing_file_is_a_configuration_error(tmp_path):
    """
    With the path and the command that writes one; exit code 78.
    """
    place = tmp_path / "none.toml"
    with pytest.raises(ConfigError) as caught:
        load(place, {})
    assert [f"{place}: no such file; ingestd init writes one"] == caught.value.problems
    assert (78, str(place)) == (caught.value.exit_code, caught.value.path)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("not TOML: Expected '=' after a key", b"drain seconds = 3"),
        ("expected UTF-8 text; byte 5 is none", b"a = '\xff'"),
    ],
)
def test_a_file_that_is_not_toml_names_the_place(tmp_path, text, content):
    """
    Line and column, or the byte.
    """
    place = tmp_path / "config.toml"
    place.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(place, {})
    assert caught.value.problems[0].startswith(f"{place}: {text}")


def test_a_folder_is_no_file(tmp_path):
    """
    What the system says becomes a configuration error.
    """
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_the_current_folder_comes_first(tmp_path, monkeypatch):
    """
    Without a path, config.toml of the current folder is read.
    """
    (tmp_path / "config.toml").write_text(
        'drain_seconds = 9\n[[pipelines]]\nname = "a"'
    )
    monkeypatch.chdir(tmp_path)
    config = load(None, {})
    assert 9.0 == config.drain_seconds
    assert str(tmp_path / "var") == config.state_dir


def test_no_file_at_the_default_places(tmp_path, monkeypatch):
    """
    The message tells where was looked.
    """
    monkeypatch.chdir(tmp_path)
    missing = (tmp_path / "config.toml", tmp_path / "etc/config.toml")
    monkeypatch.setattr("ingestd.config.loader.DEFAULT_PLACES", missing)
    with pytest.raises(ConfigError, match=r"no configuration: looked for .* and .*etc"):
        load(None, {})


_NAMES = sorted({part for key in walk(Config) for part in key.path} | {"bogus", "a"})
_SCALARS = (
    st.booleans()
    | st.integers(-1, 9)
    | st.floats()
    | st.dates()
    | st.sampled_from(["", "a", "auto", "1GiB", "s3://b/x", "*", "count", "int64", "."])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(
    top=st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=4),
    pipelines=st.lists(
        st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6), max_size=2
    ),
)
def test_any_data_gives_a_configuration_or_problems(top, pipelines):
    """
    However wrong the data is: lines for the operator, never another exception.
    """
    data = top | ({"pipelines": pipelines} if pipelines else {})
    config, problems = check(data, "/etc")
    assert isinstance(config, Config)
    assert all(problem.line(data, {}) for problem in problems)


def test_the_fuzz_reaches_right_configurations():
    """
    Keys of the fuzz are the real ones.
    """
    assert {"pipelines", "max_files", "schema"} <= set(_NAMES)
    assert [] == check({"pipelines": [{"name": "a"}]}, "/etc")[1]
