"""No secret is ever printed: whatever goes wrong, a marker in every setting that holds one is not seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

import pytest

from tests.backends.redis_server import find_binary, own_redis
from tests.cli.conftest import Run
from tests.cli.test_no_connection import COMMANDS, nowhere

MARKER: Final = "marker-secret"
SECRETS: Final = ("FAIRLEAD_KAFKA__PASSWORD", "FAIRLEAD_REDIS__PASSWORD")
LOGIN: Final = {
    "FAIRLEAD_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "FAIRLEAD_KAFKA__USERNAME": "fairlead",
    "FAIRLEAD_LOG__LEVEL": "debug",
    **dict.fromkeys(SECRETS, MARKER),
}
SECONDS: Final = 30

__all__ = ["nowhere"]


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_a_command_that_reaches_nothing_tells_no_secret(alone: Run, nowhere: str, arguments: tuple[str, ...]) -> None:
    told = alone(*arguments, "--kafka", nowhere)
    assert told.code == 2
    assert MARKER not in told.out + told.err


ADDRESSES: Final = (
    f"redis://:{MARKER}@127.0.0.1",
    f"redis://127.0.0.1/0?password={MARKER}",
    f"redis+sentinel://ann:{MARKER}@127.0.0.1",
    f"http://ann:{MARKER}@127.0.0.1",
    f"redis+other://ann:{MARKER}@127.0.0.1",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_with_a_secret_is_refused_and_not_repeated(
    alone: Run, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Told by an option or by the environment."""
    told = [alone("pools", "--redis", address)]
    monkeypatch.setenv("FAIRLEAD_REDIS__URL", address)
    told += [alone("pools"), alone("run")]
    for each in told:
        assert each.code == 2
        assert "FAIRLEAD_REDIS__" in each.err
        assert MARKER not in each.out + each.err


def test_a_memory_that_refuses_the_password_is_told_without_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_binary() is None:
        pytest.skip("needs a Redis of its own")
    with own_redis() as server:
        monkeypatch.setenv("FAIRLEAD_REDIS__USERNAME", "nobody")
        monkeypatch.setenv("FAIRLEAD_REDIS__PASSWORD", MARKER)
        told = run("pools", "--redis", server.address)
    assert told.code == 2
    assert "Redis at" in told.err
    assert MARKER not in told.out + told.err


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_service_whose_back_ends_are_away_logs_no_secret(nowhere: str, tmp_path: Path, form: str) -> None:
    """It starts, waits, says what is missing again and again, and ends when it is told to."""
    at = {"FAIRLEAD_KAFKA__BOOTSTRAP": nowhere, "FAIRLEAD_REDIS__URL": f"redis://{nowhere}", "FAIRLEAD_HTTP__PORT": "0"}
    environment = os.environ | LOGIN | at | {"FAIRLEAD_LOG__FORMAT": form}
    with subprocess.Popen(
        [sys.executable, "-m", "service", "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as process:
        giving_up = threading.Timer(SECONDS, process.kill)
        giving_up.start()
        told = []
        for line in process.stdout or ():
            told.append(line)
            if "start.delayed" in line:
                process.send_signal(signal.SIGTERM)
        giving_up.cancel()
    assert any("start.delayed" in line for line in told)
    assert MARKER not in "".join(told)
