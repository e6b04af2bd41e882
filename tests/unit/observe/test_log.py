"""
The log: one line an event, whatever is in it, and never an exception.
"""

import io
import json
import re
from datetime import UTC, datetime

import pytest

from ingestd.errors import ConfigError
from ingestd.observe.events import (
    KNOWN,
    BatchCommitted,
    ChildWrote,
    ComponentLost,
    DaemonReady,
    FaultCaught,
    FileQuarantined,
    FilesAdmitted,
    IntakePaused,
    WatchOverflowed,
    dropped,
    emit,
)

COMMITTED = BatchCommitted(
    "sensors", "20261123T231501Z-1a2b3c4d5e6f", "partial", files=64, bytes=900 * 2**20,
    rows_in=16_000_000, rows_out=15_999_988, rows_rejected=12, rows_filtered=0,
    quarantined=1, parts=4,
    attempt=2, bypassed=True, schema_version=1,
    seconds={"plan": 0.003, "read": 0.9, "total": 1.33},
)  # fmt: skip


@pytest.mark.parametrize("kind", KNOWN.values(), ids=KNOWN)
def test_every_event_is_one_json_object(kind, configured, specimen):
    """
    Whatever the event, JSON is one line: ts, level, event, then its fields in order.
    """
    stream = io.StringIO()
    configured(stream, level="debug")
    event = specimen(kind)
    before = dropped()
    emit(event)
    assert before == dropped()
    assert stream.getvalue().endswith("\n")
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    names = [name for name, _ in event.items()]
    assert ["ts", "level", "event", *names] == list(entry)
    assert (event.volume(), kind.name) == (entry["level"], entry["event"])


@pytest.mark.parametrize("kind", KNOWN.values(), ids=KNOWN)
def test_every_event_is_one_console_line(kind, configured, specimen, terminal):
    """
    On a terminal an event is one line, in the same columns, without a stray control.
    """
    configured(terminal, format="console", level="debug")
    before = dropped()
    emit(specimen(kind))
    assert before == dropped()
    bare = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    lines = bare.splitlines()
    assert re.match(rf"\d\d:\d\d:\d\d [a-z]+ +{kind.name}( |$)", lines[0])
    assert "\x1b" not in bare
    assert all(row.startswith("    ") for row in lines[1:])


def test_time_is_utc_in_milliseconds(configured):
    """
    The stamp is ISO 8601, UTC, and now.
    """
    stream = io.StringIO()
    configured(stream)
    before = datetime.now(UTC)
    emit(WatchOverflowed("p"))
    stamp = json.loads(stream.getvalue())["ts"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stamp)
    assert abs((datetime.fromisoformat(stamp) - before).total_seconds()) < 60


def test_values_in_json(configured):
    """
    Numbers stay numbers, stages an object, bytes text, a traceback a list of lines.
    """
    stream = io.StringIO()
    configured(stream)
    emit(COMMITTED)
    emit(FileQuarantined("p", b"\xff\x1b[2J\n.csv", "b", "bad_value", "x\u2028y"))
    emit(FaultCaught("tick", "E('\n')", "Traceback:\n  a\x1b\nE: x"))
    emit(ComponentLost("sink", "at https://u:pa55@h", float("nan")))
    batch, file, fault, lost = map(json.loads, stream.getvalue().splitlines())
    assert {"plan": 0.003, "read": 0.9, "total": 1.33} == batch["seconds"]
    assert (943718400, False) == (batch["bytes"], batch["bypassed"] is not True)
    assert "\\xff\\x1b[2J\\n.csv" == file["path"]
    assert "x\\u2028y" == file["detail"]
    assert ["Traceback:", "  a\\x1b", "E: x"] == fault["traceback"]
    assert ("at https://u:***@h", "nan") == (lost["error"], lost["retry_in"])


def test_the_canonical_line_reads_well(configured, terminal):
    """
    A person sees what went in, what came out, what went wrong, and where time went.
    """
    configured(terminal, format="console")
    emit(COMMITTED)
    assert (
        "sensors: 64 files, 900MiB -> 15,999,988 of 16,000,000 rows in 4 parts, "
        "12 rejected, 1 file quarantined, attempt 2, without Prefect, 1.33s "
        "(plan 3ms read 900ms) 20261123T231501Z-1a2b3c4d5e6f\n"
    ) == terminal.getvalue().split("m ")[-1]


@pytest.mark.parametrize(
    ("event", "story"),
    [
        (DaemonReady(("in",), ("out",), 1.2),
         "in 1.2s: drop files into in, find Parquet in out"),
        (FilesAdmitted("p", 1, 2048), "p: 1 file, 2KiB"),
        (IntakePaused("disk", 0, 2**30), "reason=disk free_bytes=0B needed_bytes=1GiB"),
        (ComponentLost("sink", 'a "b"', 2.0, "wait"),
         'component=sink error="a \\"b\\"" retry_in=2s (wait)'),
    ],
)  # fmt: skip
def test_console_stories(event, story, configured):
    """
    Units are human, empty fields are left out, no value can forge a field.
    """
    stream = io.StringIO()
    configured(stream, format="console")
    emit(event)
    assert story == stream.getvalue().rstrip("\n")[40:]


def test_auto_chooses_by_the_terminal(configured, terminal):
    """
    Console where a person looks, JSON elsewhere.
    """
    pipe = io.StringIO()
    configured(terminal, format="auto")
    configured(pipe, format="auto")
    emit(WatchOverflowed("p"))
    assert "\x1b[33mwarning" in terminal.getvalue()
    assert "watch_overflowed" == json.loads(pipe.getvalue())["event"]


def test_colours_only_where_wanted(configured, terminal, monkeypatch):
    """
    NO_COLOR is respected.
    """
    monkeypatch.setenv("NO_COLOR", "1")
    configured(terminal)
    emit(WatchOverflowed("p"))
    assert "\x1b" not in terminal.getvalue()


def test_level_hides_what_is_below(configured):
    """
    A level shows itself and what is louder.
    """
    stream = io.StringIO()
    configured(stream, level="warning")
    emit(ChildWrote("s", "quiet"))
    emit(FilesAdmitted("p", 1, 1))
    emit(WatchOverflowed("p"))
    assert ["watch_overflowed"] == [
        json.loads(line)["event"] for line in stream.getvalue().splitlines()
    ]


def test_the_file_gets_json_beside_the_console(configured, terminal, tmp_path):
    """
    log.file holds JSON whatever the terminal shows.
    """
    path = tmp_path / "ingestd.log"
    configured(terminal, file=path)
    emit(WatchOverflowed("p"))
    assert "watch_overflowed" == json.loads(path.read_text())["event"]
    assert "watch_overflowed" in terminal.getvalue()


def test_the_file_is_rotated(configured, tmp_path, monkeypatch):
    """
    The log cannot fill the disk: old files make room, and no line is torn.
    """
    monkeypatch.setattr("ingestd.observe.log._FILE_BYTES", 1000)
    path = tmp_path / "ingestd.log"
    configured(io.StringIO(), file=path)
    for _ in range(100):
        emit(WatchOverflowed("p"))
    files = sorted(tmp_path.iterdir())
    assert [f"ingestd.log{end}" for end in ("", ".1", ".2", ".3", ".4", ".5")] == [
        f.name for f in files
    ]
    for file in files:
        assert file.stat().st_size <= 1000
        assert {"p"} == {
            json.loads(x)["pipeline"] for x in file.read_text().splitlines()
        }


def test_a_file_that_cannot_be_opened_is_a_config_error(configured, tmp_path):
    """
    The operator is told at start, with the key.
    """
    with pytest.raises(ConfigError, match=r"log\.file"):
        configured(io.StringIO(), file=tmp_path / "missing" / "x.log")


class Full(io.StringIO):
    def write(self, text):
        raise OSError(28, "No space left on device")


def test_a_full_disk_drops_and_counts(configured, tmp_path):
    """
    A line that cannot be written is counted; the other output and the daemon go on.
    """
    path = tmp_path / "ingestd.log"
    configured(Full(), file=path)
    before = dropped()
    emit(WatchOverflowed("p"))
    assert before + 1 == dropped()
    assert "watch_overflowed" == json.loads(path.read_text())["event"]


def test_a_full_disk_under_the_file(configured):
    """
    /dev/full takes nothing: counted, and standard output still gets the line.
    """
    stream = io.StringIO()
    log = configured(stream, file="/dev/full")
    before = dropped()
    emit(WatchOverflowed("p"))
    assert before + 1 == dropped()
    assert "watch_overflowed" in stream.getvalue()
    log.close()
    assert before + 2 == dropped()


def test_an_ascii_stream_loses_no_line(configured):
    """
    Under LANG=C a name costs an escape, not the line.
    """
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    configured(stream)
    emit(WatchOverflowed("é"))
    assert b'"pipeline": "\\xe9"' in raw.getvalue()


def test_nothing_after_close(configured):
    """
    A closed log listens no more, and closing twice is harmless.
    """
    stream = io.StringIO()
    log = configured(stream)
    log.close()
    log.close()
    emit(WatchOverflowed("p"))
    assert "" == stream.getvalue()
