"""
The metrics say what the events said.
"""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ingestd.observe.events import (
    KNOWN,
    BatchAbandoned,
    BatchBypassed,
    BatchCommitted,
    BatchFailed,
    BatchGivenBack,
    ComponentBack,
    ComponentLost,
    CountMismatched,
    FaultCaught,
    FileDisposed,
    FileQuarantined,
    FilesAdmitted,
    FilesHandedOver,
    FileVanished,
    PortBusy,
    PortOpened,
    RecoveryFinished,
    RowsRejected,
    ScanFinished,
    ServiceDied,
    ServiceRestarted,
    TailGivenUp,
    UnitHalved,
    UnitLeftToCpu,
    WatchLost,
    capture,
    drop,
    dropped,
)
from ingestd.observe.metrics import Metrics, PipelineGauges, Snapshot


def _in_order(labels):
    return [labels[name] for name in sorted(labels, key=lambda n: (n != "pipeline", n))]


def read(metrics):
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (sample.name.removeprefix("ingestd_"), *_in_order(sample.labels)): sample.value
        for family in families
        for sample in family.samples
        if family.name.startswith("ingestd_")
    }


def after(*events, **arguments):
    metrics = Metrics("0.1", pipelines=["p"], **arguments)
    for event in events:
        metrics(event)
    return read(metrics)


def changed(*events, **arguments):
    before = after(**arguments)
    now = after(*events, **arguments)
    skip = ("_bucket", "_created")
    return {
        key: value
        for key, value in now.items()
        if before.get(key) != value and not key[0].endswith(skip)
    }


COMMITTED = BatchCommitted(
    "p", "b", "partial", files=5, bytes=100, rows_in=10, rows_out=9, rows_rejected=1,
    rows_filtered=3, quarantined=1, parts=2, attempt=1, bypassed=False,
    schema_version=1, seconds={"read": 0.5}, skipped=1,
)  # fmt: skip


@pytest.mark.parametrize("kind", KNOWN.values(), ids=KNOWN)
def test_every_event_can_be_counted(kind, specimen):
    """
    No event breaks the metrics, and no path, batch or message becomes a label.
    """
    metrics = Metrics("0.1")
    metrics(specimen(kind))
    assert ".csv" not in metrics.exposition().decode()
    labels = {"version", "pipeline", "state", "reason", "outcome", "counted", "stage"}
    labels |= {"component", "service", "where", "how", "le"}
    families = text_string_to_metric_families(metrics.exposition().decode())
    assert (
        set()
        == {
            name
            for family in families
            if family.name.startswith("ingestd_")
            for sample in family.samples
            for name in sample.labels
        }
        - labels
    )


def test_commit():
    """
    The canonical line moves rows, bytes, files, parts, outcome, time, last commit.
    """
    assert {
        ("batches_total", "p", "partial"): 1,
        ("files_total", "p", "committed"): 3,
        ("committed_bytes_total", "p"): 100,
        ("rows_in_total", "p"): 10,
        ("rows_out_total", "p"): 9,
        ("rows_rejected_total", "p"): 1,
        ("rows_filtered_total", "p"): 3,
        ("parts_total", "p"): 2,
        ("stage_seconds_count", "p", "read"): 1,
        ("stage_seconds_sum", "p", "read"): 0.5,
        ("last_commit_timestamp_seconds", "p"): 1e9,
    } == changed(COMMITTED, wall=lambda: 1e9)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([FilesAdmitted("p", 2, 30)],
         {("files_total", "p", "admitted"): 2, ("admitted_bytes_total", "p"): 30}),
        ([FileQuarantined("p", b"x", "b", "bad_value", "d")],
         {("files_total", "p", "quarantined"): 1,
          ("quarantined_files_total", "p", "bad_value"): 1}),
        ([RowsRejected("p", b"x", "b", 3, {"bad_value": 2, "too_few_fields": 1}, "d")],
         {("rejected_rows_total", "p", "bad_value"): 2,
          ("rejected_rows_total", "p", "too_few_fields"): 1}),
        ([CountMismatched("p", "b", "d"), CountMismatched("p", "b", "d", b"x")],
         {("count_mismatches_total", "p"): 2}),
        ([FileVanished("p", b"x")], {("files_total", "p", "vanished"): 1}),
        ([TailGivenUp("p", b"x", 7, "r"), TailGivenUp("p", b"y", 5, "r")],
         {("given_up_bytes_total", "p"): 12}),
        ([FileDisposed("p", b"x", "moved")], {("files_total", "p", "moved"): 1}),
        ([BatchFailed("p", "b", 1, "e", 1.0, counted=False)],
         {("failed_attempts_total", "p", "no"): 1}),
        ([BatchAbandoned("p", "b", 1, 3, "e")],
         {("batches_total", "p", "abandoned"): 1}),
        ([BatchGivenBack("p", "b")], {("batches_total", "p", "given_back"): 1}),
        ([BatchBypassed("p", "b", "r")], {("bypassed_batches_total", "p"): 1}),
        (
            [
                FilesHandedOver("p", "b", "value", 2),
                FilesHandedOver("p", "c", "text", 1),
            ],
            {
                ("handed_over_files_total", "p", "value"): 2,
                ("handed_over_files_total", "p", "text"): 1,
            },
        ),
        (
            [UnitHalved("p", "b", 0, 2), UnitHalved("p", "b", 1, 1)],
            {("gpu_halvings_total", "p"): 3},
        ),
        ([UnitLeftToCpu("p", "b", 0, 9, "e")], {("gpu_failed_units_total", "p"): 1}),
        ([ScanFinished("p", 9, 3, 2, 1, 0.5)],
         {("scan_files", "p"): 9, ("scan_only_files_total", "p"): 2,
          ("scan_irregular", "p"): 1, ("scan_seconds_count", "p"): 1,
          ("scan_seconds_sum", "p"): 0.5}),
        ([WatchLost("p", "e")], {("watch_up", "p"): 0}),
        ([ComponentLost("disk", "e", 1.0)],
         {("component_up", "disk"): 0, ("component_losses_total", "disk"): 1}),
        ([ComponentLost("disk", "e", 1.0), ComponentBack("disk", 2.0)],
         {("component_losses_total", "disk"): 1}),
        ([ServiceDied("w", "e")], {("service_up", "w"): 0}),
        ([ServiceDied("w", "e"), ServiceRestarted("w")],
         {("service_up", "w"): 1, ("service_restarts_total", "w"): 1}),
        ([PortBusy("l", "e", 1.0)], {("http_port_busy",): 1}),
        ([PortBusy("l", "e", 1.0), PortOpened("l")], {}),
        ([FaultCaught("tick", "e")], {("faults_total", "tick"): 1}),
        ([RecoveryFinished(1, 2, 3, 0.1)],
         {("recovered_batches_total", "republished"): 1,
          ("recovered_batches_total", "discarded"): 2,
          ("recovered_batches_total", "given_back"): 3}),
    ],
)  # fmt: skip
def test_what_an_event_moves(events, expected):
    """
    Each event moves its own series, and no other.
    """
    assert expected == changed(*events)


def test_series_exist_before_anything_happens():
    """
    A counter that appears as 1 shows no increase, so pipelines begin at 0.
    """
    start = after()
    assert 0 == start["batches_total", "p", "abandoned"]
    assert 0 == start["bypassed_batches_total", "p"]
    assert 0 == start["count_mismatches_total", "p"]
    assert 1 == start["build_info", "0.1"]


def test_lost_lines_are_a_metric():
    """
    Lines that could not be written show at the next scrape.
    """
    drop()
    assert dropped() == after()["log_dropped_lines",]


def test_gauges_are_asked_at_each_scrape():
    """
    Backlog, flight and the loop's age are those of the moment of the scrape.
    """
    gauges = PipelineGauges("p", 1, 2, 3.0, 4, 5, 6, 7)
    shots = iter([Snapshot(0.5), Snapshot(7.0, (gauges,))])
    metrics = Metrics("0.1", snapshot=lambda: next(shots))
    assert 0.5 == read(metrics)["loop_age_seconds",]
    now = read(metrics)
    assert [7.0, 1, 2, 3.0, 4, 5, 6, 7] == [
        now["loop_age_seconds",], now["backlog_files", "p"], now["backlog_bytes", "p"],
        now["oldest_waiting_seconds", "p"], now["settling_files", "p"],
        now["behind_bytes", "p"],
        now["in_flight_batches", "p"], now["in_flight_bytes", "p"],
    ]  # fmt: skip


def test_a_daemon_that_cannot_tell_does_not_hide_the_counters():
    """
    When the snapshot fails, the scrape shows the rest, and the fault is an event.
    """

    def fail():
        raise RuntimeError("locked")

    with capture() as seen:
        now = after(FilesAdmitted("p", 2, 30), snapshot=fail)
    assert 2 == now["files_total", "p", "admitted"]
    assert ("loop_age_seconds",) not in now
    assert [("metrics", "RuntimeError('locked')")] == [(e.where, e.error) for e in seen]
