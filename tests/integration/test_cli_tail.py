"""
What status, why and check say of a pipeline that follows growing files.
"""

from dataclasses import replace

from ingestd.growing import Growing, Grown, Piece
from tests.integration.cli_kit import World, made_world  # noqa: F401 - a fixture

CPU = '[cluster]\nkind = "local"\n'
TAIL = 'mode = "tail"\ngather_seconds = 7\n'
CSV = "device,temp\n1,20.5\n2,21.5\n"


def follow(world: World, size: int, end: int) -> None:
    """Have a log of *size* bytes, rotated once, of which *end* were taken."""
    path = b"app.csv"
    one = Growing(0, "sensors", path, path, 1, 0, size)
    piece = Piece(0, end, 0, b"", b"", 0, 0)
    with world.ledger() as ledger:
        taken = Grown(replace(one, end=end), (piece,))
        ((followed, _),) = ledger.grow([taken], 10.0)
        rotated = replace(followed, place=b"app.csv.1")
        ledger.grow([Grown(rotated, moved=True)], 11.0)


def test_status_shows_how_far_behind_it_is(world: World) -> None:
    """Files that may grow, and the bytes that were seen and not taken."""
    world.configure(source=TAIL)
    follow(world, size=5_000, end=2_000)

    answer, shown = world.ask("status", "--json").json, world.ask("status").out

    (pipeline,) = answer["pipelines"]
    assert {"files": 1, "bytes_behind": 3_000} == pipeline["growing"]
    (line,) = [row for row in shown.splitlines() if row.split()[:1] == ["growing"]]
    assert ["1", "file,", "2.93KiB", "behind"] == line.split()[1:]


def test_why_answers_for_a_rotated_file_by_the_name_that_is_followed(
    world: World,
) -> None:
    """Its rows are those of stretches of the name, whatever a rotation calls it."""
    world.configure(source=TAIL)
    follow(world, size=5_000, end=2_000)
    (world.inbox / "app.csv.1").write_text(CSV)

    answer = world.ask("why", str(world.inbox / "app.csv.1"))

    assert 0 == answer.code
    assert str(world.inbox / "app.csv") == answer.out.splitlines()[0]
    assert "ready" in answer.out
    assert answer.out == world.ask("why", "app.csv").out


def test_check_says_when_records_are_taken(world: World) -> None:
    """In place of a rule by which whole files settle."""
    world.configure(head=CPU, source=TAIL)
    (world.inbox / "app.csv").write_text(CSV)

    answer = world.ask("check")

    assert (0, "") == (answer.code, answer.err)
    assert "whole records are taken once written, every 7 s\n" in answer.out
    assert "settle" not in answer.out
