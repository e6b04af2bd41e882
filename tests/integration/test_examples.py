"""
The examples of the repository: each is sound, and gives what its README says.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingestd.cli import main
from ingestd.cli.preview import members_of
from ingestd.config import load
from ingestd.discover.fingerprint import look
from ingestd.ledger.ledger import Entry
from ingestd.model import Schema, Unit
from ingestd.run.engine import Plan
from ingestd.run.engine import load as engine_of
from ingestd.run.transform.pipeline import shape_of

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/config.toml"))
WITH_FILES = [name for name in NAMES if (EXAMPLES / name / "inbox").is_dir()]


@pytest.mark.parametrize("name", NAMES)
def test_the_configuration_is_sound(name):
    """Each key is known, and goes with the others."""
    assert load(EXAMPLES / name / "config.toml", {}).pipelines


@pytest.mark.parametrize("name", WITH_FILES)
def test_check_finds_nothing_wrong(tmp_path, capsys, name):
    """Its files are there, and fit its configuration."""
    folder = shutil.copytree(EXAMPLES / name, tmp_path / name)
    assert 0 == main(["check", "-c", str(folder / "config.toml")])
    said = capsys.readouterr()
    assert "" == said.err
    assert "preview" in said.out


def test_sites(tmp_path):
    """The counts are those of the README, and no test device is in a group."""
    folder = shutil.copytree(EXAMPLES / "sites", tmp_path / "sites")
    (pipeline,) = load(folder / "config.toml", {}).pipelines
    root = folder / "inbox"
    paths = sorted(bytes(path.relative_to(root)) for path in root.glob("*/*.csv"))
    seen = [(path, look(str(root), path, leases=False)) for path in paths]
    entries = [Entry(path, found.fingerprint) for path, found in seen if found]
    schema = Schema(tuple((pipeline.schema_ or {}).items()), 1)
    staging = tmp_path / "staging"
    staging.mkdir()
    shape = shape_of(pipeline, schema)
    plan = Plan("b", pipeline, schema, str(root), str(staging), {}, shape=shape)
    engine = engine_of("polars")
    found = engine.read_and_aggregate(plan, Unit(0, members_of(pipeline, entries)))
    assert found.partial is not None
    parts = engine.combine(plan, [found.partial])
    counts = [
        (m.rows_in, m.rows_out, m.rows_rejected, m.rows_filtered) for m in found.members
    ]
    assert (1152, 864, 1, 287) == tuple(map(sum, zip(*counts, strict=True)))
    assert {"site=north": (48, 432), "site=south": (48, 432)} == {
        part.name.split("/")[0]: (part.rows, part.rows_in) for part in parts
    }
