"""
Which engine reads a unit, and on whose worker.
"""

from __future__ import annotations

import pytest

from ingestd.errors import ComponentAway
from ingestd.model import FileRef, Fingerprint, Member, Unit
from ingestd.run.placing import NOBODY, Place, Placing, Workforce

BOTH = Workforce(gpus=2, cpus=1)
GPUS = Workforce(gpus=2)
CPUS = Workforce(cpus=1)
LEAST = 100


def unit(size: int) -> Unit:
    mark = Fingerprint(size, 1, 1, 1)
    return Unit(0, (Member(FileRef(1, "p", b"f", mark), 0, size),))


SMALL, LARGE = unit(LEAST - 1), unit(LEAST)
PLACES = {
    ("auto", BOTH): (Place("polars", "CPU"), Place("cudf", "GPU")),
    # The CPU engine runs on a GPU's worker where there is no other.
    ("auto", GPUS): (Place("polars"), Place("cudf", "GPU")),
    ("auto", CPUS): (Place("polars"), Place("polars")),
    ("auto", NOBODY): (Place("polars"), Place("polars")),
    ("polars", BOTH): (Place("polars", "CPU"), Place("polars", "CPU")),
    ("polars", GPUS): (Place("polars"), Place("polars")),
    ("cudf", BOTH): (Place("cudf", "GPU"), Place("cudf", "GPU")),
}


@pytest.mark.parametrize(("given", "places"), PLACES.items(), ids=map(str, PLACES))
def test_a_unit_goes_where_it_is_read_sooner(given, places):
    """
    A small one does not wait for a GPU, and none keeps a GPU from what it is for.
    """
    engine, workforce = given
    placing = Placing(engine, LEAST, workforce)
    assert places == (placing.place(SMALL), placing.place(LARGE))


@pytest.mark.parametrize("engine", ["auto", "cudf"])
def test_what_the_gpu_gave_up_on_is_not_given_to_it_again(engine):
    """
    Whatever its size, and whatever was configured.
    """
    placing = Placing(engine, LEAST, BOTH)
    assert Place("polars", "CPU") == placing.place(LARGE, left=True)


def test_a_gpu_that_is_asked_for_is_waited_for():
    """
    No attempt is counted while none is there.
    """
    with pytest.raises(ComponentAway, match="no worker of the cluster has a GPU"):
        Placing("cudf", LEAST, CPUS).place(SMALL)


def test_workers_are_counted_by_what_they_offer():
    """
    One with a GPU counts as that, also if it offers itself for the CPU.
    """
    offers = [{"GPU": 1.0}, {"GPU": 1.0, "CPU": 2.0}, {"CPU": 2.0}, {}, {"memory": 1.0}]
    assert Workforce(gpus=2, cpus=1) == Workforce.of(offers)


def test_a_resource_is_asked_for_by_its_name():
    """
    And none where any worker will do.
    """
    assert ({"GPU": 1}, {}) == (Place("cudf", "GPU").resources, Place("x").resources)
