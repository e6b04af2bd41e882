"""
What the daemon answers when a scrape asks how things stand.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PipelineGauges:
    """
    What one pipeline holds now; *oldest_waiting_seconds* is 0 without a backlog.
    *behind_bytes* of growing files were seen and not taken yet.
    """

    pipeline: str
    backlog_files: int = 0
    backlog_bytes: int = 0
    oldest_waiting_seconds: float = 0.0
    settling_files: int = 0
    behind_bytes: int = 0
    in_flight_batches: int = 0
    in_flight_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    The daemon's state at a scrape; *loop_age_seconds* since the loop last moved on.
    """

    loop_age_seconds: float
    pipelines: tuple[PipelineGauges, ...] = ()
