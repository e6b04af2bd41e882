"""
The Polars engine: streaming, all cores, read and aggregate in one pass.
"""

from ingestd.run.engines.polars.engine import PolarsEngine

__all__ = ["PolarsEngine"]
