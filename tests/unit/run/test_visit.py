"""
What a worker says of the places that it is to work with.
"""

from __future__ import annotations

from ingestd.run.visit import Errand, visit


def test_a_worker_that_can_do_both_says_nothing_and_leaves_nothing(tmp_path):
    """Also where the staging is not made yet."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("n\n1\n")
    staging = str(tmp_path / "out.ingestd")
    errand = Errand(str(tmp_path / "in"), staging, sample=(b"a.csv", 4, ""))
    assert [] == visit(errand)
    assert ["in"] == [path.name for path in tmp_path.iterdir()]


def test_a_worker_without_the_source_says_so(tmp_path):
    """With the path, as on a machine that does not share it."""
    errand = Errand(str(tmp_path / "in"), str(tmp_path))
    (said,) = visit(errand)
    source = tmp_path / "in"
    assert f"cannot read {source}: No such file or directory ({source})" == said


def test_a_file_that_is_not_there_for_the_worker_is_told(tmp_path):
    """Another folder of the same name has other files."""
    errand = Errand(str(tmp_path), str(tmp_path), sample=(b"a.csv", 4, ""))
    (said,) = visit(errand)
    assert said.startswith(f"cannot read {tmp_path}: No such file")


def test_staging_that_cannot_be_written_is_told(tmp_path):
    """A folder that nobody can make files in."""
    errand = Errand(str(tmp_path), "/proc/self/staging")
    (said,) = visit(errand)
    assert said.startswith("cannot write /proc/self/staging: ")


def test_options_of_a_store_stay_out_of_messages():
    """They may hold keys."""
    errand = Errand("s3://b/in", "out", {"secret": "hidden"}, {"key": "hidden"})
    assert "hidden" not in repr(errand)
