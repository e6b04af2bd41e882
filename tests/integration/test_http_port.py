"""
The health page's port: busy, freed, turned off; and clients that are slow.
"""

import http.client
import queue
import socket
import threading
from http import HTTPStatus

import pytest

from ingestd.observe.events import PortBusy, PortOpened, attach
from ingestd.observe.http import HttpPage, Page

pytestmark = pytest.mark.integration
OK = {"/": lambda: Page(HTTPStatus.OK, "text/plain", b"ok")}


@pytest.fixture
def told():
    """
    Return a queue of the events, to wait on.
    """
    events = queue.Queue()
    detach = attach(events.put)
    yield events
    detach()


def get(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


def test_a_busy_port_is_told_and_tried_again(told):
    """
    The daemon starts without its page, and has it once the port is free.
    """
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        page = HttpPage(f"127.0.0.1:{port}", OK, retry_seconds=0.01)
        page.start()
        busy = told.get(timeout=20)
        assert (PortBusy, "Address already in use", 0) == (
            type(busy), busy.error, page.port,
        )  # fmt: skip
    try:
        while not isinstance(told.get(timeout=20), PortOpened):
            pass
        assert b"ok" == get(port)
    finally:
        page.stop()


def test_stop_while_the_port_is_busy(told):
    """
    Stopping does not wait for the next try.
    """
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        page = HttpPage(f"127.0.0.1:{other.getsockname()[1]}", OK, retry_seconds=3600)
        page.start()
        page.stop()
    assert 0 == page.port


def test_empty_turns_it_off(told):
    """
    listen = "" is no thread, no port, no event.
    """
    before = threading.active_count()
    page = HttpPage("", OK)
    page.start()
    assert (0, before, True) == (page.port, threading.active_count(), told.empty())
    page.stop()


def test_stop_closes_the_port_and_start_opens_it_again():
    """
    Stop blocks until nobody listens; twice, or without start, is harmless.
    """
    page = HttpPage("127.0.0.1:0", OK)
    page.stop()
    page.start()
    port = page.port
    page.stop()
    page.stop()
    with pytest.raises(ConnectionRefusedError):
        get(port)
    page.start()
    assert b"ok" == get(page.port)
    page.stop()


def test_a_slow_client_is_hung_up_on():
    """
    A client that sends nothing, or a byte now and then, loses its connection.
    """
    page = HttpPage("127.0.0.1:0", OK, client_seconds=0.1)
    page.start()
    try:
        for first in (b"", b"GET / HT"):
            with socket.create_connection(("127.0.0.1", page.port), timeout=20) as sock:
                sock.sendall(first)
                assert b"" == sock.recv(4096)
    finally:
        page.stop()


def test_dripping_does_not_prolong():
    """
    Each byte in time does not make the whole request last for ever.
    """
    page = HttpPage("127.0.0.1:0", OK, client_seconds=0.5)
    page.start()
    tick = threading.Event()
    hung_up = pytest.raises((ConnectionResetError, BrokenPipeError))
    try:
        address = ("127.0.0.1", page.port)
        with socket.create_connection(address, timeout=20) as sock, hung_up:
            for _ in range(800):
                sock.sendall(b"x")
                tick.wait(0.05)
    finally:
        page.stop()


def test_many_silent_clients_do_not_pile_up_threads():
    """
    Beyond a bound, connections are closed instead of getting a thread.
    """
    page = HttpPage("127.0.0.1:0", OK, client_seconds=20)
    page.start()
    address = ("127.0.0.1", page.port)
    clients = [socket.create_connection(address, timeout=20) for _ in range(17)]
    try:
        assert b"" == clients[-1].recv(1)
        clients.pop(0).close()
    finally:
        for sock in clients:
            sock.close()
        page.stop()
