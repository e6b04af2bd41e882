"""
A pipeline: where its files come from, how they are batched, and where Parquet goes.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from ingestd.config.aggregate import Aggregate
from ingestd.config.dialect import Csv, Drift, with_null_mark
from ingestd.config.section import Section
from ingestd.config.sink import Rejects, Sink
from ingestd.config.source import Source
from ingestd.config.values import (
    GIB,
    MIB,
    ColumnType,
    Count,
    FunctionName,
    Names,
    SecondsOrZero,
    Size,
    Storage,
    Text,
    scheme_of,
)

LINEAGE_COLUMNS: Final = ("_file", "_record", "_batch")
RESCUED_COLUMN: Final = "_rescued"


class BatchLimits(Section):
    """
    When a batch is sealed, and how it is cut into units.
    """

    max_files: Count = Field(default=1000, description="Files in a batch.")
    max_bytes: Size = Field(default=1 * GIB, description="Bytes in a batch.")
    max_wait_seconds: SecondsOrZero = Field(
        default=0.2,
        description="Age at which a batch is sealed; not waited out when the pipeline "
        "is idle.",
    )
    unit_bytes: Size = Field(
        default=256 * MIB,
        description="What a read unit aims at.",
    )
    max_in_flight: Count = Field(
        default=2,
        description="Batches of this pipeline that run at once.",
    )


class Transform(Section):
    """
    SQL expressions, the same on every engine.
    """

    select: Names | None = Field(
        default=None,
        description="The columns to keep, in order.",
        examples=[["ts", "device", "temp"]],
    )
    where: Text | None = Field(
        default=None,
        description="A condition for the rows to keep.",
        examples=["temp > -50"],
    )
    derive: dict[str, Text] | None = Field(
        default=None,
        description="New columns, each by an expression.",
        examples=[{"hour": "date_trunc('hour', ts)"}],
    )
    python: FunctionName | None = Field(
        default=None,
        description="A function of your own, called with the rows of each file.",
        examples=["package.module:function"],
    )
    python_columns: dict[Text, ColumnType] | None = Field(
        default=None,
        description="The columns that it adds, or whose type it changes.",
        examples=[{"score": "float64"}],
    )


class Pipeline(Section):
    """
    One stream of files into one dataset. *aggregate* None means row mode; *schema_*
    None means that the schema is inferred from the first batch.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        description="A unique name: [a-z][a-z0-9_]*.",
        examples=["sensors"],
    )
    engine: Literal["auto", "polars", "cudf"] = Field(
        default="auto",
        description="auto reads each unit with what is faster for its size, of what "
        "the cluster has.",
    )
    source: Source = Field(
        default_factory=Source,
        description="Where the files come from.",
    )
    csv: Csv = Field(
        default_factory=Csv,
        description="How the files are written.",
    )
    schema_: dict[Text, ColumnType] | None = Field(
        default=None,
        alias="schema",
        description="Columns and types, in order; unset: inferred from the first "
        "batch, then pinned in the ledger.",
    )
    drift: Drift = Field(
        default_factory=Drift,
        description="What happens to what does not fit the schema.",
    )
    batch: BatchLimits = Field(
        default_factory=BatchLimits,
        description="How files are grouped.",
    )
    transform: Transform = Field(
        default_factory=Transform,
        description="SQL expressions, the same on every engine.",
    )
    aggregate: Aggregate | None = Field(
        default=None,
        description="Groups of rows, one row each; unset: rows are written as they "
        "are.",
    )
    sink: Sink = Field(
        default_factory=Sink,
        description="Where Parquet goes.",
    )
    rejects: Rejects = Field(
        default_factory=lambda data: Rejects(
            url=f"var/rejects/{data.get('name', 'pipeline')}"
        ),
        description="Where rows go that were set aside.",
    )

    @property
    def shapes_rows(self) -> bool:
        """
        Whether rows differ from the records of the files, by transform or by path.
        """
        return self.transform != Transform() or bool(self.source.path_names)

    @property
    def as_in_files(self) -> Pipeline:
        """
        The pipeline whose rows are the records of the files, all of them.
        """
        paths = self.source.path_names
        plain = self.source.model_copy(
            update={"path_columns": None, "hive_columns": ()}
        )
        columns = self.schema_ and {
            name: kind for name, kind in self.schema_.items() if name not in paths
        }
        return self.model_copy(
            update={"source": plain, "transform": Transform(), "schema_": columns}
        )

    @property
    def sets_rows_aside(self) -> bool:
        """
        Whether single rows can be set aside, so that a folder for them is needed.
        """
        return self.drift.bad_row != "fail"

    @property
    def storage_of_rejects(self) -> Storage:
        """
        What is handed to fsspec for the rejects: their own table, else the sink's where
        both are in stores of one kind.
        """
        own, sink = self.rejects.storage, self.sink
        alike = scheme_of(self.rejects.url) == scheme_of(sink.url)
        return own or (sink.storage if alike else {})

    @property
    def reserved(self) -> tuple[str, ...]:
        """
        The columns of the output that no file can bring.
        """
        rescued = (RESCUED_COLUMN,) if self.drift.new_column == "rescue" else ()
        return (*rescued, *(LINEAGE_COLUMNS if self.sink.lineage_columns else ()))

    @model_validator(mode="before")
    @classmethod
    def _spell_out(cls, data: object) -> object:
        # A section that is made by its default factory would resolve its paths against
        # the current folder; an empty table resolves them against the file's.
        if not isinstance(data, dict):
            return data
        data = {"source": {}, "sink": {}} | data
        return data | {"csv": with_null_mark(data.get("csv", {}), data["source"])}
