"""The notification service that the page shows: it sends each mail once, in the end, and lets nobody hold it up."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from service.config.loader import compile_inline
from service.core.configuration import Config
from service.core.model import Assigned, Decision, NewsSummary, Nothing, Notification
from service.embedded.kafka import EmbeddedKafka
from service.kafka.connection import KafkaConnection
from service.kafka.publisher import Publisher
from service.wire.messages import Message
from service.wire.outputs import Context, render
from service.wire.topics import Topics
from tests.cli.running import until

PROGRAM: Final = Path(__file__).parents[2] / "deploy" / "examples" / "notifier" / "notifier.py"
LINES: Final = 60
"""So much code is enough."""
TRIES: Final = 3


class Post:
    """A mail server that keeps what it gets. It is overloaded so often first, does not know some people, has no room
    for others, and takes no mail that says what is unwanted.
    """

    def __init__(
        self, busy: int = 0, unknown: str = "", unwanted: bytes = b"", full: str = "", busy_says: str = "451 later"
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.busy = busy
        self.busy_says = busy_says
        self.unknown = unknown
        self.unwanted = unwanted
        self.full = full
        self.refused_for_now = 0

    async def handle_RCPT(  # noqa: N802 - the server asks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.unknown and address.startswith(self.unknown):
            return "550 no such person"
        if self.full and address.startswith(self.full):
            self.refused_for_now += 1
            return "452 this mailbox is full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # the server calls it by this name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.busy:
            self.busy -= 1
            return self.busy_says
        assert isinstance(envelope.content, bytes)
        if self.unwanted and self.unwanted in envelope.content:
            return "554 not wanted here"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def serving(post: Post, port: int) -> Iterator[None]:
    """Letters beyond ASCII are in no address that it takes."""
    controller = Controller(post, hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@asynccontextmanager
async def program(bootstrap: str, port: int, folder: Path) -> AsyncIterator[None]:
    """The program under way, as a process of its own."""
    own = {"BOOTSTRAP": bootstrap, "SMTP": f"127.0.0.1:{port}", "SENT": str(folder / "sent.db"), "TRIES": str(TRIES)}
    environment = {**os.environ, **own}
    running = await asyncio.create_subprocess_exec(sys.executable, str(PROGRAM), env=environment)
    try:
        yield
    finally:
        running.terminate()
        await running.wait()


async def publish(bootstrap: str, *messages: Message) -> None:
    publisher = Publisher(KafkaConnection(bootstrap=bootstrap, embedded=True))
    await publisher.publish(messages)
    await publisher.close()


def news(number: int, person: str = "ann", via: tuple[str, ...] = ("email",), config: Config | None = None) -> Message:
    """What somebody is told of an assignment, as we publish it."""
    decision = Decision(
        record=f"lead/{number}",
        outcome=Assigned(person, "inbound", number),
        sequence=1,
        notifications=(Notification("assigned", person, via),),
    )
    return render(decision, f"1-0-{number}-0", context(config))[1]


def summary() -> Message:
    told = Notification("assigned", "ann", ("email",), summary=NewsSummary(96, 1_772_000_000_000, 0, ("lead/5",)))
    return render(Decision(record="", outcome=Nothing("told_late"), notifications=(told,)), "1-0-99-0", context())[0]


def context(config: Config | None = None) -> Context:
    found: dict[str, Any] = {} if config is None else {"config": config}
    return Context(Topics.of(), "main", 1_772_000_000_000, 1, "label", **found)


def test_the_program_is_short() -> None:
    """Lines of code, without its words."""
    text = PROGRAM.read_text().split('"""')
    code = [line for part in text[::2] for line in part.splitlines() if line.strip()]
    assert len(code) <= LINES


async def test_each_is_sent_once_though_it_comes_twice_and_the_server_is_busy(tmp_path: Path) -> None:
    """Published again, sent again, started again; what is for other means is not sent. Texts are those of the event."""
    html = {"subject": "Nëw: {{ record.id }}", "body": "Plain", "html": "<p>{{ record.id }}</p>"}
    config = compile_inline({"users": ["ann"], "templates": {"assigned": {"en": html}}}, "x")
    post, port = Post(busy=2), free_port()
    with EmbeddedKafka() as broker, serving(post, port):
        await publish(broker.bootstrap, news(1), news(1), news(2, via=("chat",)), news(3, config=config))
        async with program(broker.bootstrap, port, tmp_path):
            await until(lambda: len(post.mails) == 2)
        await publish(broker.bootstrap, news(1), news(4), summary())
        async with program(broker.bootstrap, port, tmp_path):
            await until(lambda: len(post.mails) == 4)
    assert [mail["Subject"] for mail in post.mails] == [
        "Yours: lead 1",
        "Nëw: 3",
        "Yours: lead 4",
        "96 more: yours now",
    ]
    assert {mail["To"] for mail in post.mails} == {"ann@example.com"}
    assert len({mail["Message-ID"] for mail in post.mails}) == 4
    assert post.mails[0].get_content().strip() == "lead 1 is yours now. It was your turn in inbound."
    assert [part.get_content_type() for part in post.mails[1].iter_parts()] == ["text/plain", "text/html"]


async def test_nothing_is_lost_while_the_mail_server_is_not_there(tmp_path: Path) -> None:
    post, port = Post(), free_port()
    with EmbeddedKafka() as broker:
        await publish(broker.bootstrap, news(1), news(2))
        async with program(broker.bootstrap, port, tmp_path):
            with serving(post, port):
                await until(lambda: len(post.mails) == 2)


@pytest.mark.parametrize(("person", "unwanted"), [("bad", b""), ("jörg", b""), ("ann", b"lead 1")])
async def test_what_is_refused_for_good_holds_nobody_up(tmp_path: Path, person: str, unwanted: bytes) -> None:
    """An address that is nobody's, one that this server cannot write, a mail that it does not want."""
    post, port = Post(unknown="bad", unwanted=unwanted), free_port()
    with EmbeddedKafka() as broker, serving(post, port):
        await publish(broker.bootstrap, news(1, person), news(2), news(3))
        async with program(broker.bootstrap, port, tmp_path):
            await until(lambda: len(post.mails) == 2)
    assert [mail["To"] for mail in post.mails] == ["ann@example.com"] * 2


async def test_a_mailbox_that_is_full_is_tried_some_times_and_a_server_in_trouble_as_often_as_it_takes(
    tmp_path: Path,
) -> None:
    """Who comes behind a full mailbox has waited no longer than its tries take. 421 is no matter of a mailbox."""
    post, port = Post(busy=TRIES + 1, busy_says="421 closing down", full="full"), free_port()
    with EmbeddedKafka() as broker, serving(post, port):
        await publish(broker.bootstrap, news(1), news(2, "full"), news(3))
        async with program(broker.bootstrap, port, tmp_path):
            await until(lambda: len(post.mails) == 2 and post.refused_for_now >= TRIES)
    assert post.refused_for_now == TRIES
    assert sorted(str(mail["Subject"]) for mail in post.mails) == ["Yours: lead 1", "Yours: lead 3"]


@pytest.mark.parametrize("person", ["x\r\nBcc: y@example.com", "x\nSubject: z"])
def test_a_person_s_name_adds_no_line_to_a_mail(person: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """f5 What the library refuses is an error, and no mail to somebody else."""
    from importlib.util import module_from_spec, spec_from_file_location

    monkeypatch.setenv("SENT", str(tmp_path / "sent.db"))
    spec = spec_from_file_location("notifier", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(ValueError, match="Header values") as refused:
        module.mail_of("1", {"person": person, "subject": "s", "body": "b"})
    assert module.tries_for(refused.value) == 1
    module.table.close()
