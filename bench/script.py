"""
The limit: what one Polars script needs for the same files, without daemon or ledger.

    python -m bench.script OUT.parquet FILE...
"""

from __future__ import annotations

import sys

import polars as pl

TYPES = {
    "ts": pl.Datetime("us"),
    "device": pl.Int64,
    "region": pl.String,
    "temp": pl.Float64,
    "hum": pl.Float64,
    "volt": pl.Float64,
    "seq": pl.Int64,
}


def main() -> None:
    """
    Group the files and write the result.
    """
    out, *files = sys.argv[1:]
    (
        pl.scan_csv(files, schema=TYPES)
        .group_by("device", "region")
        .agg(
            pl.len().alias("n"),
            pl.col("temp").mean().alias("temp_mean"),
            pl.col("hum").max().alias("hum_max"),
        )
        .sort("device", "region")
        .collect(engine="streaming")
        .write_parquet(out)
    )


if __name__ == "__main__":
    main()
