"""
The spine: the order in which the stages hand a file on. Only this knows it.
"""

from ingestd.pipeline.spine import Pipeline

__all__ = ["Pipeline"]
