"""A topic made anew has another identity, whatever its name."""

from __future__ import annotations

import pytest

from service.embedded.kafka import EmbeddedKafka
from service.kafka.connection import KafkaConnection, administration
from service.kafka.topic_identity import identities
from tests.backends.kafka_fixture import Kafka, unique_topics
from tests.sources.topics import make, remake


@pytest.mark.real
async def test_a_topic_made_anew_has_another_identity(real_kafka: Kafka) -> None:
    """The same as long as it lives; a topic that is not there has none."""
    connection, name = real_kafka.connection(), unique_topics().sources[0]
    await make(connection, name)
    async with administration(connection) as admin:
        first = await identities(admin._client, [name, "nobody"])  # as the service asks
        again = await identities(admin._client, [name])
        await remake(connection, name)
        anew = await identities(admin._client, [name])
    assert first.keys() == {name}
    assert first[name]
    assert first == again
    assert anew[name]
    assert anew != first


async def test_the_embedded_broker_tells_identities_too() -> None:
    """Or every look would find its topics made anew."""
    with EmbeddedKafka() as embedded:
        async with administration(KafkaConnection(embedded.bootstrap, embedded=True)) as admin:
            await admin.describe_topics(["crm.records"])
            first = await identities(admin._client, ["crm.records"])
            assert first.keys() == {"crm.records"}
            assert await identities(admin._client, ["crm.records"]) == first


class OldBroker:
    """The driver's client at a broker that knows no such request."""

    def get_random_node(self) -> int:
        return 0

    async def send(self, node: int, request: object) -> object:
        raise NotImplementedError


async def test_a_broker_that_knows_no_identities_says_so() -> None:
    """Then only offsets can tell."""
    assert await identities(OldBroker(), ["crm.records"]) == {"crm.records": ""}
