"""A terminal that closes: who was begun to stay stays, and for all others it is one telling, however often it comes."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from faststream.kafka import KafkaBroker

from service.cli.run import _leave_on_signals
from service.http.application import Application
from service.http.serving import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    """A server, with the handlers of this process put back afterwards. This run may itself be begun to stay."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield serving(Application(KafkaBroker(), (), logger=None))
    for each, handler in before.items():
        signal.signal(each, handler)


def test_a_terminal_that_closes_is_told_once(server: Server) -> None:
    heard: list[bool] = []
    server.told = lambda: heard.append(server.should_exit)
    _leave_on_signals(server)
    for each in (signal.SIGHUP, signal.SIGHUP):
        signal.raise_signal(each)
    assert (heard, server.should_exit) == ([False], True)


def test_after_another_signal_it_says_nothing_new(server: Server) -> None:
    """A service manager may send both."""
    heard: list[bool] = []
    server.told = lambda: heard.append(server.should_exit)
    _leave_on_signals(server)
    server.handle_exit(signal.SIGTERM, None)
    signal.raise_signal(signal.SIGHUP)
    assert heard == [False]


def test_who_was_begun_with_it_ignored_stays(server: Server) -> None:
    """That is what `nohup` does."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _leave_on_signals(server)
    signal.raise_signal(signal.SIGHUP)
    assert not server.should_exit
