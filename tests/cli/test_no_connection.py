"""Nothing to connect to: exit code 2 and one clear line, whatever the command."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.running import Service

COMMANDS = {
    "watch": ("watch",),
    "explain": ("explain", "lead/1"),
    "pools": ("pools",),
    "deadletters list": ("deadletters", "list"),
    "deadletters redrive": ("deadletters", "redrive", "all"),
    "deadletters show": ("deadletters", "show", "0/crm.records/0/1"),
    "topics check": ("topics", "check"),
    "topics create": ("topics", "create"),
    "config show": ("config", "show"),
    "members away": ("members", "away", "ann"),
    "members back": ("members", "back", "ann"),
    "config rollback": ("config", "rollback", "1"),
    "config history": ("config", "history"),
    "config diff": ("config", "diff", "1", "2"),
    "config publish": ("config", "publish", "."),
    "sources reset": ("sources", "reset", "--yes"),
    "adopt": ("adopt", "0", "--yes"),
    "restore": ("restore", "0", "--yes"),
}


@pytest.fixture
def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_without_a_broker_one_line_says_what_and_where(alone: Run, nowhere: str, arguments: tuple[str, ...]) -> None:
    """What does not answer, where it was looked for, and what to set."""
    told = alone(*arguments, "--kafka", nowhere)
    assert (told.code, told.out) == (2, "")
    assert told.err.count("\n") == 1
    assert f"Kafka at {nowhere}" in told.err
    assert "FAIRLEAD_KAFKA__BOOTSTRAP" in told.err


def test_without_a_memory_one_line_says_what_and_where(run: Run, nowhere: str) -> None:
    """The broker answers, Redis does not."""
    told = run("pools", "--redis", f"redis://{nowhere}/0")
    assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert f"Redis at redis://{nowhere}/0" in told.err


def test_settings_that_cannot_be_used_are_told(alone: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable is named."""
    monkeypatch.setenv("FAIRLEAD_KAFKA__BOOTSRAP", "x")
    told = alone("pools")
    assert (told.code, "FAIRLEAD_KAFKA__BOOTSRAP" in told.err) == (2, True)


def test_sources_of_a_running_service_are_not_reset(run: Run, service: Service, tmp_path: Path) -> None:
    """Its group has members: it says to stop them, and the epoch stays."""
    told = run("sources", "reset", "--yes")
    assert (told.code, "stop all processes" in told.err) == (2, True)
    sources = service.process.feed.history.sources
    assert sources is not None
    assert sources.epoch == 0
