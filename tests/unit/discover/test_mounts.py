"""
What a mount can prove.
"""

import pytest

from ingestd.config import Source
from ingestd.discover.mounts import Mount, mount_of
from ingestd.discover.source import Folder

TABLE = rb"""22 1 0:1 / / rw,relatime - ext4 /dev/sda rw
23 22 0:2 / /srv rw shared:5 - xfs /dev/sdb rw
24 23 0:3 / /srv/net rw - nfs4 host:/x rw
25 22 0:4 / /with\040space rw - fuse.sshfs host:/x rw
26 22 0:5 / /layers rw - overlay overlay rw
27 26 0:6 / /layers rw - tmpfs tmpfs rw
28 22 0:7 / /stack rw - overlay overlay rw
"""


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/var/in", Mount("ext4")),
        ("/srv", Mount("xfs")),
        ("/srv/network", Mount("xfs")),
        ("/srv/net/in", Mount("nfs4", events=False, leases=False)),
        ("/with space/in", Mount("fuse.sshfs", events=False, leases=False)),
        ("/layers/in", Mount("tmpfs")),
        ("/stack/in", Mount("overlay", leases=False)),
    ],
)
def test_the_innermost_and_latest_mount_counts(tmp_path, path, mount):
    """
    The longest mount point holds the path, and the later of two equal ones.
    """
    table = tmp_path / "mountinfo"
    table.write_bytes(TABLE)
    assert mount == mount_of(path, table)


def test_without_a_table_no_lease_is_believed(tmp_path):
    """
    Where nothing is known of the mount, events are tried and leases prove nothing.
    """
    assert Mount("unknown", leases=False) == mount_of("/x", tmp_path / "none")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("ext4", "at once when no writer has it open"),
        ("overlay", "0.25 s after its close"),
        ("nfs4", "after 10 s without a change (no events on nfs4"),
    ],
)
def test_the_rule_is_said_in_one_sentence(tmp_path, kind, words):
    """
    ``check`` says which rule of settling holds for a folder.
    """
    folder = Folder(Source(url=str(tmp_path)), Mount.of_kind(kind))
    assert words in folder.settle_rule()
    assert "\n" not in folder.settle_rule()
