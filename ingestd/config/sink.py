"""
Where Parquet goes, and the rows that are set aside.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ingestd.config.section import Section
from ingestd.config.values import MIB, LocalPath, Location, Names, Size, Storage

Compression = Literal["zstd", "snappy", "lz4", "gzip", "brotli", "uncompressed"]


class Sink(Section):
    """
    The folder of the Parquet files.
    """

    url: Location = Field(
        default="data/outbox",
        description="A folder, or a URL: file, s3, gs, az, sftp.",
    )
    partition_by: Names = Field(
        default=(),
        description="Columns that become folders key=value.",
    )
    compression: Compression = Field(
        default="zstd",
        description="how Parquet is compressed.",
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
    scratch_dir: LocalPath = Field(
        default="var/scratch",
        description="Where parts are on their way into a store, by all workers; unset: "
        "<rejects.url>.ingestd/scratch, or where rejects are in a store too "
        "<state_dir>/scratch/<pipeline>.",
        examples=["var/scratch/sensors"],
    )
    storage: Storage = Field(
        default_factory=dict,
        description="Handed to fsspec; secrets come from the environment.",
    )


class Rejects(Section):
    """
    The place of rows that were set aside.
    """

    url: Location = Field(
        default="var/rejects",
        description="A folder or a URL, its staging beside it (<url>.ingestd); unset: "
        "<state_dir>/rejects/<pipeline>.",
        examples=["var/rejects/sensors"],
    )
    storage: Storage = Field(
        default_factory=dict,
        description="Handed to fsspec for rejects in a store; unset: the sink's table, "
        "where both are in stores of one kind.",
    )

    @property
    def staging_url(self) -> str:
        """
        Where rejects are written first, on the same file system.
        """
        return f"{self.url}.ingestd"
