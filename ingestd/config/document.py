"""
The whole configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from ingestd.config.pipeline import Pipeline
from ingestd.config.section import Section
from ingestd.config.sections import Cluster, Http, Limits, Log, Prefect
from ingestd.config.values import (
    LOCAL_SCHEME,
    LocalPath,
    SecondsOrZero,
    resolve,
    scheme_of,
)

DEFAULT_STATE_DIR = "var"


class Config(Section):
    """
    All that config.toml says, with defaults filled in and paths absolute.
    """

    state_dir: LocalPath = Field(
        default=DEFAULT_STATE_DIR,
        description="The folder of the ledger, the rejects, and the files of the "
        "embedded Prefect server and cluster.",
    )
    drain_seconds: SecondsOrZero = Field(
        default=30,
        description="How long batches in flight may take to commit at shutdown.",
    )
    limits: Limits = Field(
        default_factory=Limits, description="Limits over all pipelines."
    )
    cluster: Cluster = Field(
        default_factory=Cluster,
        description="The Dask cluster that reads and aggregates.",
    )
    prefect: Prefect = Field(
        default_factory=Prefect,
        description="The Prefect server that records the flow runs.",
    )
    http: Http = Field(default_factory=Http, description="The daemon's own HTTP port.")
    log: Log = Field(default_factory=Log, description="The log on standard output.")
    pipelines: Annotated[tuple[Pipeline, ...], Field(strict=False)] = Field(
        default=(),
        description="One table for each stream of files.",
    )

    @model_validator(mode="before")
    @classmethod
    def _place_rejects(cls, data: object) -> object:
        # A pipeline does not know the state folder, so its default is filled in here.
        if not isinstance(data, dict):
            return data
        pipelines = data.get("pipelines", ())
        state_dir = data.get("state_dir", DEFAULT_STATE_DIR)
        if not isinstance(pipelines, list | tuple) or not _is_folder(state_dir):
            return data
        return {**data, "pipelines": [_with_rejects(p, state_dir) for p in pipelines]}


def _is_folder(location: object) -> bool:
    try:
        is_path = isinstance(location, str) and bool(resolve(location, "/"))
        return is_path and scheme_of(str(location)) == LOCAL_SCHEME
    except ValueError:
        return False  # reported once, for the key itself


def _with_rejects(pipeline: object, state_dir: object) -> object:
    if isinstance(pipeline, Mapping) and isinstance(
        rejects := pipeline.get("rejects", {}), Mapping
    ):
        name = pipeline.get("name", "pipeline")
        placed = {"url": f"{state_dir}/rejects/{name}", **rejects}
        made = {**pipeline, "rejects": placed}
        if isinstance(sink := pipeline.get("sink", {}), Mapping):
            beside = f"{state_dir}/scratch/{name}"
            if _is_folder(url := placed["url"]):
                beside = f"{url}.ingestd/scratch"
            made["sink"] = {"scratch_dir": beside, **sink}
        return made
    return pipeline
