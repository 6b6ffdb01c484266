"""What a client meets over HTTP, on real sockets."""

from __future__ import annotations

import asyncio
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from faststream.asgi.types import Receive, Scope, Send
from faststream.kafka import KafkaBroker

from schemas.asyncapi import Deployment
from service.http.application import Application
from service.http.routes import Readiness, routes
from service.http.serving import CONNECTIONS, ImpatientProtocol, Server, serving


async def fine() -> Readiness:
    return Readiness((), {})


async def no_numbers() -> bytes:
    return b""


ROUTES = routes(fine, no_numbers, Deployment())

SECONDS = 0.5
"""A client's time for a request in these tests."""
AT_MOST_SECONDS = 10.0


class QuickProtocol(ImpatientProtocol):
    header_seconds = SECONDS


@pytest.fixture
def port() -> Iterator[int]:
    """Where the real routes are served, without a broker behind them."""
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as listener:
        begun: list[Server] = []
        thread = threading.Thread(target=lambda: asyncio.run(_serve(listener, begun)))
        thread.start()
        yield listener.getsockname()[1]
        begun[0].should_exit = True
        thread.join(AT_MOST_SECONDS)
        assert not thread.is_alive()


async def _serve(listener: socket.socket, begun: list[Server]) -> None:
    application = Application(KafkaBroker(), ROUTES, logger=None)

    async def without_a_broker(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await application(scope, receive, send)
        for phase in ("startup", "shutdown") if scope["type"] == "lifespan" else ():
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})

    server = serving(without_a_broker, QuickProtocol)
    begun.append(server)
    await server.serve([listener])


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), AT_MOST_SECONDS)


def asked(port: int, path: str) -> tuple[str, str]:
    """Status line and body of an answer."""
    with connected(port) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head, _, body = b"".join(iter(lambda: client.recv(65_536), b"")).decode().partition("\r\n\r\n")
    return head.partition("\r\n")[0], body


def ends_although(client: socket.socket, dripped: bytes) -> bool:
    """Whether the server lets go of a client that goes on sending, a piece again and again."""
    deadline = time.monotonic() + AT_MOST_SECONDS
    try:
        while time.monotonic() < deadline:
            readable, _, _ = select.select([client], [], [], SECONDS / 10)
            if readable and not client.recv(65_536):
                return True
            if dripped:
                client.sendall(dripped)
    except ConnectionError:
        return True
    return False


BEGINNINGS = {
    "nothing": b"",
    "half a line": b"GET /li",
    "headers without an end": b"GET /live HTTP/1.1\r\nHost: x\r\n",
    "a body that does not come": b"GET /live HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
    "half a second request": b"GET /live HTTP/1.1\r\nHost: x\r\n\r\nGET /live HT",
}


@pytest.mark.parametrize("begun", BEGINNINGS.values(), ids=BEGINNINGS)
@pytest.mark.parametrize("dripped", [b"", b"a"], ids=["silent", "dripping"])
def test_a_client_that_does_not_finish_its_request_is_let_go(port: int, begun: bytes, dripped: bytes) -> None:
    with connected(port) as client:
        client.sendall(begun)
        assert ends_although(client, dripped)


def test_many_half_open_connections_do_not_keep_others_out_for_long(port: int) -> None:
    """Twice as many as there may be: all are let go, and whoever comes then is answered."""
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(port)) for _ in range(2 * CONNECTIONS)]
        for client in clients:
            client.sendall(b"GET /live HTTP/1.1\r\nX: ")
        assert all(ends_although(client, b"") for client in clients)
        assert asked(port, "/live") == ("HTTP/1.1 200 OK", '{"live":true}')


def test_more_connections_than_allowed_are_told_so(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(connected(port))
        assert asked(port, "/live")[0] == "HTTP/1.1 503 Service Unavailable"


def test_a_client_that_asks_again_within_its_time_keeps_its_connection(port: int) -> None:
    with connected(port) as client:
        for _ in range(5):
            client.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}"):
                answer += client.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200")


def test_a_path_that_leads_nowhere_is_told_with_those_that_lead_somewhere(port: int) -> None:
    status, body = asked(port, "/metrix%1b%5b2J")
    assert status == "HTTP/1.1 404 Not Found"
    assert body == "There is nothing at /metrix\\x1b[2J. There is: /live, /ready, /metrics, /docs, /asyncapi.yaml\n"


def test_the_first_page_leads_to_all_others(port: int) -> None:
    status, body = asked(port, "/")
    assert status == "HTTP/1.1 200 OK"
    for path, _ in ROUTES:
        assert f"<a href='{path}'>" in body
        assert asked(port, path)[0] == "HTTP/1.1 200 OK"


def test_each_signal_to_leave_is_told_at_once() -> None:
    """Before anybody looks whether to leave: the first, and any after it."""
    heard: list[bool] = []
    server = serving(Application(KafkaBroker(), ROUTES, logger=None))
    server.told = lambda: heard.append(server.should_exit)
    for _ in range(2):
        server.handle_exit(signal.SIGTERM, None)
    assert heard == [False, True]
