"""
Aggregates: the functions of the contract, over one file or many units, as pandas has
them.
"""

from __future__ import annotations

import math
import random
import statistics
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ingestd.config import Pipeline
from ingestd.errors import ConfigError, Quarantine, Reason
from ingestd.run.engines.polars import ranges
from tests.conformance.engine_kit import Bench, engine_fixture, frame_of  # noqa: F401 - fixture

KV = {"k": "string", "v": "float64"}
ALL = (
    "count",
    "sum",
    "mean",
    "min",
    "max",
    "var",
    "std",
    "first",
    "last",
    "n_unique",
    "median",
)


def metrics(column: str, *functions: str) -> dict:
    found = {function: [column, function] for function in functions}
    return {"n": ["*", "count"], **found}


def bench(engine, tmp_path, schema, functions, **options) -> Bench:
    column = "v"
    spec = metrics(column, *functions)
    aggregate = {"group_by": ["k"], "metrics": spec}
    inline = options.pop("inline_bytes", 8 << 20)
    return Bench(engine, tmp_path, schema, {"aggregate": aggregate, **options}, inline)


def csv(rows) -> bytes:
    return b"k,v\n" + b"".join(f"{k},{v}\n".encode() for k, v in rows)


def test_every_function_means_what_pandas_means(engine, tmp_path):
    """
    Nulls are left out, ddof is 1, quantiles interpolate, order is (path, record).
    """
    b = bench(engine, tmp_path, KV, ALL)
    b.options["aggregate"]["metrics"]["q"] = ["v", "quantile", 0.9]

    found = b.groups(
        [csv([("x", ""), ("x", 4.0), ("y", "")])], [csv([("x", 1), ("x", 1)])]
    )

    assert [
        {
            "k": "x",
            "n": 4,
            "count": 3,
            "sum": 6.0,
            "mean": 2.0,
            "min": 1.0,
            "max": 4.0,
            "var": 3.0,
            "std": pytest.approx(math.sqrt(3)),
            "first": 4.0,
            "last": 1.0,
            "n_unique": 2,
            "median": 1.0,
            "q": pytest.approx(3.4),
            "_rows": 4,
        },
        {
            "k": "y",
            "n": 1,
            "count": 0,
            "sum": 0.0,
            "mean": None,
            "min": None,
            "max": None,
            "var": None,
            "std": None,
            "first": None,
            "last": None,
            "n_unique": 0,
            "median": None,
            "q": None,
            "_rows": 1,
        },
    ] == found.to_dicts()


def test_a_single_value_has_no_variance(engine, tmp_path):
    """
    With ddof 1 the variance of one value is null.
    """
    found = bench(engine, tmp_path, KV, ("var", "std")).groups([csv([("x", 1)])])

    assert [(None, None)] == found.select("var", "std").rows()


@pytest.mark.parametrize("units", [1, 2, 7])
def test_null_keys_are_kept_and_output_is_sorted(engine, tmp_path, units):
    """
    Each group once, sorted by key, the null key last.
    """
    rows = [(k, 1) for k in ("b", "", "a", "c", "", "a")] * 7
    files = [csv(rows[i::units]) for i in range(units)]

    found = bench(engine, tmp_path, KV, ("sum",)).groups(*[[f] for f in files])

    assert ["a", "b", "c", None] == found["k"].to_list()
    assert [14, 7, 7, 14] == found["_rows"].to_list()


@pytest.mark.parametrize("offset", [0.0, 1e9, -1e15])
@pytest.mark.parametrize("units", [1, 5])
def test_sums_and_means_of_floats_are_stable(engine, tmp_path, units, offset):
    """
    Sum and mean are within two roundings of the exact ones, for any number of units.
    """
    draw = random.Random(7)
    values = [offset + draw.lognormvariate(0, 3) for _ in range(20_000)]
    files = [[csv([("x", repr(v)) for v in values[i::units]])] for i in range(units)]

    found = bench(engine, tmp_path, KV, ("sum", "mean")).groups(*files)

    exact = math.fsum(values)
    assert exact == pytest.approx(found["sum"][0], rel=4e-16)
    assert exact / len(values) == pytest.approx(found["mean"][0], rel=4e-16)


def test_a_million_tenths_are_a_hundred_thousand(engine, tmp_path):
    """
    Plain summation is off by 1e-6 here.
    """
    content = b"k,v\n" + b"x,0.1\n" * 1_000_000

    found = bench(engine, tmp_path, KV, ("sum",)).groups([content])

    assert math.fsum([0.1] * 1_000_000) == found["sum"][0]


@pytest.mark.parametrize("units", [1, 4])
@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9])
def test_variances_are_stable_and_mergeable(engine, tmp_path, units, offset):
    """
    A large common offset does not drown the variance, in one unit or in many.
    """
    draw = random.Random(3)
    values = [offset + draw.random() for _ in range(20_000)]
    files = [[csv([("x", repr(v)) for v in values[i::units]])] for i in range(units)]

    found = bench(engine, tmp_path, KV, ("var", "std")).groups(*files)

    exact = float(statistics.variance([Fraction(v) for v in values]))
    assert exact == pytest.approx(found["var"][0], rel=1e-9)
    assert math.sqrt(exact) == pytest.approx(found["std"][0], rel=1e-9)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            ["inf", "1"],
            {"sum": math.inf, "mean": math.inf, "min": 1.0, "max": math.inf},
        ),
        (["-inf", "1"], {"sum": -math.inf, "min": -math.inf, "max": 1.0}),
        (["inf", "-inf"], {"sum": math.nan, "mean": math.nan}),
        (["nan", "1"], {"sum": math.nan, "min": 1.0, "max": math.nan, "count": 2}),
        (["nan", "nan"], {"min": math.nan, "max": math.nan, "n_unique": 1}),
        (["0.0", "-0.0"], {"sum": 0.0, "n_unique": 1}),
        (["1e308", "1"], {"sum": 1e308, "max": 1e308}),
        (["1e16", "1", "1", "-1e16"], {"sum": 2.0, "mean": 0.5}),
    ],
)
@pytest.mark.parametrize("split", [False, True])
def test_special_floats(engine, tmp_path, values, expected, split):
    """
    NaN is a value, the greatest of all; infinities are not lost to the splitting.
    """
    rows = [("x", value) for value in values]
    units = [[csv([row])] for row in rows] if split else [[csv(rows)]]

    found = bench(engine, tmp_path, KV, tuple(expected)).groups(*units).to_dicts()[0]

    assert {k: pytest.approx(v, nan_ok=True) for k, v in expected.items()} == {
        k: found[k] for k in expected
    }


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_integer_sums_are_exact_up_to_int64(engine, tmp_path, value):
    """
    A sum may pass outside int64 on its way, and ends exact.
    """
    step = 1 if value > 0 else -1
    b = bench(engine, tmp_path, {"k": "string", "v": "int64"}, ("sum", "mean"))

    found = b.groups([csv([("x", value), ("x", step)])], [csv([("x", -step)])])

    assert value == found["sum"][0]
    assert value / 3 == found["mean"][0]


@pytest.mark.parametrize(
    ("column_type", "values"),
    [("int64", [2**63 - 1, 1]), ("int64", [-(2**63), -1]), ("uint64", [2**64 - 1])],
)
def test_integer_sums_outside_int64_are_errors(engine, tmp_path, column_type, values):
    """
    Never a wrapped sum.
    """
    b = bench(engine, tmp_path, {"k": "string", "v": column_type}, ("sum",))

    with pytest.raises(Quarantine) as caught:
        b.groups([csv([("x", value) for value in values])])

    assert Reason.INTEGER_OVERFLOW == caught.value.reason


@pytest.mark.parametrize("units", [1, 2])
def test_decimal_sums_of_more_than_38_digits_are_errors(engine, tmp_path, units):
    """
    In one file: that file is set aside; of several units: the batch is told.
    """
    b = bench(engine, tmp_path, {"k": "string", "v": "decimal(38,0)"}, ("sum",))
    rows = [csv([("x", "9" * 38)])] * 2 if units == 2 else [csv([("x", "9" * 38)] * 2)]
    found = [b.read(b.put(f"f{i}.csv", row), unit=i) for i, row in enumerate(rows)]

    if units == 1:
        assert Reason.INTEGER_OVERFLOW == found[0].members[0].reason
    else:
        with pytest.raises(Quarantine) as caught:
            b.engine.combine(b.plan, [one.partial for one in found])
        assert Reason.INTEGER_OVERFLOW == caught.value.reason


def test_small_integers_do_not_overflow(engine, tmp_path):
    """
    The sum of int8 is an int64.
    """
    b = bench(engine, tmp_path, {"k": "string", "v": "int8"}, ("sum", "mean", "max"))

    found = b.groups([csv([("x", 127)] * 100)])

    assert (12_700, 127.0, 127) == found.select("sum", "mean", "max").row(0)
    assert pl.Int64 == found["sum"].dtype


def test_decimals_are_exact(engine, tmp_path):
    """
    Sums, least and greatest of decimals are decimals.
    """
    b = bench(engine, tmp_path, {"k": "string", "v": "decimal(18,2)"}, ALL[:7])

    found = b.groups([csv([("x", "0.10")] * 10)], [csv([("x", "9999999999999999.99")])])

    row = found.to_dicts()[0]
    assert Decimal("10000000000000000.99") == row["sum"]
    assert Decimal("0.10") == row["min"]
    assert float(Decimal("10000000000000000.99") / 11) == row["mean"]


@pytest.mark.parametrize(
    ("column_type", "values", "least", "greatest"),
    [
        ("string", ["b", "a", "ü"], "a", "ü"),
        ("bool", ["true", "false"], False, True),
        ("date", ["2026-02-28", "2025-01-01"], None, None),
        ("timestamp", ["2026-02-28T00:00:00", "2025-01-01 00:00:00"], None, None),
        ("timestamp(tz)", ["2026-02-28T00:00:00Z", "2025-01-01T00:00:00Z"], None, None),
        ("float32", ["1.5", "2.5"], 1.5, 2.5),
        ("uint64", ["18446744073709551615", "0"], 0, 2**64 - 1),
    ],
)
def test_order_and_counts_exist_for_every_type(
    engine, tmp_path, column_type, values, least, greatest
):
    """
    min max first last n_unique count take any type, and keep it.
    """
    functions = ("count", "min", "max", "first", "last", "n_unique")
    b = bench(engine, tmp_path, {"k": "string", "v": column_type}, functions)
    rows = [("x", value) for value in values]

    found = b.groups([csv(rows)], [csv(rows)]).to_dicts()[0]

    assert (2 * len(values), len(values)) == (found["count"], found["n_unique"])
    assert found["min"] < found["max"]
    if least is not None:
        assert (least, greatest) == (found["min"], found["max"])


def test_first_and_last_follow_path_and_record(engine, tmp_path):
    """
    Also where files with other columns stand between, and in many units.
    """
    b = bench(engine, tmp_path, KV, ("first", "last"))
    other = b"v,k\n3,x\n4,x\n"

    found = b.groups(
        [csv([("x", ""), ("x", 1), ("x", 2)]), other, csv([("x", 5)]), other],
        [csv([("x", 6), ("x", "")])],
    )

    assert [(1.0, 6.0)] == found.select("first", "last").rows()


@pytest.mark.parametrize("inline_bytes", [0, 8 << 20])
def test_spilled_partials_give_the_same_output(engine, tmp_path, inline_bytes):
    """
    Bucket by bucket is the same as at once, also where only some units spill.
    """
    draw = random.Random(5)
    rows = [(draw.randrange(500), draw.randrange(100)) for _ in range(5000)]
    b = bench(engine, tmp_path, KV | {"k": "int64"}, ALL, inline_bytes=inline_bytes)
    files = [[csv(rows[i::3])] for i in range(3)] + [[csv([("", 1), (3, "")])]]

    found = b.groups(*files)

    rows.append((None, 1))
    expected = {}
    for key, value in [(k, v) for i in range(3) for k, v in rows[:5000][i::3]]:
        expected.setdefault(key, []).append(value)
    expected[None] = [1]
    keys = sorted(k for k in expected if k is not None) + [None]
    assert keys == found["k"].to_list()
    for row in found.to_dicts():
        values = expected[row["k"]]
        assert len(values) == row["count"]
        assert sum(values) == row["sum"]
        assert statistics.median(values) == row["median"]
        assert len(set(values)) == row["n_unique"]
        assert (values[0], values[-1]) == (row["first"], row["last"])
    assert 5002 == found["_rows"].sum()


@pytest.mark.parametrize("keys", [["k"], ["s", "k"], ["f"]])
@pytest.mark.parametrize("most", [8 << 10, 1 << 30])
def test_groups_that_outgrow_memory_are_in_order(
    engine, tmp_path, monkeypatch, keys, most
):
    """
    Cut by ranges of the keys they are the same rows in the same order: nulls last, NaN
    where it is else, and no group twice or in none.
    """
    draw = random.Random(7)
    texts, floats = ["", "a", "b", "zz"], ["", "nan", "-0.5", "inf"]
    rows = "".join(
        f"{draw.choice([draw.randrange(4000), ''])},{draw.choice(texts)},"
        f"{draw.choice([*floats, draw.randrange(3000)])},1\n"
        for _ in range(6000)
    )
    aggregate = {"group_by": keys, "metrics": {"n": ["v", "sum"]}}
    schema = {"k": "int64", "s": "string", "f": "float64", "v": "int64"}
    files = [[f"k,s,f,v\n{rows}".encode()]] * 2

    def groups(folder: str, inline: int):
        at = tmp_path / folder
        return Bench(engine, at, schema, {"aggregate": aggregate}, inline).groups(
            *files
        )

    expected = groups("inline", 64 << 20)
    monkeypatch.setattr(ranges, "RANGE_BYTES", most)
    found = groups("ranges", 0)

    assert_frame_equal(expected, found)
    assert 12_000 == found["_rows"].sum()
    parts = len(list((tmp_path / "ranges" / "staging").glob("*.parquet")))
    assert (parts > 1) == (most < 1 << 30)
    assert [] == list((tmp_path / "ranges" / "staging" / "spill").glob("*-*-*.arrow"))


def test_keys_of_every_type_are_one_group_each(engine, tmp_path):
    """
    0.0 and -0.0 are one key, NaN is one key, null is another.
    """
    b = bench(engine, tmp_path, {"k": "float64", "v": "int64"}, ("count",))

    found = b.groups([csv([(k, 1) for k in ("0.0", "-0.0", "nan", "NaN", "")])])

    assert [2, 2, 1] == found["count"].to_list()
    assert 0.0 == found["k"][0]
    assert math.isnan(found["k"][1])
    assert found["k"][2] is None


def test_no_partial_gives_no_part(engine, tmp_path):
    """
    A batch whose files were all set aside writes nothing.
    """
    b = bench(engine, tmp_path, KV, ("sum",))
    found = b.read(b.put("f.csv", b"nothing\n"), b.put("g.csv", b""))

    assert found.partial is None
    assert () == b.engine.combine(b.plan, [])


def test_an_inferred_schema_without_the_columns_is_a_config_error(engine, tmp_path):
    """
    What the configuration could not check is told as one of its errors.
    """
    b = bench(engine, tmp_path, {"k": "string", "v": "string"}, ("sum",))

    with pytest.raises(ConfigError, match="numeric"):
        b.read(b.put("f.csv", b"k,v\nx,y\n"))


def test_aggregates_can_be_partitioned(engine, tmp_path):
    """
    partition_by takes group keys; rows behind the parts add up.
    """
    b = bench(engine, tmp_path, KV, ("sum",), sink={"partition_by": ["k"]})
    found = b.read(b.put("f.csv", csv([("a/b", 1), ("", 2), ("a/b", 3)])))

    parts = b.engine.combine(b.plan, [found.partial])

    assert {"k=a%2Fb": 2, "k=__HIVE_DEFAULT_PARTITION__": 1} == {
        part.name.split("/")[0]: part.rows_in for part in parts
    }
    assert ["sum", "_rows"] == [c for c in frame_of(parts).columns if c != "n"]


def test_pipelines_are_picklable_with_their_plans(engine, tmp_path):
    """
    A plan travels to workers.
    """
    import pickle

    plan = bench(engine, tmp_path, KV, ("sum",)).plan

    assert plan == pickle.loads(pickle.dumps(plan))
    assert isinstance(plan.pipeline, Pipeline)
