"""
A proxy in front of a store that fails requests in all the ways that a network has.

Signatures survive it, since the client signs for the address that it talks to.
"""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

WAYS = ("503", "500", "reset", "lost", "cut", "garbage")
"""
*reset* closes the connection before the store hears of the request, *lost* after it was
done, *cut* sends half of the answer's body, *garbage* what is no answer of a store.
"""

_HOP = {"connection", "transfer-encoding", "keep-alive", "date", "server"}


class Faulty:
    """
    Decides on each request. *choose* is given method and path, and returns one of WAYS,
    or "" for an answer as it is. *told* counts what was done.
    """

    def __init__(self, upstream: str, choose: Callable[[str, str], str]) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.choose = choose
        self.told: Counter[str] = Counter()
        self.lock = threading.Lock()

    def decide(self, method: str, path: str) -> str:
        with self.lock:
            way = self.choose(method, path)
            self.told[way] += 1
            self.told[f"{method} asked"] += 1
        return way


def now_and_then(share: float, seed: int) -> Callable[[str, str], str]:
    """
    Return a choice that fails *share* of all requests, each way as often.
    """
    draw = random.Random(seed)

    def choose(method: str, path: str) -> str:
        return draw.choice(WAYS) if draw.random() < share else ""

    return choose


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        faulty: Faulty = self.server.faulty  # type: ignore[attr-defined]
        way = faulty.decide(self.command, self.path)
        if way in {"503", "500"}:
            code = "SlowDown" if way == "503" else "InternalError"
            text = f"<Error><Code>{code}</Code></Error>".encode()
            self._answer(int(way), [("Content-Type", "application/xml")], text)
        elif way == "garbage":
            self._answer(200, [("Content-Type", "text/html")], b"<html>hotel wifi")
        elif way == "reset":
            self._reset()
        else:
            self._forward(faulty.upstream, body, way)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _forward(self, upstream: str, body: bytes, way: str) -> None:
        client = http.client.HTTPConnection(upstream, timeout=30)
        client.putrequest(
            self.command, self.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in self.headers.items():
            if name.lower() not in {"expect", "connection"}:
                client.putheader(name, value)
        client.endheaders(body)
        answer = client.getresponse()
        data = answer.read()
        client.close()
        if way == "lost":
            self._reset()
            return
        headers = [(n, v) for n, v in answer.getheaders() if n.lower() not in _HOP]
        self._answer(answer.status, headers, data, cut=way == "cut")

    def _answer(
        self,
        status: int,
        headers: list[tuple[str, str]],
        data: bytes,
        *,
        cut: bool = False,
    ) -> None:
        self.send_response_only(status)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in names and status not in {204, 304}:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self._reset()

    def _reset(self) -> None:
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """The client may be gone."""

    def shutdown_request(self, request: object) -> None:
        try:
            super().shutdown_request(request)  # type: ignore[arg-type]
        except OSError:
            return


@contextmanager
def faulty(
    upstream: str, choose: Callable[[str, str], str]
) -> Iterator[tuple[str, Faulty]]:
    """
    Run a proxy on a free port; yield its endpoint, and what it does.
    """
    server = _Server(("127.0.0.1", 0), _Handler)
    server.faulty = made = Faulty(upstream, choose)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
