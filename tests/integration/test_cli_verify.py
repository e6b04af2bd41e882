"""
verify: every kind of damage is found, and a sound output is called sound.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestd.model import Outcome
from tests.integration.cli_kit import (  # noqa: F401 - a fixture
    AGGREGATE,
    World,
    made_world,
)
from tests.unit.run.reject_kit import reject


def test_a_sound_output_has_no_difference(world: World) -> None:
    """Several batches, a quarantined one among them: 0 and a summary."""
    world.commit(b"a.csv", b"b.csv")
    world.commit(b"c.csv")
    world.commit(b"bad.csv", outcome=Outcome.QUARANTINED)

    answer = world.ask("verify", "--deep")

    assert (0, "") == (answer.code, answer.err)
    expected = (
        "3 committed batches, 2 Parquet files, "
        "6 rows in = 6 out + 0 rejected: 0 differences\n"
    )
    assert expected == answer.out


def test_aggregates_are_recounted_by_their_rows_column(world: World) -> None:
    """A group stands for the input rows that its _rows says."""
    world.configure(tail=AGGREGATE)
    world.commit(b"a.csv", b"b.csv", b"c.csv", rows_in=2)

    assert 0 == world.ask("verify").code


def _only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def _remove_part(world: World) -> None:
    _only(world.outbox, "*.parquet").unlink()


def _cut_part(world: World) -> None:
    path = _only(world.outbox, "*.parquet")
    path.write_bytes(path.read_bytes()[:-1])


def _fewer_rows(world: World) -> None:
    path = _only(world.outbox, "*.parquet")
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)


def _other_bytes(world: World) -> None:
    path = _only(world.outbox, "*.parquet")
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    path.write_bytes(data)


def _another_batch(world: World) -> None:
    path = _only(world.outbox, "*.parquet")
    table = pq.read_table(path).replace_schema_metadata({"ingestd.batch": "other"})
    pq.write_table(table, path)


def _foreign_part(world: World) -> None:
    folder = world.outbox / "day=1"
    folder.mkdir()
    pq.write_table(pa.table({"x": [1]}), folder / "mine.parquet")


def _second_part(world: World) -> None:
    path = _only(world.outbox, "*.parquet")
    shutil.copy(path, path.with_name(path.name.replace("-0000000000", "-0000000001")))


def _remove_manifest(world: World) -> None:
    _only(world.sink.manifests, "*.json").unlink()


def _break_manifest(world: World) -> None:
    _only(world.sink.manifests, "*.json").write_text("{")


def _change_manifest(world: World) -> None:
    path = _only(world.sink.manifests, "*.json")
    document = json.loads(path.read_text())
    document["parts"][0]["rows"] += 1
    path.write_text(json.dumps(document))


def _foreign_manifest(world: World) -> None:
    (world.sink.manifests / "19990101T000000Z-0123456789ab.json").write_text("{}")


def _lose_sink(world: World) -> None:
    shutil.rmtree(world.outbox)


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        (_remove_part, {"missing_part"}),
        (_cut_part, {"wrong_size", "wrong_hash", "unreadable_part"}),
        (_fewer_rows, {"wrong_size", "wrong_rows", "wrong_hash"}),
        (_other_bytes, {"wrong_hash"}),
        (_another_batch, {"wrong_batch", "wrong_size", "wrong_hash"}),
        (_foreign_part, {"orphan_part"}),
        (_second_part, {"orphan_part"}),
        (_remove_manifest, {"missing_manifest"}),
        (_break_manifest, {"unreadable_manifest"}),
        (_change_manifest, {"wrong_manifest"}),
        (_foreign_manifest, {"orphan_manifest"}),
        (_lose_sink, {"missing_sink"}),
    ],
)
def test_each_damage_is_named(
    world: World, damage: Callable[[World], None], kinds: set[str]
) -> None:
    """Exit code 4, and a line with what, where and what to do."""
    world.commit(b"a.csv")
    damage(world)

    answer = world.ask("verify", "--deep", "--json")

    assert 4 == answer.code
    found = answer.json["differences"]
    named = {each["kind"] for each in found}
    assert kinds == named
    assert answer.json["ok"] is False
    assert all(each["where"] and each["what"] and each["do"] for each in found)
    lines = world.ask("verify", "--deep").out.splitlines()
    assert len(found) == sum(line.startswith("DIFFERENCE") for line in lines)


def test_a_lost_group_is_missed_in_the_rows_behind(world: World) -> None:
    """As many groups as before, standing for fewer rows."""
    world.configure(tail=AGGREGATE)
    world.commit(b"a.csv", b"b.csv", rows_in=2)
    path = _only(world.outbox, "*.parquet")
    table = pq.read_table(path)
    changed = table.set_column(1, "_rows", pa.array([1, 1]))
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)

    found = world.ask("verify", "--json").json["differences"]

    assert "wrong_rows_in" in {each["kind"] for each in found}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE batch SET rows_rejected = 1", "are not"),
        ("UPDATE member SET rows_in = 9, rows_out = 9", "its members' add up to"),
        ("UPDATE part SET rows_in = 9", "its parts stand for 9"),
    ],
)
def test_a_ledger_that_does_not_add_up_is_named(
    world: World, statement: str, expected: str
) -> None:
    """rows_in = rows_out + rows_rejected, over the members, and behind the parts."""
    world.commit(b"a.csv")
    with closing(sqlite3.connect(world.folder / "var" / "ledger.sqlite")) as database:
        database.execute(statement)
        database.commit()

    answer = world.ask("verify", "--json")

    assert 4 == answer.code
    sums = [d for d in answer.json["differences"] if d["kind"] == "wrong_sum"]
    assert any(expected in each["what"] for each in sums)


def test_a_lost_ledger_makes_every_file_an_orphan(world: World) -> None:
    """The sink tells of it; a fresh ledger would call the output empty."""
    world.commit(b"a.csv")
    shutil.rmtree(world.folder / "var")

    answer = world.ask("verify", "--json")

    assert 4 == answer.code
    kinds = {each["kind"] for each in answer.json["differences"]}
    assert {"orphan_part", "orphan_manifest"} == kinds
    assert "there is no ledger" in answer.err


def test_staging_that_is_left_is_a_note(world: World) -> None:
    """Readers do not see it, so it is no difference."""
    batch = world.commit(b"a.csv")
    world.sink.stage(1, batch.id, 1)

    answer = world.ask("verify", "--json")

    assert 0 == answer.code
    assert ["staging_left"] == [note["kind"] for note in answer.json["notes"]]


def test_a_batch_that_is_being_published_is_no_orphan(world: World) -> None:
    """verify may run beside a daemon that is between staged and committed."""
    world.admit(b"a.csv")
    with world.ledger() as ledger:
        sealed = ledger.seal("sensors", max_files=9, max_bytes=1 << 30, now=20.0)
        batch = ledger.claim(sealed.id, 30.0)
        ledger.stage(world._committable(batch, Outcome.READ, 0), 40.0)
        world.sink.publish(ledger.staged(batch.id), b"{}")
        world.sink.discard(ledger.staged(batch.id).staging)

    assert 0 == world.ask("verify").code


def test_a_pipeline_that_left_the_configuration_is_noted(world: World) -> None:
    """What is not recounted is said, or a zero would mean less than it seems to."""
    world.commit(b"a.csv")
    world.config.write_text(
        world.config.read_text().replace("sensors", "others").replace("outbox", "out2")
    )

    answer = world.ask("verify", "--json")

    assert ["not_configured"] == [note["kind"] for note in answer.json["notes"]]


def _rejects(world: World) -> Path:
    return _only(world.folder / "var" / "rejects" / "sensors", "*.parquet")


def _remove_rejects(world: World) -> None:
    _rejects(world).unlink()


def _fewer_rejects(world: World) -> None:
    path = _rejects(world)
    pq.write_table(pq.read_table(path).slice(1), path)


def _foreign_rejects(world: World) -> None:
    pq.write_table(pa.table({"x": [1]}), _rejects(world).with_name("mine.parquet"))


def _rejects_in_the_sink(world: World) -> None:
    path = _rejects(world)
    shutil.copy(path, world.outbox / path.name.replace("-0000000000", "-0000000007"))


def _data_among_the_rejects(world: World) -> None:
    path = _only(world.outbox, "*.parquet")
    shutil.copy(
        path,
        _rejects(world).with_name(path.name.replace("-0000000000", "-0000000007")),
    )


def _other_rejects(world: World) -> None:
    path = _rejects(world)
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    path.write_bytes(data)


def _lose_rejects(world: World) -> None:
    shutil.rmtree(world.folder / "var" / "rejects")


def _change_rejected(world: World) -> None:
    path = _only(world.sink.manifests, "*.json")
    document = json.loads(path.read_text())
    document["inputs"][0]["rows_rejected"] += 1
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        (lambda _: None, set()),
        (_remove_rejects, {"missing_part"}),
        (_fewer_rejects, {"wrong_size", "wrong_rows", "wrong_hash"}),
        (_other_rejects, {"wrong_hash"}),
        (_foreign_rejects, {"orphan_rejects"}),
        (_data_among_the_rejects, {"orphan_rejects"}),
        (_rejects_in_the_sink, {"orphan_part"}),
        (_lose_rejects, {"missing_rejects"}),
        (_lose_sink, {"missing_sink"}),
        (_change_rejected, {"wrong_manifest"}),
    ],
)
def test_each_damage_to_rejects_is_named(
    world: World, damage: Callable[[World], None], kinds: set[str]
) -> None:
    """Rejects are recounted like the rows that were read, each in its own folder."""
    rejects = [reject(1, n, path=b"a.csv") for n in range(1, 4)]
    world.commit(b"a.csv", b"b.csv", rejects=rejects)
    damage(world)

    answer = world.ask("verify", "--deep", "--json")

    assert kinds == {each["kind"] for each in answer.json["differences"]}
    assert (4 if kinds else 0) == answer.code
    assert [] == answer.json["notes"]


def test_counts_of_both_kinds_are_in_the_summary(world: World) -> None:
    """Rows rejected beside rows out, and the files that hold them."""
    rejects = [reject(1, n, path=b"a.csv") for n in range(1, 4)]
    world.commit(b"a.csv", rejects=rejects)

    expected = (
        "1 committed batch, 2 Parquet files, "
        "5 rows in = 2 out + 3 rejected: 0 differences\n"
    )
    assert expected == world.ask("verify").out


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE part SET rows_in = 9 WHERE kind = 'rejects'", "9 in its rejects"),
        ("DELETE FROM part WHERE kind = 'rejects'", "0 in its rejects"),
    ],
)
def test_a_ledger_whose_rejects_do_not_add_up_is_named(
    world: World, statement: str, expected: str
) -> None:
    """The rows of a batch's rejects are those that it says were rejected."""
    world.commit(b"a.csv", rejects=[reject(1, 1, path=b"a.csv")])
    with closing(sqlite3.connect(world.folder / "var" / "ledger.sqlite")) as database:
        database.execute(statement)
        database.commit()

    found = world.ask("verify", "--json").json["differences"]

    sums = [each["what"] for each in found if each["kind"] == "wrong_sum"]
    assert any(expected in what for what in sums)


def test_staging_of_rejects_that_is_left_is_a_note(world: World) -> None:
    """One note for an attempt, whichever of its folders is left."""
    batch = world.commit(b"a.csv", rejects=[reject(1, 1, path=b"a.csv")])
    left = world.sink.stage(1, batch.id, 1)
    Path(left).rmdir()

    answer = world.ask("verify", "--json")

    assert 0 == answer.code
    assert ["staging_left"] == [note["kind"] for note in answer.json["notes"]]


def test_a_manifest_from_before_rejects_is_sound(world: World) -> None:
    """It says of no part what it holds, and all hold data."""
    world.commit(b"a.csv")
    path = _only(world.sink.manifests, "*.json")
    document = json.loads(path.read_text())
    del document["rows_rejected"]
    for part in document["parts"]:
        del part["kind"]
    path.write_text(json.dumps(document))

    assert 0 == world.ask("verify").code
