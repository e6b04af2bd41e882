"""
config.toml and docs/config.md are the models' own.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ingestd.config import Config, Pipeline, example, load, reference, write_template
from ingestd.config.keys import find, walk
from ingestd.config.values import parse_size
from ingestd.errors import ConfigError

ROOT = Path(__file__).parents[3]


def test_config_toml_is_up_to_date():
    """
    ``python -m ingestd.config.reference`` writes it.
    """
    assert example.render() == (ROOT / "config.toml").read_text()


def test_the_reference_is_up_to_date():
    """
    ``python -m ingestd.config.reference`` writes it.
    """
    assert reference.render() == (ROOT / "docs/config.md").read_text()


def test_every_key_stands_in_the_example():
    """
    Live or commented out, under the header of its table.
    """
    table, shown = (), set()
    for line in example.render().splitlines():
        if header := re.fullmatch(r"\[+([a-z_.]+)\]+", line):
            table = tuple(header[1].split("."))
            shown.add(table)
        elif key := re.match(r"(?:# )?([a-z_0-9]+) = ", line):
            shown.add((*table, key[1]))
    assert set() == {key.path for key in walk(Config)} - shown


def test_every_key_has_a_description():
    """
    One place for the words, and no key without.
    """
    assert [] == [key.path for key in walk(Config) if not key.field.description]


def _leaves(table, path=()):
    for name, value in table.items():
        inner = value[0] if name == "pipelines" else value
        key = find(Config, (*path, name))
        if key is not None and key.section is not None:
            yield from _leaves(inner, (*path, name))
        else:
            yield (*path, name), inner


def test_the_example_shows_the_defaults():
    """
    Every live key that is no example has the value that leaving it out would give.
    """
    compared = 0
    for path, value in _leaves(tomllib.loads(example.render())):
        field = find(Config, path).field
        if field.is_required() or path[-1] in ("schema", "metrics"):
            continue
        default = field.get_default(call_default_factory=True)
        if isinstance(default, int) and isinstance(value, str):
            assert default == parse_size(value), path
        else:
            assert default == (tuple(value) if isinstance(value, list) else value), path
        compared += 1
    assert compared > 50


def test_the_example_loads(tmp_path):
    """
    And means what the defaults mean, but for the pipeline's schema and groups.
    """
    [place, *folders] = write_template(tmp_path)
    config = load(place, {})
    [pipeline] = config.pipelines
    assert [str(f) for f in folders] == [pipeline.source.url, pipeline.sink.url]
    assert str(tmp_path / "var") == config.state_dir
    bare = tmp_path / "bare.toml"
    bare.write_text('[[pipelines]]\nname = "sensors"')
    plain = load(bare, {})
    example_parts = {"schema_": None, "aggregate": None}
    assert plain == config.model_copy(
        update={"pipelines": (pipeline.model_copy(update=example_parts),)}
    )
    assert {"schema_", "aggregate"} <= set(Pipeline.model_fields)


def test_the_template_never_overwrites(tmp_path):
    """
    A configuration that stands is left as it is, with a hint.
    """
    (tmp_path / "config.toml").write_text("mine")
    with pytest.raises(ConfigError, match="exists already, and is left as it is"):
        write_template(tmp_path)
    assert "mine" == (tmp_path / "config.toml").read_text()
    assert not (tmp_path / "data").exists()


def test_the_template_makes_its_folder(tmp_path):
    """
    The configuration, and the folders that it names.
    """
    made = write_template(tmp_path / "new")
    names = ["config.toml", "data/inbox", "data/outbox"]
    assert [tmp_path / "new" / name for name in names] == made
    assert all(path.exists() for path in made)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    """
    What the system says, not a traceback.
    """
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written: Not a directory"):
        write_template(tmp_path / "file" / "below")
