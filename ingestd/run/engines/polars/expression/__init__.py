"""
Checked expressions as Polars expressions that never raise.
"""

from ingestd.run.engines.polars.expression.compile import Outcome, Program

__all__ = ["Outcome", "Program"]
