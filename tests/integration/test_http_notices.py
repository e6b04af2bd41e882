"""
Notices that are posted to the daemon's own address.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
from types import SimpleNamespace

import pytest

from ingestd.config import load
from ingestd.daemon.webhook import posts_of
from ingestd.discover.looker import Looker
from ingestd.discover.notices import Notices
from ingestd.errors import ConfigError
from ingestd.observe.events import NoticeSetAside, capture
from ingestd.observe.http import HttpPage
from ingestd.observe.http_token import read_token

pytestmark = pytest.mark.integration

TOKEN = "0123456789abcdef-token"
BEARER = f"Bearer {TOKEN}"
RECORD = {
    "eventVersion": "2.0",
    "eventSource": "minio:s3",
    "eventName": "s3:ObjectCreated:Put",
    "s3": {"bucket": {"name": "b"}, "object": {"key": "in%2Fa+b.csv"}},
}
NOTICE = json.dumps({"EventName": "s3:ObjectCreated:Put", "Records": [RECORD]})


@pytest.fixture
def configured(tmp_path):
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    (tmp_path / "config.toml").write_text(
        """
        [http]
        listen = "127.0.0.1:0"
        token_file = "token"
        [[pipelines]]
        name = "rows"
        source = { url = "s3://b/in", notices = "webhook" }
        """
    )
    return load(tmp_path / "config.toml", {})


@pytest.fixture
def notices(configured):
    """The notices of a source; nothing looks for what they tell of."""
    (pipeline,) = configured.pipelines
    made = Notices("rows", pipeline.source, None, iter, lambda: None, lambda _: None)
    asked: list[bytes] = []
    made.looker = SimpleNamespace(ask=asked.append, take=lambda: None)
    made.noticed.looker = made.looker
    made.asked = asked
    return made


@pytest.fixture
def page(configured, notices):
    parts = SimpleNamespace(pipelines={"rows": SimpleNamespace(notices=notices)})
    posts = posts_of(configured, parts)
    service = HttpPage("127.0.0.1:0", {}, posts=posts)
    service.start()
    yield service
    service.stop()


def post(page, body=NOTICE, path="/notices/rows", method="POST", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def basic(password):
    return f"Basic {base64.b64encode(f'store:{password}'.encode()).decode()}"


@pytest.mark.parametrize("brought", [BEARER, f"bearer  {TOKEN}", basic(TOKEN)])
def test_a_notice_with_the_token_is_taken(page, notices, brought):
    """By the name that the daemon has elsewhere, too; its key is looked at."""
    code, _, text = post(page, Authorization=brought, Host="ingest.example.org")
    assert (202, "objects of this source: 1\n") == (code, text)
    notices.noticed.advance(0.0, 10)
    assert [b"a b.csv"] == notices.asked


@pytest.mark.parametrize(
    "brought",
    [None, "", TOKEN, "Bearer", "Bearer wrong", "Bearer é", basic("wrong"), "Basic !"],
)
def test_without_the_token_nothing_is_taken(page, notices, brought):
    """Told with what is expected."""
    headers = {} if brought is None else {"Authorization": brought.encode("latin-1")}
    code, told, text = post(page, **headers)
    assert (401, 'Bearer realm="ingestd"') == (code, told["WWW-Authenticate"])
    assert "expected Authorization" in text
    notices.noticed.advance(0.0, 10)
    assert [] == notices.asked


def test_what_is_no_notice_is_answered_so(page, notices):
    """With what was expected, and told to the operator."""
    with capture() as seen:
        code, _, text = post(page, b"{\x1b\xff}", Authorization=BEARER)
    assert 400 == code
    assert text.startswith("no notice: expected JSON")
    assert ["expected"] == [e.reason[:8] for e in seen if isinstance(e, NoticeSetAside)]
    assert 400 == post(page, "{}", Authorization=BEARER)[0]


def test_too_many_are_sent_away_for_now(page, notices, monkeypatch):
    """A store that keeps what failed sends it again."""
    monkeypatch.setattr("ingestd.discover.noticed.CAPACITY", 0)
    assert 503 == post(page, Authorization=BEARER)[0]


def test_methods_and_paths_that_are_not_there(page):
    """GET does not post, and POST goes to notices alone."""
    code, headers, _ = post(page, None, method="GET")
    assert (405, "POST") == (code, headers["Allow"])
    code, headers, _ = post(page, path="/notices/other", Authorization=BEARER)
    assert (405, "GET, HEAD") == (code, headers["Allow"])


@pytest.mark.parametrize(
    ("length", "status"), [("", b"411"), ("x", b"411"), (str(2 << 20), b"413")]
)
def test_a_body_is_bounded(page, length, status):
    """Before it is read."""
    header = f"Content-Length: {length}\r\n" if length else ""
    request = f"POST /notices/rows HTTP/1.1\r\nHost: a\r\n{header}\r\n"
    with socket.create_connection(("127.0.0.1", page.port), timeout=20) as sock:
        sock.sendall(request.encode())
        answer = b"".join(iter(lambda: sock.recv(4096), b""))
    assert status == answer.split()[1]


def test_a_token_file_is_for_its_owner_alone(tmp_path):
    """And holds a token; else the daemon does not start."""
    path = tmp_path / "token"
    with pytest.raises(ConfigError, match="cannot be read"):
        read_token(str(path))
    path.write_text(TOKEN)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_token(str(path))
    path.chmod(0o600)
    assert TOKEN == read_token(str(path))
    for text in ("short", "", f"{TOKEN}\n{TOKEN}", "é" * 20):
        path.write_text(text)
        with pytest.raises(ConfigError, match="expected"):
            read_token(str(path))


def test_a_looker_tells_what_it_does_not_foresee():
    """An error of any kind is an answer: no path is forgotten."""

    def head(path):
        raise ValueError(path)

    with capture() as seen:
        looked = Looker(head, lambda: None).look(b"a")
    assert (None, "ValueError(b'a')") == (looked.stored, looked.error)
    assert ["looker"] == [event.where for event in seen]
