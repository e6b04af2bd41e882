"""
OpenStack Swift on loopback: a store on disk, with signatures, that can be killed.

It is installed from the package index into an environment of its own, once for each
machine, since its dependencies are none of ours.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from getpass import getuser
from pathlib import Path

from tests.stores import CannotStart

VERSION = "2.38.3"
SERVERS = ("account", "container", "object")
PATIENCE_SECONDS = 60.0

_SWIFT = """
[swift-hash]
swift_hash_path_prefix = tests
swift_hash_path_suffix = tests
[storage-policy:0]
name = only
default = yes
"""

_COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
workers = 0
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
log_address = /nonexistent
"""

_STORING = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
[{name}-replicator]
[{name}-updater]
[{name}-auditor]
"""

_FILTERS = ("catch_errors", "gatekeeper", "healthcheck", "cache", "listing_formats")
_PROXY = """
[pipeline:main]
pipeline = {filters} bulk s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
check_bucket_owner = no
s3_acl = no
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
"""
_PLAIN = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk")


_UPDATE = """
import sys
from swift.common import utils
from swift.obj.updater import main
folder, sys.argv[1:] = sys.argv[1], [sys.argv[2], "once"]
utils.set_swift_dir(folder)
main()
"""


_LARGE = ("copy", "slo", "dlo")


def _free_ports(number: int) -> list[int]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports: list[int] = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports


def _installed() -> Path:
    """
    Return the folder of Swift's commands; installs them where they are not.
    """
    default = Path(tempfile.gettempdir()) / f"ingestd-tests-swift-{VERSION}"
    home = Path(os.environ.get("INGESTD_TESTS_SWIFT", default))
    commands = home / "bin"
    # One at a time, of all processes of the tests and of all checkouts.
    with Path(f"{home}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            _install(home)
    return commands


def _install(home: Path) -> None:
    steps = (
        [sys.executable, "-m", "venv", str(home)],
        [str(home / "bin" / "pip"), "install", "--quiet", f"swift=={VERSION}"],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode().strip()[-500:]
            raise CannotStart(f"Swift cannot be installed: {said}")
    (home / "ready").touch()


@dataclass
class Swift:
    """
    One store in *folder*. Keys: ``tests.stores.KEYS``. *before* is given the endpoint
    of the container server, which keeps the listings, and returns the one to use.
    """

    folder: Path
    bin: Path = field(default_factory=_installed)
    before: Callable[[str], str] = str
    ports: dict[str, int] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['proxy']}"

    def start(self) -> Swift:
        """
        Write the configuration, start all servers, and wait for an answer.
        """
        self.ports = dict(zip(("proxy", *SERVERS), _free_ports(4), strict=True))
        (self.folder / "devices" / "d1").mkdir(parents=True)
        (self.folder / "swift.conf").write_text(_SWIFT)
        for name in SERVERS:
            self._ring(name)
            text = self._common(name) + _STORING.format(name=name)
            (self.folder / f"{name}-server.conf").write_text(text)
        plain = "".join(f"[filter:{n}]\nuse = egg:swift#{n}\n" for n in _PLAIN)
        plain += "".join(f"[filter:{n}]\nuse = egg:swift#{n}\n" for n in _LARGE)
        text = self._common("proxy") + _PROXY.format(filters=" ".join(_FILTERS))
        (self.folder / "proxy-server.conf").write_text(text + plain)
        for name in (*SERVERS, "proxy"):
            self.begin(name)
        self._wait()
        return self

    def begin(self, name: str) -> None:
        """
        Start one server.
        """
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [self.bin / f"swift-{name}-server", self._config(name), "-v"],
                env={**os.environ, "SWIFT_DIR": str(self.folder), "PYTHONPATH": ""},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_for(self, name: str) -> None:
        """
        Wait until one server takes connections.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.ports[name]), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"swift's {name} server did not come back")

    def update(self) -> None:
        """
        Bring listings up to date, as a store does in its own time.
        """
        self._do("python", "-c", _UPDATE, str(self.folder), self._config("object"))

    def stop(self) -> None:
        """
        End all servers.
        """
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()
        self.running.clear()

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.endpoint}/healthcheck", timeout=5):
                    break
            except (OSError, urllib.error.URLError):
                time.sleep(0.05)
        else:
            self.stop()
            raise CannotStart(f"Swift did not answer; its logs are in {self.folder}")
        for name in SERVERS:
            self.wait_for(name)

    def _ring(self, name: str) -> None:
        builder = str(self.folder / f"{name}.builder")
        endpoint = f"http://127.0.0.1:{self.ports[name]}"
        if name == "container":
            endpoint = self.before(endpoint)
        device = f"r1z1-{endpoint.removeprefix('http://')}/d1"
        self._do("swift-ring-builder", builder, "create", "4", "1", "0")
        self._do("swift-ring-builder", builder, "add", device, "1")
        self._do("swift-ring-builder", builder, "rebalance")

    def _do(self, command: str, *arguments: str) -> None:
        environment = {**os.environ, "SWIFT_DIR": str(self.folder), "PYTHONPATH": ""}
        done = subprocess.run(
            [self.bin / command, *arguments],
            env=environment,
            capture_output=True,
            check=False,
        )
        if done.returncode not in {0, 1}:  # 1 is a warning of the ring builder
            raise CannotStart(f"{command}: {done.stderr.decode()}")

    def _common(self, name: str) -> str:
        port, user = self.ports[name], getuser()
        return _COMMON.format(port=port, user=user, folder=self.folder)

    def _config(self, name: str) -> str:
        return str(self.folder / f"{name}-server.conf")
