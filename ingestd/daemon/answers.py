"""
What the running daemon answers on its control socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ingestd.clock import Clock
from ingestd.daemon.parts import Parts


@dataclass(slots=True)
class Answers:
    """
    Called by the loop with a request; returns the reply.
    """

    parts: Parts
    clock: Clock

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        """
        Answer ``retry`` (files, by pipeline and path in hex), ``why`` (one path), and
        ``status`` (what is away, and what goes on without).
        """
        if request["command"] == "status":
            away = self.parts.away(self.clock.monotonic())
            return {"away": away, "notes": self.parts.notes()}
        if request["command"] == "retry":
            return self._retry(request["files"])
        if request["command"] == "why":
            return self._why(request["pipeline"], bytes.fromhex(request["path"]))
        raise ValueError(request["command"])

    def _retry(self, files: list[dict[str, str]]) -> dict[str, Any]:
        now, wall = self.clock.monotonic(), self.clock.wall()
        retried = []
        for file in files:
            pipeline = self.parts.pipelines[file["pipeline"]]
            path = bytes.fromhex(file["path"])
            ledger = pipeline.dispatch.ledger
            retried.append(ledger.retry(pipeline.name, path, wall))
        for pipeline in self.parts.pipelines.values():
            pipeline.dispatch.refresh(now)
        return {"retried": retried}

    def _why(self, name: str, path: bytes) -> dict[str, Any]:
        pipeline = self.parts.pipelines[name]
        now = self.clock.monotonic()
        return {
            "holding": pipeline.source.why(path, now),
            "away": self.parts.away(now),
        }
