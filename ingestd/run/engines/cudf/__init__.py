"""
The cuDF engine: one NVIDIA GPU. The only door to cuDF.
"""

from ingestd.run.engines.cudf.engine import CudfEngine

__all__ = ["CudfEngine"]
