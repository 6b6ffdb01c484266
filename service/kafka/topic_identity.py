"""Which topic it is: the identity that a broker gives each topic when it is made.

A name may be used again after a topic was deleted; the identity never is. The driver knows no request that tells it, so
the one version of the metadata request that does is described here, as the protocol's guide describes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, NodeNotReadyError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

METADATA: Final = 3
VERSION: Final = 12
NOBODY: Final = UUID(int=0)
"""What a broker says that gives its topics no identities."""


class _Uuid(AbstractType[UUID]):  # type: ignore[misc]  # the driver ships no types
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


_TEXT: Final = CompactString("utf-8")
_NUMBERS: Final = CompactArray(Int32)
_PARTITION: Final = (
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", _NUMBERS),
    ("in_sync", _NUMBERS),
    ("offline", _NUMBERS),
    ("tags", TaggedFields),
)
_TOPIC: Final = (
    ("error_code", Int16),
    ("name", _TEXT),
    ("identity", _Uuid),
    ("is_internal", Boolean),
    ("partitions", CompactArray(*_PARTITION)),
    ("allowed_operations", Int32),
    ("tags", TaggedFields),
)
_BROKER: Final = (("node", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), ("tags", TaggedFields))


class _Answer(Response):  # type: ignore[misc]  # the driver ships no types
    API_KEY = METADATA
    API_VERSION = VERSION
    SCHEMA = Schema(
        ("throttle_ms", Int32),
        ("brokers", CompactArray(*_BROKER)),
        ("cluster", _TEXT),
        ("controller", Int32),
        ("topics", CompactArray(*_TOPIC)),
        ("tags", TaggedFields),
    )


class _Question(RequestStruct):  # type: ignore[misc]  # the driver ships no types
    API_KEY = METADATA
    API_VERSION = VERSION
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", CompactArray(("identity", _Uuid), ("name", _TEXT), ("tags", TaggedFields))),
        ("may_create", Boolean),
        ("with_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Identities(Request[_Question]):  # type: ignore[misc]  # the driver ships no types
    API_KEY = METADATA

    def __init__(self, names: Iterable[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_Question]) -> _Question:
        may_create = with_operations = False
        return request_struct_class([(NOBODY, name, {}) for name in self._names], may_create, with_operations, {})


async def identities(client: AIOKafkaClient, names: Iterable[str]) -> dict[str, str]:
    """The identity of each topic that exists; empty where the broker does not tell it. Raises `KafkaError`.

    `client` is what the driver's consumers and admin clients hold: no connection is made for the question.
    """
    names, node = list(names), client.get_random_node()
    if node is None:
        raise NodeNotReadyError("no broker is known yet")
    try:
        answer = await client.send(node, _Identities(names))
    except (NotImplementedError, IncompatibleBrokerVersion):
        return dict.fromkeys(names, "")
    found = {}
    for error_code, name, identity, *_ in answer.topics:
        error: Any = for_code(error_code)
        if error is UnknownTopicOrPartitionError:
            continue
        if error_code:
            raise error(name)
        found[name] = "" if identity == NOBODY else str(identity)
    return found
