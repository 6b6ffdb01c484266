"""Every command that README and pages show: run for real where it can be, against a service on embedded back ends.

`fairlead run DIR` starts that service with this directory; what follows on the page speaks to it. What is shown below a
command is compared with what it says; `…` stands for anything. What cannot run here is in `NOT_RUN`, each with the
reason and a check of what can be checked.
"""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from service.cli import COMMANDS, application
from service.cli.reach import configure_quietly
from service.embedded.kafka import EMBEDDED_LANES
from service.settings import variables
from service.wire.inputs import decode
from service.wire.messages import Poison, RawRecord
from service.wire.topics import SOURCES
from tests.cli.conftest import Ended, Run
from tests.cli.running import Service, running_service
from tests.docs.blocks import Block, Command, commands, named_commands
from tests.docs.test_blocks import of_kind
from tests.e2e.sales import made_up
from tests.tidy.tree import ROOT

PATIENCE_LOOKS: Final = 200
LOOK_SECONDS: Final = 0.05
CONFIGURATION: Final = "deploy/config"
"""What runs where a page starts nothing itself."""
EVENTS: Final = 30


def a_target_of_the_makefile(words: list[str]) -> bool:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    return set(words[1:]) <= targets


def variables_that_are_settings(words: list[str]) -> bool:
    return {word.partition("=")[0] for word in words[1:]} <= variables().keys()


def files_that_are_there(words: list[str]) -> bool:
    return all((ROOT / word).is_file() for word in words if "/" in word)


def an_event_that_can_be_read(words: list[str]) -> bool:
    """A key, a bar and an event, for a topic of the CRM."""
    value = words[1].partition("|")[2].encode()
    found = decode(RawRecord("crm.members", 0, 0, None, value, (), 0), epoch=0)
    return not isinstance(found, Poison) and words[words.index("--topic") + 1] in SOURCES


def the_virtual_environment(words: list[str]) -> bool:
    return words[1] == ".venv/bin/activate"


def options_that_exist(words: list[str]) -> bool:
    return not unknown_parts(words)


NOT_RUN: Final[Mapping[str, tuple[str, Callable[[list[str]], bool]]]] = {
    "make": ("these are what runs the tests, and what the tests of the command line run", a_target_of_the_makefile),
    "source": ("it concerns the reader's shell", the_virtual_environment),
    "export": ("it names the reader's own brokers", variables_that_are_settings),
    "docker": ("there is no container engine; the file is checked by tests/deploy", files_that_are_there),
    "echo": ("Kafka's shell tools are not installed; the event is read as ingest reads it", an_event_that_can_be_read),
    "fairlead adopt": ("it wants a halted lane: see tests/cli/test_changing.py", options_that_exist),
    "fairlead reconcile": ("the list is the reader's: see tests/cli/test_reconcile.py", options_that_exist),
    "fairlead restore": ("it wants a halted lane: see tests/cli/test_changing.py", options_that_exist),
}
"""By how a command begins: why it is not run, and what is checked instead."""


class Terminal:
    """Runs a page's commands one after another."""

    def __init__(self, run: Run, environment: pytest.MonkeyPatch) -> None:
        self.run = run
        self.environment = environment
        self.stack = ExitStack()
        self.service: Service | None = None

    def type(self, command: Command) -> None:
        """Run a command and hold what it says against what the page shows."""
        words = shlex.split(command.text)
        if words[:2] == ["fairlead", "run"]:
            self.start(words[2])
            return
        not_run = next((NOT_RUN[start] for start in NOT_RUN if command.text.startswith(f"{start} ")), None)
        if not_run is not None:
            assert not_run[1](words), not_run[0]
            return
        assert words[0] == "fairlead", "a command that is neither run nor in NOT_RUN"
        if self.service is None and words[1] not in ("check", "schemas"):
            self.start(CONFIGURATION)
        self.compare(words[1:], command.shown)

    def compare(self, arguments: list[str], shown: str) -> None:
        """What depends on a lane may take a moment: look again, but say a thing only once."""
        told = self.run(*arguments)
        for _ in range(PATIENCE_LOOKS if arguments[0] in ("pools", "explain", "deadletters") else 0):
            if is_as_shown(told, shown):
                break
            threading.Event().wait(LOOK_SECONDS)
            told = self.run(*arguments)
        assert told.code == 0, told.err
        assert is_as_shown(told, shown), told.out

    def start(self, directory: str) -> None:
        """A service with this configuration, in the place of the one before. Its log must not stand among outputs."""
        configure_quietly()
        self.stack.close()
        self.service = self.stack.enter_context(running_service(Path(directory)))
        self.environment.setenv("FAIRLEAD_KAFKA__BOOTSTRAP", self.service.kafka)
        self.environment.setenv("FAIRLEAD_KAFKA__LANES", str(EMBEDDED_LANES))
        self.environment.setenv("FAIRLEAD_REDIS__URL", self.service.redis)


def is_as_shown(told: Ended, shown: str) -> bool:
    """Line by line; nothing shown: anything."""
    pattern = ".*".join(re.escape(part) for part in shown.strip().split("…"))
    return not shown.strip() or re.fullmatch(pattern, told.out.strip(), re.DOTALL) is not None


@pytest.fixture
def terminal(alone: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Terminal]:
    """A folder as a reader has it: the repository's `deploy`, a configuration of their own, and the sales set."""
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    (tmp_path / "config").symlink_to(ROOT / "deploy" / "config")
    made_up(tmp_path, EVENTS)
    monkeypatch.chdir(tmp_path)
    opened = Terminal(alone, monkeypatch)
    with opened.stack:
        yield opened


PAGES: Final = {
    page: list(found) for page, found in groupby(commands(), key=lambda command: Path(command.block.page).name)
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_do_what_it_shows(page: str, terminal: Terminal) -> None:
    """In their order, as a reader would type them."""
    for command in PAGES[page]:
        terminal.type(command)


SOLD: Final = """deal_id,product,close_value,account,receipt,state,at,lead,offer
d1,GTX,100,Firm 1,r1,settled,31.01.2026 09:30,7,starter
d2,GTX,,,r2,Bounced,31.01.2026 09:31,8,starter
"""
"""A file with the columns of every map."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("block", of_kind("map"))
def test_a_map_of_a_page_publishes_a_file(block: Block, terminal: Terminal, tmp_path: Path) -> None:
    """Every row becomes an event; the look-up file is found beside it."""
    (tmp_path / "map.yaml").write_text(block.text)
    (tmp_path / "deals.csv").write_text(SOLD)
    (tmp_path / "accounts.csv").write_text("name,sector,employees\nFirm 1,retail,20\n")
    terminal.start(CONFIGURATION)
    told: Any = terminal.run("publish", "deals.csv", "--map", "map.yaml", "--json").json
    assert (told["events"], told["bad_rows"]) == (2, 0)


def test_each_reason_not_to_run_is_needed() -> None:
    """One that nothing uses would hide the next command that nobody runs."""
    typed = [command.text for command in commands()]
    assert [start for start in NOT_RUN if not any(text.startswith(f"{start} ") for text in typed)] == []


@pytest.mark.parametrize(("page", "text"), sorted(set(named_commands())))
def test_a_command_that_prose_names_exists(page: str, text: str) -> None:
    """With its options; `[…]` is what may be left out, `a|b` a choice."""
    assert unknown_parts(shlex.split(re.sub(r"[\[\]…]|\.\.\.", " ", text))) == []


def unknown_parts(words: list[str]) -> list[str]:
    """The command, or the options, that there are not."""
    name = words[1]
    if name.startswith("-"):
        return []
    if name not in COMMANDS:
        return [name]
    command: Any = typer.main.get_command(application(name)).commands[name]  # type: ignore[attr-defined]  # a group
    rest = words[2:]
    if hasattr(command, "commands"):
        if not rest or rest[0] not in command.commands:
            return rest[:1]
        command, rest = command.commands[rest[0]], rest[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return [word for word in rest if word.startswith("-") and word not in known]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("fairlead check DIR --strict", []),
        ("fairlead deadletters list --limit 3", []),
        ("fairlead chekc DIR", ["chekc"]),
        ("fairlead deadletters lst", ["lst"]),
        ("fairlead pools --divison main", ["--divison"]),
    ],
)
def test_a_command_that_does_not_exist_is_found(text: str, wrong: list[str]) -> None:
    assert unknown_parts(text.split()) == wrong


@pytest.mark.parametrize(
    ("shown", "out", "fits"),
    [("", "anything", True), ("a\n…\nd", "a\nb\nc\nd", True), ("a … b", "a 1 b\n", True), ("a", "a\nb", False)],
)
def test_what_is_shown_is_compared(shown: str, out: str, fits: bool) -> None:
    assert is_as_shown(Ended(0, out, ""), shown) is fits
