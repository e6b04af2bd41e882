"""
OpenSSH's server on loopback, for SFTP: that of the machine, or Debian's, unpacked into
a folder of its own, once for each machine; nothing is installed.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

from tests.serving import free_port, serving
from tests.stores import CannotStart

_PACKAGES = ("openssh-server", "libwrap0")

_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/user.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
MaxStartups 100
Subsystem sftp internal-sftp
"""

# The superuser's sshd asks for a user and a folder that the package would have made.
# They are there for it alone: in a name space of its own.
_AS_ROOT = """
set -e
grep -v '^sshd:' /etc/passwd > {folder}/passwd
echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin' >> {folder}/passwd
mount --bind {folder}/passwd /etc/passwd
mkdir -p {folder}/run/sshd
mount --bind {folder}/run /run
exec "$@"
"""


def _installed() -> tuple[str, str]:
    """
    Return the path of sshd, and of the libraries that came with it.
    """
    here = shutil.which("sshd") or shutil.which(
        "sshd", path="/usr/sbin:/usr/local/sbin"
    )
    if here:
        return here, ""
    default = Path(tempfile.gettempdir()) / "ingestd-tests-sshd"
    home = Path(os.environ.get("INGESTD_TESTS_SSHD", default))
    if not (home / "ready").exists():
        _unpack(home)
    libraries = ":".join(str(p) for p in (home / "usr/lib").glob("*-linux-gnu*"))
    return str(home / "usr/sbin/sshd"), libraries


def _unpack(home: Path) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise CannotStart("there is no sshd, and no apt-get to fetch one")
    home.mkdir(parents=True, exist_ok=True)
    _do(["apt-get", "download", *_PACKAGES], home)
    for package in home.glob("*.deb"):
        _do(["dpkg", "-x", str(package), str(home)], home)
    (home / "ready").touch()


def _do(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode().strip()[-500:]
        raise CannotStart(f"{' '.join(command)}: {said}")


@contextmanager
def sshd(folder: Path) -> Iterator[str]:
    """
    Run sshd on a free port, with keys in *folder*; yield ``user@host:port``.
    """
    program, libraries = _installed()
    port = free_port()
    for name in ("host", "user"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        _do(key, folder)
    public = (folder / "host.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
    (folder / "config").write_text(_CONFIG.format(port=port, folder=folder))
    command = [program, "-D", "-e", "-f", str(folder / "config")]
    if os.geteuid() == 0:
        script = _AS_ROOT.format(folder=folder)
        command = ["unshare", "--mount", "bash", "-c", script, "sshd", *command]
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries}
    with serving(command, port, folder / "sshd.log", environment):
        yield f"{getuser()}@127.0.0.1:{port}"


_seconds = itertools.count(1_795_000_000)


@dataclass(frozen=True)
class Directory:
    """
    A folder behind an SFTP server on this machine, seen without that server.

    Each file that is put is a second younger than the one before: a version goes by
    nothing finer.
    """

    endpoint: str
    folder: Path
    keys_in: Path
    environment: dict[str, str]

    scheme = "sftp"
    by_content = False
    no_bucket = "no such folder"

    @classmethod
    def made(cls, endpoint: str, folder: Path, keys_in: Path) -> Directory:
        """
        Make *folder*.
        """
        folder.mkdir()
        return cls(endpoint, folder, keys_in, {})

    @property
    def name(self) -> str:
        return f"{self.endpoint}{self.folder}"

    @property
    def nowhere(self) -> str:
        return f"{self.endpoint}/nowhere"

    def storage(self, endpoint: str = "") -> dict[str, str]:
        del endpoint
        user, known = self.keys_in / "user", self.keys_in / "known_hosts"
        return {"key_filename": str(user), "known_hosts": str(known)}

    def put(self, key: str, data: bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if key.endswith("/"):
            path.mkdir(exist_ok=True)
            return
        # As a careful writer does it: whole under another name first.
        half = self.folder / "half"
        half.write_bytes(data)
        now = next(_seconds)
        os.utime(half, (now, now))
        half.rename(path)

    def get(self, key: str) -> bytes:
        return (self.folder / key).read_bytes()

    def keys(self, prefix: str = "") -> list[str]:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        names = (str(path.relative_to(self.folder)) for path in files)
        return sorted(name for name in names if name.startswith(prefix))

    def delete(self, key: str) -> None:
        with suppress(FileNotFoundError):
            (self.folder / key).unlink()

    def begin_upload(self, key: str) -> None:
        folder, _, name = key.rpartition("/")
        self.put(f"{folder}/.{name}.0123abcd.ingestd-part", b"half")

    def uploads(self) -> list[str]:
        return [key for key in self.keys() if key.endswith(".ingestd-part")]
