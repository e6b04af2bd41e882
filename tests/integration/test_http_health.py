"""
The health page over a real socket: what it answers, whom it lets in.
"""

import http.client
import json
import socket

import pytest

from ingestd.errors import ConfigError
from ingestd.observe.events import FaultCaught, capture
from ingestd.observe.http import HttpPage
from ingestd.observe.http_address import parse_listen
from ingestd.observe.http_health import health_routes

pytestmark = pytest.mark.integration


class Health:
    def __init__(self):
        self.is_alive, self.why = True, []

    def alive(self):
        return self.is_alive

    def reasons(self):
        return self.why


@pytest.fixture
def health():
    return Health()


@pytest.fixture
def page(health):
    routes = health_routes(health, lambda: b"ingestd_ready 1.0\n")
    service = HttpPage("127.0.0.1:0", routes)
    service.start()
    yield service
    service.stop()


def ask(page, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=20)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def raw(page, request):
    with socket.create_connection(("127.0.0.1", page.port), timeout=20) as sock:
        sock.sendall(request)
        return b"".join(iter(lambda: sock.recv(4096), b""))


@pytest.mark.parametrize(("alive", "status"), [(True, 200), (False, 503)])
def test_healthz_is_the_loop(page, health, alive, status):
    """
    /healthz says whether the loop moves on.
    """
    health.is_alive = alive
    code, _, body = ask(page, "/healthz")
    assert (status, {"alive": alive}) == (code, json.loads(body))


@pytest.mark.parametrize(
    ("why", "status"), [([], 200), (["prefect is away since 23:15:01 UTC"], 503)]
)
def test_readyz_says_why_not(page, health, why, status):
    """
    /readyz says in sentences what is away.
    """
    health.why = why
    code, headers, body = ask(page, "/readyz?verbose=1")
    assert (status, {"ready": not why, "reasons": why}) == (code, json.loads(body))
    assert "application/json" == headers["Content-Type"]


def test_metrics(page):
    """
    /metrics is Prometheus' text.
    """
    code, headers, body = ask(page, "/metrics")
    assert (200, b"ingestd_ready 1.0\n") == (code, body)
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_head_has_no_body(page):
    """
    HEAD answers as GET, without the body.
    """
    code, headers, body = ask(page, "/healthz", "HEAD")
    assert (200, "16", b"") == (code, headers["Content-Length"], body)


def test_unknown_path_lists_what_there_is(page):
    """
    A wrong path is answered with the right ones, and is not echoed.
    """
    code, _, body = ask(page, "/<script>")
    assert (404, b"There is:\n/healthz\n/metrics\n/readyz\n") == (code, body)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "ODD"])
def test_read_only(page, method):
    """
    Nothing can be changed here.
    """
    code, headers, _ = ask(page, "/healthz", method)
    assert (405, "GET, HEAD") == (code, headers["Allow"])


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8750", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8750", 200),
        ("evil.example", 403),
        ("evil.example:8750", 403),
        ("127.0.0.1.evil.example", 403),
        ("192.0.2.1", 403),
        ("", 403),
    ],
)
def test_a_stranger_s_name_is_refused(page, host, status):
    """
    A browser that was lured here under another name gets nothing.
    """
    assert status == ask(page, "/metrics", Host=host)[0]


def test_host_is_required(page):
    """
    HTTP/1.1 without a Host header is a bad request; HTTP/1.0 knows none.
    """
    assert b"400" == raw(page, b"GET /healthz HTTP/1.1\r\n\r\n").split()[1]
    assert b"200" == raw(page, b"GET /healthz HTTP/1.0\r\n\r\n").split()[1]


def test_nothing_leaks(page):
    """
    No answer, not even to garbage, names Python or its version.
    """
    for request in (
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"\x00garbage\r\n\r\n",
        b"G / H/9\r\n",
    ):
        answer = raw(page, request)
        assert b"ython" not in answer
        assert b"BaseHTTP" not in answer


def test_a_page_that_fails_is_told(health):
    """
    A defect behind a page is an event and a 500, without its text.
    """

    def broken():
        raise RuntimeError("secret")

    service = HttpPage("127.0.0.1:0", {"/x": broken})
    service.start()
    try:
        with capture() as seen:
            code, _, body = ask(service, "/x")
    finally:
        service.stop()
    assert (500, b"see the log\n") == (code, body)
    assert ["http /x"] == [e.where for e in seen if isinstance(e, FaultCaught)]


@pytest.mark.parametrize(
    "listen", ["8750", "localhost", ":80", "h:x", "h:70000", "[]:1"]
)
def test_a_bad_address_is_a_config_error(listen):
    """
    http.listen must be host:port.
    """
    with pytest.raises(ConfigError, match=r"http\.listen"):
        parse_listen(listen)


def test_addresses():
    """
    Both families, and names.
    """
    assert ("::1", 80) == parse_listen("[::1]:80")
    assert ("localhost", 0) == parse_listen("localhost:0")
