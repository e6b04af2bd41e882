"""
What is said of a machine that has no GPU, or not quite.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestd.run.lacking import Machine, device, nodes, packages, permission

OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {}.95.05  Release\n"
CLOSED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}.159.04  Tue Oct\n"
NODES = ("nvidia0", "nvidiactl", "nvidia-uvm")


def machine(
    root: Path, driver: int = 0, nodes=(), card: bool = False, has=(), closed=()
) -> Machine:
    if driver:
        (root / "proc/driver/nvidia").mkdir(parents=True)
        said = (OPEN if driver % 2 else CLOSED).format(driver)
        (root / "proc/driver/nvidia/version").write_text(said)
    (root / "dev").mkdir()
    for name in nodes:
        (root / "dev" / name).touch()
    if card:
        (root / "sys/bus/pci/devices/0").mkdir(parents=True)
        (root / "sys/bus/pci/devices/0/vendor").write_text("0x10de\n")
    return Machine(root, lambda name: name in has, lambda path: path.name not in closed)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({}, "no NVIDIA device on this machine"),
        ({"card": True}, "an NVIDIA card is there, and no driver is loaded"),
        ({"driver": 580}, "a driver is loaded, and /dev has no NVIDIA device"),
        ({"nodes": NODES}, None),
    ],
)
def test_a_device_that_is_missing(tmp_path, given, what):
    """
    No card, no driver and no device in the container are different things to do.
    """
    lack = device(machine(tmp_path, **given))
    assert what == (lack and lack.what)


@pytest.mark.parametrize("name", NODES)
def test_a_device_that_may_not_be_opened(tmp_path, name):
    """
    It is named.
    """
    lack = permission(machine(tmp_path, nodes=NODES, closed=(name,)))
    assert lack is not None
    assert lack.what.endswith(f"may not open /dev/{name}")


@pytest.mark.parametrize("name", NODES[1:])
def test_a_file_beside_the_device_that_is_missing(tmp_path, name):
    """
    It is named too, but only when nothing else is: drivers make some when needed.
    """
    there = machine(tmp_path, nodes=[node for node in NODES if node != name])
    assert permission(there) is None
    lack = nodes(there)
    assert lack is not None
    assert f"/dev/{name} is missing" == lack.what


def test_devices_that_may_be_opened(tmp_path):
    """
    Nothing is said of them.
    """
    there = machine(tmp_path, nodes=NODES)
    assert (None, None) == (permission(there), nodes(there))


NEW, OLD = ("cudf-cu13", "dask-cuda"), ("cudf-cu12", "dask-cuda")


@pytest.mark.parametrize(
    ("driver", "has", "what", "remedy"),
    [
        (580, (), "Python packages are missing: cudf, dask-cudf, dask-cuda", "cuda13"),
        (551, (), "Python packages are missing: cudf, dask-cudf, dask-cuda", "cuda12"),
        (551, NEW, "cuDF is built for driver 580 or newer, and this is 551", "cuda12"),
        (470, OLD, "the driver 470 is too old: expected 525 or newer", "driver"),
        (581, NEW[:1], "the Python package dask-cuda is missing", "cuda13"),
        (580, NEW, "", ""),
        (551, OLD, "", ""),
        (0, NEW, "", ""),
    ],
)
def test_packages_fit_the_driver(tmp_path, driver, has, what, remedy):
    """
    The extra that is named is one that works with the driver that is there.
    """
    lack = packages(machine(tmp_path, driver, has=has))
    assert what == (lack.what if lack else "")
    assert remedy in (lack.remedy if lack else "")
