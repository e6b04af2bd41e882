"""
What every sink must do; run on each implementation, with rows set aside and without.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingestd.commit import landing
from ingestd.commit import sink as sink_module
from ingestd.commit.manifest import document
from ingestd.commit.sink import LocalSink, Sink
from ingestd.config import Drift, Pipeline, Rejects
from ingestd.config import Sink as SinkConfig
from ingestd.errors import ComponentAway, IngestdError, Unreachable
from ingestd.model import (
    Batch,
    Committable,
    FileRef,
    Fingerprint,
    Function,
    Member,
    MemberResult,
    Outcome,
    Part,
    PartKind,
    Schema,
)

BATCH = "20261123T231501Z-1a2b3c4d5e6f"
SHARED_MEMORY = Path("/dev/shm")


def local(folder: Path, *, aside: bool, staging: Path | None = None) -> LocalSink:
    """A local sink in *folder*: out beside out.ingestd, and rejects."""
    sink = SinkConfig(
        url=str(folder / "out"), staging_url=str(staging or folder / "out.ingestd")
    )
    pipeline = Pipeline(
        name="rows",
        sink=sink,
        rejects=Rejects(url=str(folder / "rejects")),
        drift=Drift(bad_row="reject" if aside else "fail"),
    )
    return LocalSink.of(pipeline)


@pytest.fixture(params=[False, True], ids=["data", "rejects"])
def aside(request: pytest.FixtureRequest) -> bool:
    """Whether rows are set aside."""
    return bool(request.param)


@pytest.fixture
def sink(tmp_path: Path, aside: bool) -> Sink:
    """A local sink, prepared."""
    made = local(tmp_path, aside=aside)
    made.prepare()
    return made


def staged(sink: Sink, *names: str) -> Committable:
    """A committable whose parts, called *names*, are in staging; its rejects too."""
    staging = sink.stage(1, BATCH, 1)
    parts = [part(staging, n, name, PartKind.DATA) for n, name in enumerate(names)]
    if names and (rejects := sink.rejects_of(staging)):
        parts.append(part(rejects, 0, NAMES[0], PartKind.REJECTS))
    mark = Fingerprint(20, 5, 6, 7, head=b"h", tail=b"t")
    member = Member(FileRef(1, "rows", b"a\xff.csv", mark), 0, 20)
    batch = Batch(BATCH, 3, "rows", (member,), 1_800_000_000.0)
    result = MemberResult(1, Outcome.READ, 2, 2)
    schema = Schema((("n", "int64"),), 1)
    return Committable(batch, staging, tuple(parts), (result,), schema)


def part(staging: str, number: int, name: str, kind: PartKind) -> Part:
    """One part in *staging*, to be published as *name*."""
    data = b"parquet of " + name.encode()
    path = Path(staging, f"{number}.parquet")
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return Part(name, str(path), 2, 2, len(data), digest, kind)


def published(root: Path) -> dict[str, bytes]:
    """All files below *root*, with their content; none if there is no such folder."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def expected(*names: str) -> dict[str, bytes]:
    return {name: b"parquet of " + name.encode() for name in names}


NAMES = (f"{BATCH}-0.parquet", f"day=2026-11-23/site=a%2Fb/{BATCH}-1.parquet")


def expected_rejects(aside: bool) -> dict[str, bytes]:
    return expected(NAMES[0]) if aside else {}


def test_each_attempt_gets_a_folder_of_its_own(sink: Sink) -> None:
    """Also one with the same number: a worker given up may still write into the old."""
    folders = [
        sink.stage(1, BATCH, 1),
        sink.stage(1, BATCH, 1),
        sink.stage(2, BATCH, 1),
    ]
    assert len(set(folders)) == 3
    assert all(list(Path(folder).iterdir()) == [] for folder in folders)
    assert sorted(folders) == sorted(sink.leftovers())
    sink.discard(folders[0])
    sink.discard(folders[0])
    assert sorted(folders[1:]) == sorted(sink.leftovers())


def test_rejects_have_folders_of_their_own(tmp_path: Path) -> None:
    """Of each attempt, for as long as the attempt's own; both or none."""
    made = local(tmp_path, aside=True)
    made.prepare()
    attempts = [made.stage(1, BATCH, 1) for _ in range(2)]
    rejects = [made.rejects_of(folder) for folder in attempts]
    assert len({*attempts, *rejects}) == 4
    assert all(Path(folder).is_dir() for folder in rejects)
    made.discard(attempts[0])
    assert [False, True] == [Path(folder).is_dir() for folder in rejects]
    shutil.rmtree(tmp_path / "rejects.ingestd")
    with pytest.raises(ComponentAway, match=r"rejects\.ingestd") as caught:
        made.stage(1, BATCH, 2)
    assert caught.value.component == "sink"
    assert attempts[1:] == list(made.leftovers())


def test_half_of_an_attempt_is_left_over_as_well(tmp_path: Path) -> None:
    """A crash or a disk that was away may leave either folder alone."""
    made = local(tmp_path, aside=True)
    made.prepare()
    attempts = [made.stage(1, BATCH, number) for number in (1, 2)]
    Path(attempts[0]).rmdir()
    Path(made.rejects_of(attempts[1])).rmdir()
    assert attempts == list(made.leftovers())
    # Its name is not given again while any of it is there.
    assert made.stage(1, BATCH, 1) not in attempts
    for folder in list(made.leftovers()):
        made.discard(folder)
    assert [] == list(made.leftovers())


def test_no_folder_is_made_where_no_row_is_set_aside(tmp_path: Path) -> None:
    """Nor needed: a disk for rejects need not be there."""
    made = local(tmp_path, aside=False)
    made.prepare()
    assert "" == made.rejects_of(made.stage(1, BATCH, 1))
    assert {"out", "out.ingestd"} == {path.name for path in tmp_path.iterdir()}


def test_rejects_that_were_staged_before_are_published(tmp_path: Path) -> None:
    """Also when no row is set aside any more: the batch is older than that."""
    before = local(tmp_path, aside=True)
    before.prepare()
    done = staged(before, *NAMES)
    after = local(tmp_path, aside=False)
    after.prepare()
    after.publish(done, b"{}")
    assert expected(NAMES[0]) == published(tmp_path / "rejects")


@pytest.mark.parametrize("lost", ["rejects", "rejects.ingestd"])
def test_rejects_are_published_first(tmp_path: Path, lost: str) -> None:
    """While they cannot be, no reader sees a row of their batch."""
    made = local(tmp_path, aside=True)
    made.prepare()
    done = staged(made, *NAMES)
    (tmp_path / lost).rename(tmp_path / "away")
    with pytest.raises(ComponentAway, match=f"{lost}"):
        made.publish(done, b"{}")
    assert {} == published(tmp_path / "out")
    assert {} == published(tmp_path / "out.ingestd" / "manifest")
    (tmp_path / "away").rename(tmp_path / lost)
    made.publish(done, b"{}")
    assert expected(*NAMES) == published(tmp_path / "out")
    assert expected(NAMES[0]) == published(tmp_path / "rejects")


def test_preparing_twice_changes_nothing(sink: Sink, tmp_path: Path) -> None:
    """Every start prepares; what is there stays."""
    sink.publish(staged(sink, *NAMES), b"{}")
    sink.prepare()
    assert expected(*NAMES) == published(tmp_path / "out")


def test_publishing_twice_is_publishing_once(
    sink: Sink, aside: bool, tmp_path: Path
) -> None:
    """Whole parts under their final names, and one manifest; no trace in staging."""
    done = staged(sink, *NAMES)
    for _ in range(2):
        sink.publish(done, b"{}")
        assert expected(*NAMES) == published(tmp_path / "out")
        assert expected_rejects(aside) == published(tmp_path / "rejects")
        manifest = tmp_path / "out.ingestd" / "manifest"
        assert {f"{BATCH}.json": b"{}"} == published(manifest)
    assert list(Path(done.staging).iterdir()) == []


@pytest.mark.parametrize("moved", range(len(NAMES) + 2))
def test_publishing_goes_on_where_a_crash_stopped_it(
    sink: Sink, aside: bool, tmp_path: Path, moved: int
) -> None:
    """Whatever number of parts was renamed before, all are there afterwards."""
    done = staged(sink, *NAMES)
    folders = {PartKind.DATA: "out", PartKind.REJECTS: "rejects"}
    for one in done.parts[::-1][:moved]:
        final = tmp_path / folders[one.kind] / one.name
        final.parent.mkdir(parents=True, exist_ok=True)
        Path(one.staged).rename(final)
    sink.publish(done, b"{}")
    assert expected(*NAMES) == published(tmp_path / "out")
    assert expected_rejects(aside) == published(tmp_path / "rejects")


@pytest.mark.parametrize("wreck", ["nothing", "another size"])
def test_a_part_that_is_lost_is_an_error(
    sink: Sink, tmp_path: Path, wreck: str
) -> None:
    """Neither staged nor published whole: nothing is committed that is not there."""
    done = staged(sink, *NAMES)
    Path(done.parts[1].staged).unlink()
    if wreck == "another size":
        final = tmp_path / "out" / NAMES[1]
        final.parent.mkdir(parents=True)
        final.write_bytes(b"half")
    with pytest.raises(IngestdError, match=r"1\.parquet is gone") as caught:
        sink.publish(done, b"{}")
    assert caught.value.hint
    assert published(tmp_path / "out.ingestd" / "manifest") == {}


def test_a_batch_without_parts_has_a_manifest(sink: Sink, tmp_path: Path) -> None:
    """A batch whose files were all empty or set aside is told of as well."""
    sink.publish(staged(sink), b"{}")
    assert published(tmp_path / "out") == {}
    assert (tmp_path / "out.ingestd" / "manifest" / f"{BATCH}.json").exists()


def test_names_are_durable_before_the_manifest_is(
    sink: Sink, aside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each folder in which a part or a partition is named is synced, up to the root."""
    synced: list[Path] = []
    monkeypatch.setattr(landing, "sync_folder", synced.append)
    noted: list[list[Path]] = []
    real = sink_module.write_file

    def write_file(path: Path, data: bytes, scratch: Path) -> None:
        noted.append(list(synced))
        real(path, data, scratch)

    monkeypatch.setattr(sink_module, "write_file", write_file)
    sink.publish(staged(sink, *NAMES), b"{}")
    out = tmp_path / "out"
    (before,) = noted
    named = {out, out / "day=2026-11-23", (out / NAMES[1]).parent}
    assert named | ({tmp_path / "rejects"} if aside else set()) <= set(before)


def test_equal_committables_have_equal_manifests(sink: Sink) -> None:
    """Byte for byte, so that publishing again after a crash changes nothing."""
    done = staged(sink, *NAMES)
    first = document(done, 4)
    assert first == document(replace(done, seconds={"read": 9.0}), 4)
    assert first != document(done, 5)
    assert b'"path_hex": "61ff2e637376"' in first


def test_the_manifest_names_the_function_of_the_user(sink: Sink) -> None:
    """With each source that rows went through; without one there is no such key."""
    done = staged(sink, *NAMES)
    own = Function("own.rows:scored", ("ab", "cd"))
    manifest = json.loads(document(replace(done, function=own), 4))
    assert {"function": "own.rows:scored", "sha256": ["ab", "cd"]} == manifest["python"]
    assert "python" not in json.loads(document(done, 4))


def test_a_sink_on_another_file_system_is_refused(tmp_path: Path) -> None:
    """A rename cannot cross file systems: said at the start, with the remedy."""
    if not SHARED_MEMORY.is_dir() or not os.access(SHARED_MEMORY, os.W_OK):
        pytest.skip("no second file system to write to")
    if SHARED_MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system")
    other = Path(tempfile.mkdtemp(dir=SHARED_MEMORY))
    try:
        made = local(tmp_path, aside=False, staging=other / "staging")
        with pytest.raises(Unreachable, match="another file system") as caught:
            made.prepare()
        assert "staging_url" in caught.value.hint
    finally:
        shutil.rmtree(other)


@pytest.fixture
def nobody() -> Iterator[None]:
    """Be an ordinary user meanwhile: to root, everything is writable."""
    if os.getuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for made in (folder, folder / "out"):
        if made.is_dir():
            made.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_that_cannot_be_written_is_refused(
    open_folder: Path, request: pytest.FixtureRequest, exists: bool
) -> None:
    """At the start, in one sentence that names the folder, not at the first batch."""
    out = open_folder / "out"
    if exists:
        out.mkdir()
        out.chmod(0o555)
    open_folder.chmod(0o555)
    request.getfixturevalue("nobody")
    made = local(open_folder, aside=False)
    with pytest.raises(Unreachable, match=str(out)) as caught:
        made.prepare()
    assert "write access" in caught.value.hint


@pytest.mark.parametrize("step", ["stage", "publish"])
def test_a_store_that_fails_later_is_away(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """What the system refuses is waited for, and works when it is over."""
    done = staged(sink, *NAMES)
    steps: dict[str, Callable[[], object]] = {
        "stage": lambda: sink.stage(1, BATCH, 2),
        "publish": lambda: sink.publish(done, b"{}"),
    }

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(landing, "sync_folder", full)
        with pytest.raises(ComponentAway, match="No space left") as caught:
            steps[step]()
    assert caught.value.component == "sink"
    sink.publish(done, b"{}")
    assert expected(*NAMES) == published(tmp_path / "out")


def test_a_stale_mount_is_away(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even to look whether the folder is there may fail; that too is waited for."""
    done = staged(sink, *NAMES)

    def stale(_: Path) -> bool:
        raise OSError(116, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_dir", stale)
        with pytest.raises(ComponentAway, match="Stale"):
            sink.publish(done, b"{}")
    sink.publish(done, b"{}")
    assert expected(*NAMES) == published(tmp_path / "out")
