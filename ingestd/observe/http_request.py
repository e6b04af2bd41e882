"""
One request of the health page: what is allowed in, and how the answer goes out.
"""

from __future__ import annotations

import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Protocol, cast


class Answer(Protocol):
    """
    What a request sends back.
    """

    @property
    def status(self) -> HTTPStatus:
        """
        The status.
        """
        ...

    @property
    def content_type(self) -> str:
        """
        The media type.
        """
        ...

    @property
    def body(self) -> bytes:
        """
        The body.
        """
        ...


class Answering(Protocol):
    """
    What a request needs of its server.
    """

    client_seconds: float

    def knows(self, host: str) -> bool:
        """
        Whether *host* names us.
        """
        ...

    def page(self, path: str) -> Answer:
        """
        The answer to *path*.
        """
        ...


class Request(BaseHTTPRequestHandler):
    """
    Answers GET and HEAD, once per connection.
    """

    error_message_format = "%(code)d %(message)s\n"
    error_content_type = "text/plain; charset=utf-8"

    def setup(self) -> None:
        """
        Begin, with an end to it.
        """
        self._site = cast("Answering", self.server)
        self.timeout = self._site.client_seconds  # type: ignore[misc]
        super().setup()
        # The timeout above is per read: a client that sends a byte now and then would
        # hold its thread for ever, so the connection as a whole has an end too.
        self._end = threading.Timer(self._site.client_seconds, self._hang_up)
        self._end.daemon = True
        self._end.start()

    def finish(self) -> None:
        """
        Send what is left.
        """
        self._end.cancel()
        super().finish()

    def do_GET(self) -> None:
        """
        Answer with the page.
        """
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """
        Answer with the page's headers.
        """
        self._answer(with_body=False)

    def version_string(self) -> str:
        """
        Return our name: which Python runs here is nobody's business.
        """
        return "ingestd"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """
        Log nothing: a scrape every few seconds is no news.
        """

    def __getattr__(self, name: str) -> object:
        """
        Answer every other method the same way, as ``do_<METHOD>``.
        """
        if name.startswith("do_"):
            return self._refuse
        raise AttributeError(name)

    def _refuse(self) -> None:
        self.send_response(HTTPStatus.METHOD_NOT_ALLOWED)
        self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, *, with_body: bool) -> None:
        host = self.headers.get("Host")
        if host is None and self.request_version != "HTTP/1.0":
            self.send_error(HTTPStatus.BAD_REQUEST, "no Host header")
            return
        if host is not None and not self._site.knows(host):
            self.send_error(HTTPStatus.FORBIDDEN, "the Host header names another")
            return
        page = self._site.page(self.path.partition("?")[0])
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if with_body:
            self.wfile.write(page.body)

    def _hang_up(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it hung up first
