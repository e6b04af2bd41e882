"""
A pipeline: where its files come from, how they are batched, and where Parquet goes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ingestd.config.aggregate import Aggregate
from ingestd.config.dialect import Csv, Drift
from ingestd.config.section import Section
from ingestd.config.values import (
    GIB,
    MIB,
    ColumnType,
    Count,
    Location,
    Names,
    Seconds,
    SecondsOrZero,
    Size,
    Text,
)

Storage = dict[str, Any]
Compression = Literal["zstd", "snappy", "lz4", "gzip", "brotli", "uncompressed"]
_SUFFIX = r"^[^/\x00]+$"


class Source(Section):
    """
    The folder that is watched.
    """

    url: Location = Field(
        default="data/inbox",
        description="A folder, or s3://, gs://, az://, sftp://.",
    )
    include: Annotated[Names, Field(min_length=1)] = Field(
        default=("*.csv", "*.csv.gz"),
        description="Globs of file names that are taken.",
    )
    exclude: Names = Field(
        default=(),
        description="Globs of file names that are left, even if included.",
    )
    recursive: bool = Field(
        default=False,
        description="Whether folders below are watched too.",
    )
    mode: Literal["files", "tail"] = Field(
        default="files",
        description="files: whole files; tail: files that grow.",
    )
    format: Literal["csv", "jsonl"] = Field(
        default="csv",
        description="csv | jsonl.",
    )
    settle_seconds: Seconds = Field(
        default=0.25,
        description="How long a closed file must be unchanged.",
    )
    settle_unseen_seconds: Seconds = Field(
        default=10,
        description="The same for a file whose writer cannot be watched.",
    )
    done_suffix: Annotated[str, Field(pattern=_SUFFIX)] | None = Field(
        default=None,
        description="Take a file only when a marker of its name and this suffix stands "
        "beside it.",
        examples=[".done"],
    )
    scan_seconds: Seconds = Field(
        default=30,
        description="How often the whole folder is listed.",
    )
    path_columns: Text | None = Field(
        default=None,
        description="A regular expression whose groups become columns.",
        examples=[r"(?P<site>[^/]+)/(?P<day>\d{8})_.*\.csv"],
    )
    full_sweep_seconds: Seconds | None = Field(
        default=None,
        description="How often a bucket is listed from its start.",
        examples=[3600],
    )
    start_after: Text | None = Field(
        default=None,
        description="The key after which a bucket's listing starts.",
        examples=["2026/"],
    )
    notices: Text | None = Field(
        default=None,
        description="The queue of a bucket's notices.",
        examples=["sqs://queue"],
    )
    after_commit: Literal["keep", "move", "delete"] = Field(
        default="keep",
        description="What happens to a file once its batch is committed.",
    )
    move_to: Location | None = Field(
        default=None,
        description='The folder for after_commit = "move".',
        examples=["data/archive"],
    )
    on_change: Literal["new", "replace", "ignore", "fail"] = Field(
        default="new",
        description="The same path with other content: read it as a new file, replace "
        "its rows, ignore it, or quarantine it.",
    )
    storage: Storage = Field(
        default_factory=dict,
        description="Handed to fsspec; secrets come from the environment.",
    )


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
        description="The columns to keep.",
        examples=[["ts", "device", "temp"]],
    )
    where: Text | None = Field(
        default=None,
        description="The rows to keep.",
        examples=["temp > -50"],
    )
    derive: dict[str, Text] | None = Field(
        default=None,
        description="New columns.",
        examples=[{"hour": "date_trunc('hour', ts)"}],
    )
    python: Text | None = Field(
        default=None,
        description="A function of your own.",
        examples=["package.module:function"],
    )


class Sink(Section):
    """
    The folder of the Parquet files.
    """

    url: Location = Field(
        default="data/outbox",
        description="A folder, or s3://, gs://, az://, sftp://.",
    )
    partition_by: Names = Field(
        default=(),
        description="Columns that become folders key=value.",
    )
    compression: Compression = Field(
        default="zstd",
        description="zstd | snappy | lz4 | gzip | brotli | uncompressed.",
    )
    max_part_bytes: Size = Field(
        default=512 * MIB,
        description="What a Parquet file should not exceed.",
    )
    lineage_columns: bool = Field(
        default=False,
        description="true, row mode: add _file, _record (1 is the first after the "
        "header) and _batch.",
    )
    staging_url: Location = Field(
        default_factory=lambda data: f"{data.get('url', 'sink')}.ingestd",
        description="Where parts are written first, on the same file system as the "
        "sink; unset: <url>.ingestd.",
        examples=["data/outbox.ingestd"],
    )
    storage: Storage = Field(
        default_factory=dict,
        description="Handed to fsspec; secrets come from the environment.",
    )


class Rejects(Section):
    """
    The folder of rows that were set aside.
    """

    url: Location = Field(
        default="var/rejects",
        description="unset: <state_dir>/rejects/<pipeline>.",
        examples=["var/rejects/sensors"],
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
        description="auto: what the cluster has.",
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
        description="unset: rows are written as they are.",
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

    @model_validator(mode="before")
    @classmethod
    def _spell_out(cls, data: object) -> object:
        # A section that is made by its default factory would resolve its paths against
        # the current folder; an empty table resolves them against the file's.
        if isinstance(data, dict):
            return {"source": {}, "sink": {}} | data
        return data
