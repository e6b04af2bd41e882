"""
What this machine lacks for a GPU, in plain words; imports no GPU library here.
"""

from __future__ import annotations

import getpass
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

PROBE_SECONDS = 120

# A first allocation, our kernels and a first group: importing cuDF succeeds without any
# GPU. Its workers import all of cuDF, the engine only the lower half.
_PROBE = """
import cudf
from ingestd.run.engines.cudf.cuda import own_device
own_device()
"""
_NVIDIA = "0x10de"
_BESIDE = ("nvidiactl", "nvidia-uvm")
_PACKAGES = ("cudf", "dask-cudf", "dask-cuda")
_BUILT_FOR = {"cuda13": 580, "cuda12": 525}
"""The extras, best first, and the oldest driver of each."""
_DRIVER = re.compile(r"\s(\d{3,})\.\d[\d.]*\s")


class Lack(NamedTuple):
    """
    What is missing, and what to do about it.
    """

    what: str
    remedy: str


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _may_open(device: Path) -> bool:
    return os.access(device, os.R_OK | os.W_OK)


@dataclass(frozen=True, slots=True)
class Machine:
    """
    What is looked at: the root of its file systems, packages, and what may be opened.
    """

    root: Path = Path("/")
    installed: Callable[[str], bool] = _installed
    may_open: Callable[[Path], bool] = _may_open

    @property
    def driver(self) -> int:
        """
        The loaded driver's major version, 0 where there is none.
        """
        try:
            said = Path(self.root, "proc/driver/nvidia/version").read_text()
        except OSError:
            return 0
        found = _DRIVER.search(said)
        return int(found[1]) if found else 0

    @property
    def card(self) -> bool:
        """
        Whether there is an NVIDIA card on the bus, with a driver or without.
        """
        vendors = Path(self.root, "sys/bus/pci/devices").glob("*/vendor")
        return any(vendor.read_text().strip() == _NVIDIA for vendor in vendors)


def gpu_lacks() -> Lack | None:
    """
    Return what is missing before a GPU computes here, None when one does.

    The last test is a computation, in a process of its own: the daemon never makes a
    CUDA context.
    """
    machine = Machine()
    for look in (device, permission, packages):
        if found := look(machine):
            return found
    failed = _computation()
    # Not before: a file under /dev that is missing may be made by the computation.
    return nodes(machine) or failed if failed else None


def device(machine: Machine) -> Lack | None:
    """
    Return the lack of a device, or of its driver.
    """
    if any(Path(machine.root, "dev").glob("nvidia[0-9]*")):
        return None
    if machine.driver:
        remedy = "Pass the devices into the container, or set PrivateDevices=no"
        return Lack("a driver is loaded, and /dev has no NVIDIA device", remedy)
    if machine.card:
        remedy = "Install NVIDIA's driver and load it (modprobe nvidia)"
        return Lack("an NVIDIA card is there, and no driver is loaded", remedy)
    return Lack("no NVIDIA device on this machine", "Run it where a GPU is")


def permission(machine: Machine) -> Lack | None:
    """
    Return the lack of permission to open the devices.
    """
    folder = Path(machine.root, "dev")
    names = [path.name for path in sorted(folder.glob("nvidia[0-9]*"))]
    for name in [*names, *_BESIDE]:
        path = folder / name
        if path.exists() and not machine.may_open(path):
            remedy = "Add the user to the device's group, or DeviceAllow=char-nvidia*"
            return Lack(f"{getpass.getuser()} may not open /dev/{name}", remedy)
    return None


def nodes(machine: Machine) -> Lack | None:
    """
    Return the lack of the files under /dev that each GPU needs beside its own.
    """
    for name in _BESIDE:
        if not Path(machine.root, "dev", name).exists():
            remedy = "Load its module (nvidia-modprobe -c 0 -u), or pass it in"
            return Lack(f"/dev/{name} is missing", remedy)
    return None


def packages(machine: Machine) -> Lack | None:
    """
    Return the lack of Python packages that fit the driver.
    """
    driver = machine.driver
    extras = [e for e, oldest in _BUILT_FOR.items() if not driver or driver >= oldest]
    if not extras:
        oldest = min(_BUILT_FOR.values())
        said = f"the driver {driver} is too old: expected {oldest} or newer"
        return Lack(said, "Install a newer driver of NVIDIA's")
    found = [e for e in _BUILT_FOR if machine.installed(f"cudf-{e.replace('da', '')}")]
    wanted = f"pip install 'ingestd[{extras[0]}]'"
    if not found:
        names = ", ".join(_PACKAGES)
        return Lack(f"Python packages are missing: {names}", f"Do {wanted}")
    if found[0] not in extras:
        needs = _BUILT_FOR[found[0]]
        said = f"cuDF is built for driver {needs} or newer, and this is {driver}"
        return Lack(said, f"Install a newer driver, or do {wanted}")
    if not machine.installed("dask-cuda"):
        return Lack("the Python package dask-cuda is missing", f"Do {wanted}")
    return None


def _computation() -> Lack | None:
    remedy = "See what nvidia-smi says"
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            [sys.executable, "-c", _PROBE],
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Lack(f"the GPU did not answer within {PROBE_SECONDS} s", remedy)
    if done.returncode == 0:
        return None
    last = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()[-1:]
    return Lack(f"a first GPU computation failed: {' '.join(last)}", remedy)
