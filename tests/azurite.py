"""
Azurite on loopback: Azure's blobs as Microsoft's own emulator keeps them.

It is installed from npm's registry into a folder of its own, once for each machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.serving import free_port, serving
from tests.stores import CannotStart

VERSION = "3.35.0"

ACCOUNT = "devstoreaccount1"
KEY = (  # of every emulator, and no secret
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq"
    "/K1SZFPTOtr/KBHBeksoGMGw=="
)


def _installed() -> Path:
    """
    Return Azurite's script; installs it where it is not.
    """
    if not shutil.which("node"):
        raise CannotStart("Azurite needs node, and there is none")
    default = Path(tempfile.gettempdir()) / f"ingestd-tests-azurite-{VERSION}"
    home = Path(os.environ.get("INGESTD_TESTS_AZURITE", default))
    script = home / "node_modules/azurite/dist/src/blob/main.js"
    if (home / "ready").exists():
        return script
    npm = shutil.which("npm")
    if npm is None:
        raise CannotStart("Azurite is installed by npm, and there is none")
    home.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", f"azurite@{VERSION}"]
    command += ["--prefix", str(home)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode().strip()[-500:]
        raise CannotStart(f"Azurite cannot be installed: {said}")
    (home / "ready").touch()
    return script


def connection(endpoint: str) -> str:
    """
    Return the connection string of the emulator's account at *endpoint*.
    """
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
        f"BlobEndpoint={endpoint}/{ACCOUNT};"
    )


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """
    Run Azurite on a free port, with its data in memory; yield its endpoint.
    """
    port = free_port()
    command = ["node", str(_installed()), "--blobHost", "127.0.0.1", "--blobPort"]
    command += [str(port), "--inMemoryPersistence", "--skipApiVersionCheck"]
    command += ["--silent", "--disableTelemetry"]
    with serving(command, port, folder / "azurite.log"):
        yield f"http://127.0.0.1:{port}"


@dataclass(frozen=True)
class Container:
    """
    A container, as those who fill and read it see it; not through the code under test.
    """

    endpoint: str
    name: str
    client: Any

    scheme = "az"
    by_content = False
    nowhere = "nowhere"
    no_bucket = "ContainerNotFound"

    @classmethod
    def made(cls, endpoint: str, name: str) -> Container:
        """
        Make the container *name* at *endpoint*.
        """
        from azure.storage.blob import ContainerClient

        client = ContainerClient.from_connection_string(connection(endpoint), name)
        client.create_container()
        return cls(endpoint, name, client)

    @property
    def environment(self) -> dict[str, str]:
        return {"AZURE_STORAGE_CONNECTION_STRING": connection(self.endpoint)}

    def storage(self, endpoint: str = "") -> dict[str, str]:
        # Also by the environment, where it is the only way to this store.
        return {"connection_string": connection(endpoint)} if endpoint else {}

    def put(self, key: str, data: bytes) -> None:
        self.client.upload_blob(key, data, overwrite=True)

    def get(self, key: str) -> bytes:
        found: bytes = self.client.download_blob(key).readall()
        return found

    def keys(self, prefix: str = "") -> list[str]:
        return sorted(self.client.list_blob_names(name_starts_with=prefix))

    def delete(self, key: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        with suppress(ResourceNotFoundError):
            self.client.delete_blob(key)

    def begin_upload(self, key: str) -> None:
        self.client.get_blob_client(key).stage_block("MDAwMDAwMDA=", b"half")

    def uploads(self) -> list[str]:
        include = ["uncommittedblobs"]
        there = {blob.name for blob in self.client.list_blobs(include=include)}
        return sorted(there - set(self.keys()))
