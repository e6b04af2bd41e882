"""
``ingestd verify``: recount every committed batch against its Parquet files.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from ingestd.cli.configured import load
from ingestd.cli.output import write
from ingestd.commit.finding import Finding
from ingestd.commit.verify import Recount
from ingestd.config import Config
from ingestd.ledger.memory import MemoryLedger
from ingestd.ledger.reader import Reader
from ingestd.ledger.sqlite import SqliteReader
from ingestd.observe.escape import escape
from ingestd.observe.units import counted

EXIT_DIFFERENCE = 4


def execute(arguments: Namespace) -> int:
    """
    Report each difference on a line as it is found, then a summary.
    """
    config, _ = load(arguments)
    reader, close = _reader(config)
    try:
        recount = Recount(reader, config.pipelines, deep=arguments.deep)
        if arguments.json:
            _json(recount)
        else:
            _lines(recount)
    finally:
        close()
    return EXIT_DIFFERENCE if recount.differences else 0


def _reader(config: Config) -> tuple[Reader, Any]:
    state_dir = Path(config.state_dir)
    if (state_dir / "ledger.sqlite").exists():
        reader = SqliteReader.open(state_dir)
        return reader, reader.close
    # A ledger that was lost is the very thing to notice: every file is an orphan then.
    sys.stderr.write(f"note: there is no ledger in {escape(str(state_dir))}\n")
    empty = MemoryLedger()
    return empty, empty.close


def _lines(recount: Recount) -> None:
    for finding in recount.findings():
        mark = "note" if finding.is_note else "DIFFERENCE"
        where = f"{finding.pipeline}: {finding.where}"
        text = escape(f"{where}: {finding.what}; {finding.do}")
        write(f"{mark} {finding.kind.value}: {text}")
    rows = f"{recount.rows_in:,} rows in = {recount.rows_out:,} out"
    rows += f" + {recount.rows_rejected:,} rejected"
    if recount.rows_filtered:
        rows += f" + {recount.rows_filtered:,} filtered"
    files = counted(recount.parts, "Parquet file")
    batches = "1 committed batch"
    if recount.batches != 1:
        batches = f"{recount.batches:,} committed batches"
    found = counted(recount.differences, "difference")
    write(f"{batches}, {files}, {rows}: {found}")


def _json(recount: Recount) -> None:
    notes: list[dict[str, str]] = []
    sys.stdout.write('{"differences": [')
    separator = "\n"
    for finding in recount.findings():
        if finding.is_note:
            notes.append(_item(finding))
        else:
            sys.stdout.write(f"{separator}{json.dumps(_item(finding))}")
            separator = ",\n"
    summary = {
        "notes": notes,
        "ok": not recount.differences,
        "batches": recount.batches,
        "parts": recount.parts,
        "rows_in": recount.rows_in,
        "rows_out": recount.rows_out,
        "rows_rejected": recount.rows_rejected,
        "rows_filtered": recount.rows_filtered,
    }
    write(f"\n], {json.dumps(summary)[1:]}")


def _item(finding: Finding) -> dict[str, str]:
    return {
        "kind": finding.kind.value,
        "pipeline": finding.pipeline,
        "batch": finding.batch,
        "where": escape(finding.where),
        "what": escape(finding.what),
        "do": finding.do,
    }
