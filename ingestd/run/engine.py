"""
The seam of the compute engines.

An engine runs in a Dask worker and knows neither Prefect nor Dask nor the ledger. It
gets a plan and a unit, reads each member of the unit through one open file, and never
opens a URL. A bad file is data, not an exception: it comes back as a MemberResult that
is QUARANTINED, VANISHED or CHANGED, and the unit's other files are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from ingestd.config import Pipeline
from ingestd.errors import ConfigError
from ingestd.model import Member, MemberResult, Part, Schema, Unit
from ingestd.run.rejects import Reject
from ingestd.run.transform.shape import Shape

if TYPE_CHECKING:
    import pyarrow as pa

_ENGINES = "ingestd.run.engines"


Values = dict[str, tuple[str, ...]]
"""Some values of columns, as text, by the column's name."""


Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    All that a worker needs to know of one attempt of a batch; no secrets.

    *root* is the source's folder, *staging* the attempt's own folder (absolute, on the
    sink's file system, made by the daemon). *metadata* goes into every Parquet file's
    key-value metadata, beside the rows of that file. *inline_bytes* is the size above
    which a partial is spilled to *staging* instead of travelling. *rejects_staging* is
    the attempt's folder on the file system of the rejects. *upload_to* and
    *rejects_upload_to* are the attempt's prefixes in the stores of the sink and of the
    rejects, "" for one on a file system. *shape* is what becomes of rows between
    reading and writing them, None where that is nothing.
    """

    batch_id: str
    pipeline: Pipeline
    schema: Schema
    root: str
    staging: str
    metadata: dict[str, str]
    inline_bytes: int = 8 << 20
    rejects_staging: str = ""
    upload_to: str = ""
    rejects_upload_to: str = ""
    shape: Shape | None = None

    @property
    def of_files(self) -> Schema:
        """
        The schema without the columns that come from the paths of files.
        """
        return self._with(lambda shape: _without(self.schema.columns, shape.paths))

    @property
    def of_rows(self) -> Schema:
        """
        The columns that rows have when they are grouped or written.
        """
        return self._with(lambda shape: shape.rows)

    def _with(self, columns: Callable[[Shape], Columns]) -> Schema:
        if self.shape is None:
            return self.schema
        return replace(self.schema, columns=columns(self.shape))


@dataclass(frozen=True, slots=True)
class Partial:
    """
    A unit's share of an aggregate: Arrow tables, small and on the host.

    *tables* by name ("groups" always; one more for each metric without a small
    partial); or *spilled*: the paths of Arrow IPC files in staging, by name and bucket
    of the keys' hash, when the tables would be larger than ``Plan.inline_bytes``.
    """

    unit: int
    tables: dict[str, pa.Table]
    spilled: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """
    What was read of a slice: the records from byte *begin* to byte *stop*, where the
    next slice's first record begins; how many, set aside or not, and how many lines end
    there, those in front of a file's records included.
    """

    begin: int
    stop: int
    records: int
    lines: int


@dataclass(frozen=True, slots=True)
class UnitResult:
    """
    What one unit gave: a result for each member, and parts or a partial.

    Row mode fills *parts*, aggregate mode *partial*. *rejects* are the records that
    were set aside, in the members' order; they add up to the members' rows_rejected. An
    engine leaves them there however many they are: before the result travels, those
    larger than ``Plan.inline_bytes`` are spilled to an Arrow IPC stream in staging, and
    *spilled_rejects* is its path. *piece* tells of a slice that was read what exactly
    it was; *in_front* are the records and lines of its file in front of it, which the
    numbers of spilled rejects lack. *outgrown* holds values of columns that the schema
    lacks or has no type for; then there is nothing else. *seconds* by name of the step
    (read, parse, write). *handed* counts the files that an accelerator left to the CPU
    engine, by its reason; *halved* how often it halved what it takes at once, because
    its memory did not suffice. *function* is the SHA-256 of the source of the user's
    function.
    """

    unit: int
    members: tuple[MemberResult, ...]
    parts: tuple[Part, ...] = ()
    partial: Partial | None = None
    rejects: tuple[Reject, ...] = ()
    spilled_rejects: str = ""
    piece: Piece | None = None
    in_front: tuple[int, int] = (0, 0)
    outgrown: Values = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    handed: dict[str, int] = field(default_factory=dict)
    halved: int = 0
    function: str = ""


class Engine(Protocol):
    """
    Reads and aggregates on one kind of hardware. Stateless; safe from many threads.

    Raises IngestdError only: Retryable for what another attempt may cure, Quarantine
    where a combination of files is at fault (an integer sum that overflows, for one).
    """

    name: str

    def infer(
        self,
        pipeline: Pipeline,
        root: str,
        members: tuple[Member, ...],
        known: Schema | None = None,
        values: Values | None = None,
    ) -> Schema:
        """
        Infer a schema (version 0) from the heads of *members*; a member that cannot be
        read is passed over. Raises Quarantine when none can be.

        With *known*, return that schema widened (version 0): by the columns of *values*
        that it lacks, by types for those that it has no type for, and under
        ``drift.new_column = "add"`` by all new columns of *members*; *known* itself
        where there is nothing. Types take *values* and those that *members* have.
        """
        ...

    def read_and_aggregate(self, plan: Plan, unit: Unit) -> UnitResult:
        """
        Read *unit*. Row mode writes its parts into staging, fsynced; may run twice and
        then writes the same names again.
        """
        ...

    def combine(self, plan: Plan, partials: list[Partial]) -> tuple[Part, ...]:
        """
        Merge the partials, finish the metrics, sort by key, write parts into staging.

        Rows behind the parts add up to the rows of the partials. No partial gives no
        part.
        """
        ...


def _without(columns: Columns, names: tuple[str, ...]) -> Columns:
    return tuple(column for column in columns if column[0] not in names)


def load(name: str) -> Engine:
    """
    Return the engine called *name*: polars or cudf. Imports its library.
    """
    # By name: the engines import this module, and each is the door of a heavy library.
    if name == "polars":
        return cast("Engine", import_module(f"{_ENGINES}.polars").PolarsEngine())
    if name == "cudf":
        return cast("Engine", import_module(f"{_ENGINES}.cudf").CudfEngine())
    raise ConfigError([f"engine {name!r}: expected polars or cudf"])


def source_path(root: str, member: Member) -> Path:
    """
    Return the absolute path of *member*'s file; bytes survive as surrogates.
    """
    return Path(os.fsdecode(os.fsencode(root) + b"/" + member.file.path))
