"""A file of opportunities, published and shared out over the pools of three offices.

The real set is used where `FAIRLEAD_CRM_SALES` names its folder: "CRM Sales Opportunities" of Maven Analytics, 8,800
opportunities of which 1,425 name no account. A made-up set of the same shape takes the same way everywhere.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson
import pytest

from service.app.process import Extras, Process
from service.kafka.connection import KafkaConnection
from service.kafka.reading import read_topic
from service.settings import HttpSettings, KafkaSettings, RedisSettings, Settings
from service.wire.messages import RawRecord
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka
from tests.e2e import sales
from tests.e2e.conftest import LANES, environment
from tests.e2e.programs import a_moment, fairlead, running, until

FOLDER: Final = "FAIRLEAD_CRM_SALES"
ROWS: Final = 8_800
WITHOUT_ACCOUNT: Final = 1_425
MADE_UP_ROWS: Final = 400
DECIDED_SECONDS: Final = 60.0


@pytest.fixture
def sales_folder() -> Path:
    """The real set."""
    named = os.environ.get(FOLDER)
    if not named:
        pytest.skip(f"the sales set is not here: {FOLDER} does not name its folder")
    return Path(named)


async def publish(folder: Path, where: Mapping[str, str]) -> None:
    """Publish the pipeline; all of it must go."""
    ended = await fairlead("publish", folder / sales.PIPELINE, "--map", sales.MAP, "--json", environment=where)
    assert ended.code == 0, ended.err
    said = orjson.loads(ended.out)
    assert (said["events"], said["bad_rows"]) == (len(sales.opportunities(folder)), 0)


async def assignments(connection: KafkaConnection, topics: Topics, count: int) -> list[RawRecord]:
    """All that stands in `assignments`, as soon as it is so much."""
    async with asyncio.timeout(DECIDED_SECONDS):
        while True:
            found = [record async for record in read_topic(connection, topics.assignments)]
            if len(found) >= count:
                return found
            await a_moment()


@pytest.mark.real
async def test_the_sales_set_is_shared_out_by_the_running_program(
    sales_folder: Path, real_kafka: Kafka, where: Mapping[str, str], topics: Topics
) -> None:
    """S15 S21-S27: an import is served in file order, evenly in each pool; who has no account goes to the default."""
    async with running(sales.CONFIG, environment=where) as service:
        await service.logged("process.started")
        await publish(sales_folder, where)
        records = await assignments(real_kafka.connection(), topics, ROWS)
        assert await service.leave() == 0
    rows = sales.opportunities(sales_folder)
    assert (len(rows), sum(not row["account"] for row in rows)) == (ROWS, WITHOUT_ACCOUNT)
    sales.assert_shared_out(sales_folder, records)


async def test_a_made_up_set_takes_the_same_way(
    tmp_path: Path, kafka: Kafka, redis_address: str, topics: Topics
) -> None:
    """S15 S21-S27: the same with fewer rows, on whatever broker there is."""
    folder = sales.made_up(tmp_path, MADE_UP_ROWS)
    group = f"{topics.prefix}fairlead"
    settings = Settings(
        kafka=KafkaSettings(bootstrap=kafka.bootstrap, topic_prefix=topics.prefix, group=group, lanes=LANES),
        redis=RedisSettings(url=redis_address, prefix=topics.prefix),
        http=HttpSettings(port=0),
        config_dir=sales.CONFIG,
    )
    process = Process(settings, Extras(embedded=not kafka.is_real))
    async with process.application.start_lifespan_context():
        await until(lambda: not process.missing)
        await publish(folder, environment(kafka.bootstrap, redis_address, topics.prefix))
        records = await assignments(kafka.connection(), topics, MADE_UP_ROWS)
    sales.assert_shared_out(folder, records)
