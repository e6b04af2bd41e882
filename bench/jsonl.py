"""
What JSON lines cost: ways to read them, the engine, and the same rows as CSV.

``python -m bench.jsonl [MEBIBYTES]`` prints megabytes of input each second, the best of
three, for lines that are all alike, lines of many kinds, and bad ones among them.
"""

from __future__ import annotations

import io
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import polars as pl
import pyarrow.json

from ingestd.config import Pipeline
from ingestd.model import FileRef, Fingerprint, Member, Schema, Unit
from ingestd.run.engine import Plan, load

_ROUNDS = 3
_COLUMNS = {
    "ts": "timestamp(tz)",
    "level": "string",
    "host": "string",
    "status": "int32",
    "seconds": "float64",
    "path": "string",
    "size": "int64",
}


def _records(size: int, kind: str) -> list[dict[str, object]]:
    choice = random.Random(7)
    records: list[dict[str, object]] = []
    for number in range(size // 150):
        record: dict[str, object] = {
            "ts": f"2026-03-01T12:{number // 60 % 60:02}:{number % 60:02}.125Z",
            "level": choice.choice(["info", "debug", "error"]),
            "host": f"web-{choice.randrange(40)}",
            "status": choice.choice([200, 204, 404, 500]),
            "seconds": round(choice.expovariate(5), 6),
            "path": f"/api/v1/things/{choice.randrange(10**6)}",
            "size": choice.randrange(10**7),
        }
        if kind != "alike" and choice.random() < 1 / 2:
            record["path"] = f'/find?q="{number}"'
            record["user"] = {"id": number, "roles": ["a", "b"]}
            del record["size"]
        if kind == "bad" and number % 500 == 0:
            record["status"] = "?"
        records.append(record)
    return records


def _best(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def _others(text: bytes) -> dict[str, Callable[[], object]]:
    """
    Return other readers; what each of them loses is in ARCHITECTURE.md.
    """
    lines = text.splitlines()
    raw = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    return {
        "json.loads": lambda: [json.loads(line) for line in lines],
        "msgspec, raw values": lambda: [raw(line) for line in lines],
        "polars.read_ndjson": lambda: pl.read_ndjson(text, infer_schema_length=None),
        "pyarrow.json": lambda: pyarrow.json.read_json(io.BytesIO(text)),
    }


def _engine(folder: Path, text: bytes, name: str, file_format: str) -> float:
    path = folder / name
    path.write_bytes(text)
    status = path.stat()
    file = FileRef(1, "p", name.encode(), Fingerprint.of(status))
    unit = Unit(0, (Member(file, 0, status.st_size),))
    sink = {"url": str(folder / "out")}
    pipeline = Pipeline.model_validate(
        {"name": "p", "source": {"format": file_format}, "sink": sink}
    )
    (folder / "staging").mkdir(exist_ok=True)
    schema = Schema(tuple(_COLUMNS.items()), 1)
    plan = Plan("b", pipeline, schema, str(folder), str(folder / "staging"), {})
    engine = load("polars")
    (member,) = engine.read_and_aggregate(plan, unit).members
    if member.reason:
        raise SystemExit(f"{name}: {member.reason}: {member.detail}")
    return _best(lambda: engine.read_and_aggregate(plan, unit))


def main() -> None:
    """
    Measure, and print a line for each.
    """
    size = int(sys.argv[1] if len(sys.argv) > 1 else 32) << 20
    for kind in ("alike", "mixed", "bad"):
        records = _records(size, kind)
        text = "".join(f"{json.dumps(r)}\n" for r in records).encode()
        print(f"{kind}: {len(records)} lines, {len(text) / 1e6:.0f} MB")
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            taken = {
                "ingestd, jsonl": _engine(folder, text, "f.jsonl", "jsonl"),
                "ingestd, the same rows as csv": _engine(
                    folder, _as_csv(records), "f.csv", "csv"
                ),
            }
        if kind == "alike":
            taken |= {name: _best(work) for name, work in _others(text).items()}
        for name, seconds in taken.items():
            print(f"  {name:32} {len(text) / seconds / 1e6:8.0f} MB/s", flush=True)


def _as_csv(records: list[dict[str, object]]) -> bytes:
    rows = [{name: record.get(name) for name in _COLUMNS} for record in records]
    texts = [{k: None if v is None else str(v) for k, v in r.items()} for r in rows]
    schema = dict.fromkeys(_COLUMNS, pl.String())
    return pl.DataFrame(texts, schema=schema).write_csv().encode()


if __name__ == "__main__":
    main()
