"""
Where a pipeline's files come from.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from ingestd.config.section import Section
from ingestd.config.values import Location, Names, Seconds, SecondsOrZero, Storage, Text

_QUEUE = re.compile(r"sqs://[A-Za-z0-9_-]{1,80}(\.fifo)?|https?://[^/@\s]+(/[^/\s]+)+")
_SUFFIX = r"^[^/\x00]+$"
_JSON_LINES: Final = ("*.jsonl", "*.jsonl.gz", "*.ndjson", "*.ndjson.gz")


def _named_groups(text: str) -> str:
    try:
        found = re.compile(text)
    except re.error as error:
        raise ValueError(f"expected a regular expression: {error}") from error
    if not found.groupindex:
        raise ValueError("expected a group with a name, as in (?P<site>[^/]+)")
    return text


def _notices(text: str) -> str:
    if text == "webhook" or _QUEUE.fullmatch(text):
        return text
    raise ValueError('expected sqs://name, the URL of a queue, or "webhook"')


class Source(Section):
    """
    The folder that is watched.
    """

    url: Location = Field(
        default="data/inbox",
        description="A folder, or a URL: file, s3, gs, az, sftp.",
    )
    include: Annotated[Names, Field(min_length=1)] = Field(
        default=("*.csv", "*.csv.gz"),
        description="Globs of file names that are taken; of jsonl the default is "
        "*.jsonl and *.ndjson, and the same with .gz. A packed file is told by its "
        "content, not by its name.",
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
        description="whole files, or files that grow.",
    )
    format: Literal["csv", "jsonl"] = Field(
        default="csv",
        description="the files' format: CSV, or one JSON object on each line "
        "(docs/jsonl.md).",
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
    gather_seconds: SecondsOrZero = Field(
        default=1,
        description="How long writes to growing files are gathered: the longer, the "
        "fewer Parquet files.",
    )
    path_columns: Annotated[Text, AfterValidator(_named_groups)] | None = Field(
        default=None,
        description="A regular expression that the path below the folder matches as a "
        "whole; its named groups become columns.",
        examples=[r"(?P<site>[^/]+)/(?P<day>\d{8})_.*\.csv"],
    )
    hive_columns: Names = Field(
        default=(),
        description="Columns whose values stand in the names of folders, key=value.",
        examples=[["site"]],
    )
    full_sweep_seconds: Seconds | None = Field(
        default=None,
        description="How often a bucket is listed from its start, beside start_after; "
        "unset: every hour.",
        examples=[3600],
    )
    start_after: Text | None = Field(
        default=None,
        description="List a bucket in order, from where the last listing ended; the "
        "first listing begins after this key below url. What sorts earlier is found by "
        "the full sweeps, one of them at each start. s3 only.",
        examples=["2026/"],
    )
    notices: Annotated[Text, AfterValidator(_notices)] | None = Field(
        default=None,
        description="Where a bucket's notices come from: an SQS queue by name or by "
        'its URL, or "webhook" for POSTs to /notices/<pipeline>, with the token of '
        "http.token_file.",
        examples=["sqs://queue"],
    )
    after_commit: Literal["keep", "move", "delete"] = Field(
        default="keep",
        description="what happens to a file once its batch is committed.",
    )
    move_to: Location | None = Field(
        default=None,
        description='Where after_commit = "move" puts files: a folder; of objects also '
        "a prefix, in the same bucket or in another one that source.storage reaches.",
        examples=["data/archive"],
    )
    on_change: Literal["new", "replace", "ignore", "fail"] = Field(
        default="new",
        description="the same path with other content is read as a new file, replaces "
        "its rows, is ignored, or is quarantined.",
    )
    storage: Storage = Field(
        default_factory=dict,
        description="Handed to fsspec; secrets come from the environment.",
    )

    @model_validator(mode="before")
    @classmethod
    def _named_by_format(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("format") == "jsonl":
            return {"include": _JSON_LINES} | data
        return data

    @property
    def path_names(self) -> tuple[str, ...]:
        """
        The columns whose values come from a file's path.
        """
        groups = re.compile(self.path_columns or "").groupindex
        return (*groups, *self.hive_columns)
