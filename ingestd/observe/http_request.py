"""
One request of the health page: what is allowed in, and how the answer goes out.
"""

from __future__ import annotations

import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Final, Protocol, cast

LONGEST_BODY: Final = 1 << 20
"""Of what is posted: four times what a queue would take."""

_DRAINED: Final = 64 << 10


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

    def takes(self, path: str) -> bool:
        """
        Whether *path* is one that is posted to.
        """
        ...

    def admits(self, header: str | None) -> bool:
        """
        Whether the Authorization *header* brings the token.
        """
        ...

    def posted(self, path: str, body: bytes) -> Answer:
        """
        The answer to *body*, posted to *path*.
        """
        ...


class Request(BaseHTTPRequestHandler):
    """
    Answers GET and HEAD, and POST where something takes it, once per connection.
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

    def do_POST(self) -> None:
        """
        Hand over the body: only of who has the token, and only one of known length.
        """
        path = self.path.partition("?")[0]
        if not self._site.takes(path):
            self._refuse()
            return
        size = self._length()
        if size is None:
            return
        if not self._site.admits(self.headers.get("Authorization")):
            # No look at Host: a page of a stranger has no token either. The body is
            # read, since to close upon it would lose the answer on its way.
            self.rfile.read(min(size, _DRAINED))
            self.send_response(HTTPStatus.UNAUTHORIZED)
            self.send_header("WWW-Authenticate", 'Bearer realm="ingestd"')
            self._end_with(b"expected Authorization: Bearer and the token\n")
            return
        body = self.rfile.read(size)
        if len(body) == size:
            answer = self._site.posted(path, body)
            self.send_response(answer.status)
            self._end_with(answer.body)

    def _length(self) -> int | None:
        given = self.headers.get("Content-Length", "")
        if not (given.isascii() and given.isdecimal()):
            self.send_error(HTTPStatus.LENGTH_REQUIRED, "expected a Content-Length")
            return None
        if int(given[:20]) > LONGEST_BODY:
            too_large = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            self.send_error(too_large, f"expected at most {LONGEST_BODY} bytes")
            return None
        return int(given)

    def _end_with(self, text: bytes) -> None:
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

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
        posts = self._site.takes(self.path.partition("?")[0])
        self.send_response(HTTPStatus.METHOD_NOT_ALLOWED)
        self.send_header("Allow", "POST" if posts else "GET, HEAD")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, *, with_body: bool) -> None:
        if self._site.takes(self.path.partition("?")[0]):
            self._refuse()
            return
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
