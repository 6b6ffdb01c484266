"""The command line as a whole: what there is, and what its exit codes mean."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Final

import pytest
from aiokafka.errors import KafkaConnectionError

from service.cli import COMMANDS, main
from service.cli.exits import FoundProblems, WrongUsage, exit_code
from service.cli.run import with_embedded
from service.config.problems import ConfigurationError, Problem
from service.kafka.port import Lost
from service.settings import WORKERS_MAX, Settings
from service.store.port import StoreUnreachable
from service.version import VERSION

TOO_MANY: Final = [("run", "--workers", "0"), ("run", "--workers", str(WORKERS_MAX + 1))]


def ended(*arguments: str) -> object:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return end.value.code


def raising(error: Exception) -> int:
    def run() -> None:
        raise error

    return exit_code(run)


def test_embedded_back_ends_are_of_one_process() -> None:
    """Whoever asks for several is told so before any begins."""
    with ExitStack() as stack, pytest.raises(WrongUsage, match="embedded back ends are of one process"):
        with_embedded(Settings(workers=2), stack)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--help") == 0
    said = capsys.readouterr().out
    assert [name for name in COMMANDS if name not in said] == []


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert capsys.readouterr().out.startswith(f"fairlead {VERSION} (Python ")


def test_every_command_in_the_list_exists() -> None:
    assert [name for name in COMMANDS if find_spec(f"service.cli.{name}") is None] == []


def test_help_imports_no_driver() -> None:
    """So it answers at once."""
    code = "import sys; from service.cli import application; application(None); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = set(done.stdout.split())
    assert "typer" in loaded
    assert loaded.isdisjoint({"aiokafka", "faststream", "pydantic", "redis", "service.lane", "service.app"})


@pytest.mark.parametrize("arguments", [("no-such-command",), ("check",), ("check", "--no-such-option", "."), *TOO_MANY])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(*arguments) == 2
    assert "Usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FoundProblems(), 1),
        (ConfigurationError([Problem("pools.yaml", 1, 1, "a mistake")]), 1),
        (WrongUsage("name a file"), 2),
        (KafkaConnectionError("no broker"), 2),
        (StoreUnreachable("no memory"), 2),
        (Lost("append"), 2),
        (FileNotFoundError("leads.csv"), 2),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_that_a_person_can_act_upon_becomes_a_code(error: Exception, code: int) -> None:
    """0 all well, 1 problems were found, 2 wrong usage or nothing to connect to."""
    assert raising(error) == code


def test_what_nobody_expects_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        raising(ZeroDivisionError())


def test_the_module_is_the_command_by_another_name() -> None:
    done = subprocess.run([sys.executable, "-m", "service", "--help"], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "fairlead" in done.stdout
