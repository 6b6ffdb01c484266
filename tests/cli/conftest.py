"""A running service that all tests of commands share, and a way to run a command as a terminal would."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import orjson
import pytest
import structlog

from service.cli import main
from service.store.redis import connect
from service.wire.messages import Message
from tests.backends.kafka_fixture import Kafka, unique_topics
from tests.cli.deployment import DIRECTORY, Deployment
from tests.cli.running import Service, lead, running_service
from tests.lane.lane_world import LANE

CONFIGURATION = """
users: {ann: {name: Ann Lindqvist}, bob: {}, eve: {}, kim: {roles: [admin]}}
pools:
  sales: {record_type: lead, members: [ann, bob, {user: eve, max_open: 1}]}
  spare: {record_type: deal, members: [bob]}
tools: {form: {name: Webinar form}}
offers: {gold: {name: Gold}}
plans:
  spring: {name: Spring campaign, managers: [ann, bob], tools: [form], conversion: 12.5, average_sale: 100,
           label: {text: Spring, colour: green}}
  care: {name: After the sale, managers: [eve], offers: {paid: [gold]}, mode: linked}
rule_sets:
  leads:
    name: Leads
    record_type: lead
    active: true
    entries:
      - {id: vip, name: Key accounts, criteria: [country equals US], target: {user: eve}, on: [created, updated]}
      - {id: all, name: Everybody else, target: {pool: sales}}
      - {id: news, name: News, criteria: [country equals DE], target: {user: kim}, on: updated, reassign: always}
fields: {lead: {country: text, size: number, budget: number, note: text}}
processes: {hunt: {record_type: lead, steps: {found: {}, called: {}, visited: {generates_task: true}}}}
workflows:
  budget-known:
    name: Budget known
    active: true
    trigger: {field_filled: budget}
    action: {mark_step: {process: hunt, step: found}}
  note: {trigger: {step_marked: {process: hunt, step: called}}, action: {require_field: note}}
settings: {product: {workflows: {at_most: 3}}}
"""

LARGE_BYTES = 950_000
"""More than a dead letter may have, and less than a topic takes by default."""


class Ended(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        """Standard output, which must be one JSON value."""
        return orjson.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Six leads were created in turn, another named a pool that does not exist, two events could not be read."""
    directory = tmp_path_factory.mktemp("config")
    (directory / "all.yaml").write_text(CONFIGURATION)
    with running_service(directory) as running:
        for number in range(1, 7):
            running.send(lead(str(number)))
        running.send(lead("lost", owner=("pool", "nowhere")))
        running.spoil(Message("crm.records", b"lead/broken", b'{"broken": "ja\xff', (("origin", b"form \xfe"),)))
        running.spoil(Message("crm.records", b"lead/large", b"x" * LARGE_BYTES))
        yield running


@pytest.fixture
def alone(capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command that connects to nothing."""
    before = structlog.get_config(), logging.root.handlers[:], logging.root.level

    def run(*arguments: str | Path) -> Ended:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        written = capfd.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0 if code is None else 1, written.out, written.err)

    yield run
    structlog.configure(**before[0])
    logging.root.handlers[:], logging.root.level = before[1], before[2]


@pytest.fixture
def run(service: Service, alone: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against the running service, whose memory the environment names."""
    monkeypatch.setenv("FAIRLEAD_REDIS__URL", service.redis)
    return lambda *arguments: alone(*arguments, "--kafka", service.kafka)


@pytest.fixture
def deployment(
    real_kafka: Kafka, redis_address: str, alone: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Deployment]:
    """Topics, an epoch and a configuration on real back ends."""
    (tmp_path / "all.yaml").write_text(DIRECTORY)
    made = Deployment(real_kafka, redis_address, f"test-{uuid4().hex}", tmp_path, alone, monkeypatch, unique_topics())
    made.begin()
    yield made

    async def forget() -> None:
        store = connect(made.redis, made.redis_prefix)
        await store.forget(LANE)
        await store.close()

    asyncio.run(forget())
