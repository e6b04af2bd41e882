"""
The health page: ``/healthz``, ``/readyz`` and ``/metrics``, read-only, over plain HTTP;
and what may be posted, behind a token.

A busy port is an event and a metric, and is tried again: whether somebody can look at
the daemon must not decide whether it works.
"""

from __future__ import annotations

import selectors
import socket
import socketserver
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import ThreadingHTTPServer

from ingestd.observe.events import FaultCaught, PortBusy, PortOpened, emit
from ingestd.observe.http_address import allowed_hosts, is_address, parse_listen
from ingestd.observe.http_request import Request
from ingestd.observe.http_token import carries

TEXT = "text/plain; charset=utf-8"
_RETRY_SECONDS = 30.0
_BREATH_SECONDS = 0.005
_REQUESTS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Page:
    """
    An answer: status, type and body.
    """

    status: HTTPStatus
    content_type: str
    body: bytes


Route = Callable[[], Page]
Post = Callable[[bytes], Page]


@dataclass(frozen=True, slots=True)
class Posts:
    """
    What takes what is posted, by path, and the token that is needed for it.
    """

    token: str = ""
    routes: Mapping[str, Post] = field(default_factory=dict)


class HttpPage:
    """
    The service that answers on ``[http].listen``; "" makes it do nothing.
    """

    def __init__(
        self,
        listen: str,
        routes: Mapping[str, Route],
        *,
        posts: Posts | None = None,
        retry_seconds: float = _RETRY_SECONDS,
        client_seconds: float = 5.0,
    ) -> None:
        """
        Answer each path of *routes*; see ``health_routes`` for ours.

        A client gets *client_seconds* for its request and for taking the answer.
        """
        self._address = parse_listen(listen) if listen else None
        self._listen = listen
        self._routes = dict(routes)
        self._posts = posts or Posts()
        self._retry_seconds = retry_seconds
        self._client_seconds = client_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._server: _Server | None = None  # owned by start, then by the thread
        self._stopper: socket.socket | None = None  # closing it ends the thread's wait

    @property
    def port(self) -> int:
        """
        The port that answers, 0 while there is none.
        """
        server = self._server
        return server.server_address[1] if server else 0

    def start(self) -> None:
        """
        Listen, or go on trying in the background when the port is busy.
        """
        if self._address is None or self._thread is not None:
            return
        self._stop.clear()
        self._stopper, stopped = socket.socketpair()
        self._bind(self._address)
        self._thread = threading.Thread(
            target=self._run, args=(self._address, stopped), name="http", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """
        Close the port; requests in progress end by their own time limit.
        """
        self._stop.set()
        if self._thread is not None and self._stopper is not None:
            self._stopper.close()
            self._thread.join()
            self._thread = None

    def _run(self, address: tuple[str, int], stopped: socket.socket) -> None:
        with stopped:
            while self._server is None:
                if self._stop.wait(self._retry_seconds):
                    return
                self._bind(address)
            with self._server as server, selectors.DefaultSelector() as selector:
                # Nothing wakes up here but a request or the stop: at rest it costs 0.
                selector.register(server, selectors.EVENT_READ)
                selector.register(stopped, selectors.EVENT_READ)
                while not self._stop.is_set():
                    selector.select()
                    if not self._stop.is_set():
                        server.handle_request()
                    # Out of descriptors, accept fails at once, and would spin.
                    self._stop.wait(_BREATH_SECONDS)
        self._server = None

    def _bind(self, address: tuple[str, int]) -> None:
        try:
            self._server = _Server(
                address, self._routes, self._posts, self._client_seconds
            )
        except OSError as err:
            reason = err.strerror or str(err)
            hint = "free the port, or set http.listen"
            emit(PortBusy(self._listen, reason, self._retry_seconds, hint))
        else:
            emit(PortOpened(f"{address[0]}:{self.port}"))


class _Server(ThreadingHTTPServer):
    """
    A bounded number of threads, each with a bounded time.
    """

    timeout = 0  # of ``handle_request``: a client that is gone again is not waited for
    daemon_threads = True
    request_queue_size = 32

    def __init__(
        self,
        address: tuple[str, int],
        routes: Mapping[str, Route],
        posts: Posts,
        client: float,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.routes = routes
        self.posts = posts
        self.client_seconds = client
        self._hosts = allowed_hosts(address[0])
        self._any_address = address[0] in ("0.0.0.0", "::")  # noqa: S104 - compared
        self._free = threading.BoundedSemaphore(_REQUESTS_AT_ONCE)
        super().__init__(address, Request)

    def server_bind(self) -> None:
        """
        Bind without asking a name server who we are, as the base class would.
        """
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "ingestd", self.server_address[1]

    def process_request(
        self,
        request: socket.socket | tuple[bytes, socket.socket],
        client_address: object,
    ) -> None:
        """
        Answer in a thread of its own, or hang up when too many are busy.
        """
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread could be started
            self._free.release()
            raise

    def process_request_thread(
        self,
        request: socket.socket | tuple[bytes, socket.socket],
        client_address: object,
    ) -> None:
        """
        Answer, then make room for the next.
        """
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """
        Say nothing: a client that hangs up is no news, and faults are told by ``page``.
        """

    def knows(self, host: str) -> bool:
        """
        Return whether *host*, of a Host header, names us.

        A page of a stranger can make a browser ask us under the stranger's name (DNS
        rebinding); it cannot do so under an address.
        """
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        name = name.strip("[]").lower()
        return name in self._hosts or (self._any_address and is_address(name))

    def page(self, path: str) -> Page:
        """
        Return the answer to *path*.
        """
        route = self.routes.get(path)
        if route is None:
            known = "\n".join(sorted(self.routes))
            return Page(HTTPStatus.NOT_FOUND, TEXT, f"There is:\n{known}\n".encode())
        return self._made(path, route)

    def takes(self, path: str) -> bool:
        """
        Return whether something is posted to *path*.
        """
        return path in self.posts.routes

    def admits(self, header: str | None) -> bool:
        """
        Return whether the Authorization *header* brings the token; never without one.
        """
        return bool(self.posts.token) and carries(header, self.posts.token)

    def posted(self, path: str, body: bytes) -> Page:
        """
        Return the answer to *body*.
        """
        return self._made(path, partial(self.posts.routes[path], body))

    def _made(self, path: str, make: Route) -> Page:
        try:
            return make()
        except Exception as err:  # noqa: BLE001 - a request is a border: it must answer
            emit(FaultCaught(f"http {path}", repr(err), traceback.format_exc()))
            return Page(HTTPStatus.INTERNAL_SERVER_ERROR, TEXT, b"see the log\n")
