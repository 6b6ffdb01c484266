"""From settings to servers that want to know who asks: real ones, with certificates, passwords and tokens."""

from __future__ import annotations

import gc
import io
import logging
import time
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import structlog
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from service.app.connections import kafka_of, memory_of
from service.app.frame import PatientBroker
from service.kafka.connection import KafkaConnection, administration
from service.settings import BadSettings, KafkaSettings, LogSettings, RedisSettings
from service.store.port import StoreUnreachable
from service.telemetry.logs import configure_logging
from tests.backends.certificates import KEY_PASSWORD, Certificates, can_be_made
from tests.backends.kafka_server import KafkaServer, missing_tools
from tests.backends.redis_server import find_binary, free_port, own_redis

SECRET: Final = "marker-secret"


@pytest.fixture(autouse=True)
def without_refused_connections() -> Iterator[None]:
    """Neither driver waits for the end of a refused TLS connection; a loop that ends at once leaves it open."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if not can_be_made():
        pytest.skip("needs OpenSSL's command to make certificates")
    return Certificates.made(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secured_kafka(certificates: Certificates) -> Iterator[KafkaServer]:
    """A real broker that wants certificates at one port and a login at another."""
    if missing := missing_tools():
        pytest.skip(f"needs a Kafka of its own: {missing}")
    with KafkaServer(certificates) as server:
        yield server


@pytest.fixture(scope="module")
def secured_redis(certificates: Certificates) -> Iterator[str]:
    """Address of a real Redis that wants certificates and knows one user beside the default one."""
    if find_binary() is None:
        pytest.skip("needs a Redis of its own")
    port = free_port()
    options = {
        "--tls-port": str(port),
        "--tls-cert-file": str(certificates.cert("server")),
        "--tls-key-file": str(certificates.key("server")),
        "--tls-ca-cert-file": str(certificates.ca),
        "--tls-auth-clients": "yes",
        "--user": f"fairlead on >{SECRET} ~* &* +@all",
    }
    with own_redis([word for pair in options.items() for word in " ".join(pair).split()]):
        yield f"rediss://127.0.0.1:{port}/0"


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that the process and its drivers say to somebody who wants to see everything."""
    before = structlog.get_config(), logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    configure_logging(LogSettings(level="debug"), stream)
    yield stream
    structlog.configure(**before[0])
    logging.root.handlers[:], logging.root.level = before[1], before[2]


def redis_settings(url: str, certificates: Certificates, **more: Any) -> RedisSettings:
    known = {
        "ca_file": certificates.ca,
        "cert_file": certificates.cert("client"),
        "key_file": certificates.key("client"),
    }
    return RedisSettings(url=url, username="fairlead", **{"password": SecretStr(SECRET), **known, **more})


async def test_redis_is_reached_with_certificate_and_password(secured_redis: str, certificates: Certificates) -> None:
    store = memory_of(redis_settings(secured_redis, certificates))
    assert (await store.peek(0, []))[1] == []
    await store.close()


@pytest.mark.parametrize(
    "wrong",
    [{"cert_file": None, "key_file": None}, {"ca_file": None}, {"password": SecretStr(f"{SECRET}-wrong")}],
    ids=["no certificate", "no authority", "wrong password"],
)
async def test_redis_refuses_others_and_nobody_repeats_the_password(
    secured_redis: str, certificates: Certificates, logged: io.StringIO, wrong: dict[str, Any]
) -> None:
    store = memory_of(redis_settings(secured_redis, certificates, **wrong))
    with pytest.raises(StoreUnreachable) as refused:
        await store.peek(0, [])
    structlog.get_logger().error("test.refused", error=repr(refused.value), store=store, exc_info=refused.value)
    await store.close()
    assert SECRET not in logged.getvalue() + str(refused.value) + repr(store)


async def meets(connection: KafkaConnection) -> None:
    """The broker answers our own clients, and those of the frame."""
    async with administration(connection) as admin:
        assert (await admin.describe_cluster())["cluster_id"]
    broker = PatientBroker(connection, _at_once)
    await broker.start()
    await broker.stop()


async def _at_once() -> None:
    """Nothing to prepare."""


def kafka_settings(certificates: Certificates, name: str = "client", /, **more: Any) -> KafkaSettings:
    known = {
        "security_protocol": "SSL",
        "ca_file": certificates.ca,
        "cert_file": certificates.cert(name),
        "key_file": certificates.key(name),
    }
    return KafkaSettings(**{**known, **more})


@pytest.mark.parametrize(("name", "password"), [("client", None), ("locked", SecretStr(KEY_PASSWORD))])
async def test_kafka_is_reached_with_a_certificate(
    secured_kafka: KafkaServer, certificates: Certificates, name: str, password: SecretStr | None
) -> None:
    await meets(kafka_of(kafka_settings(certificates, name, bootstrap=secured_kafka.tls, key_password=password)))


@pytest.mark.parametrize(
    "wrong", [{"cert_file": None, "key_file": None}, {"ca_file": None}], ids=["none", "no authority"]
)
async def test_kafka_refuses_who_has_no_certificate(
    secured_kafka: KafkaServer, certificates: Certificates, wrong: dict[str, Any]
) -> None:
    connection = kafka_of(kafka_settings(certificates, bootstrap=secured_kafka.tls, **wrong))
    with pytest.raises(KafkaError):
        await meets(connection)


def token(seconds: int) -> str:
    """A token without a signature, as the broker of these tests takes it, valid for so long."""
    said = ({"alg": "none"}, {"sub": "fairlead", "iat": time.time() - 100, "exp": time.time() + seconds})
    return ".".join([*(urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in said), ""])


async def test_a_token_is_read_anew_for_each_connection(
    secured_kafka: KafkaServer, certificates: Certificates, tmp_path: Path, logged: io.StringIO
) -> None:
    """Whoever renews it replaces the file; the process goes on with its connections."""
    file = tmp_path / "token"
    connection = kafka_of(
        KafkaSettings(
            bootstrap=secured_kafka.sasl,
            security_protocol="SASL_SSL",
            sasl_mechanism="OAUTHBEARER",
            token_file=file,
            ca_file=certificates.ca,
        )
    )
    with pytest.raises(KafkaError):
        await meets(connection)
    file.write_text(token(-50))
    with pytest.raises(KafkaError):
        await meets(connection)
    file.write_text(token(300) + "\n")
    await meets(connection)
    assert file.read_text().strip() not in logged.getvalue()


async def test_kafka_is_reached_with_a_password_and_nobody_repeats_a_wrong_one(
    secured_kafka: KafkaServer, certificates: Certificates, logged: io.StringIO
) -> None:
    def with_password(password: str) -> KafkaConnection:
        login: dict[str, Any] = {"username": "fairlead", "password": SecretStr(password), "sasl_mechanism": "PLAIN"}
        at: dict[str, Any] = {
            "bootstrap": secured_kafka.sasl,
            "security_protocol": "SASL_SSL",
            "cert_file": None,
            "key_file": None,
        }
        return kafka_of(kafka_settings(certificates, **login, **at))

    await meets(with_password("right-password"))
    with pytest.raises(KafkaError) as refused:
        await meets(with_password(SECRET))
    structlog.get_logger().error("test.refused", error=repr(refused.value), exc_info=refused.value)
    assert SECRET not in logged.getvalue()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"ca_file": Path("/nowhere.pem")}, "FAIRLEAD_KAFKA__CA_FILE: /nowhere.pem cannot be read (No such file"),
        ({"key_file": None}, "FAIRLEAD_KAFKA__CA_FILE, FAIRLEAD_KAFKA__CERT_FILE: not usable"),
        ({"key_password": SecretStr(SECRET)}, "is its password right?"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_its_variable(
    certificates: Certificates, wrong: dict[str, Any], told: str
) -> None:
    """At once, and not as a connection that never comes; nor is a terminal asked for a password."""
    with pytest.raises(BadSettings) as refused:
        kafka_of(kafka_settings(certificates, "locked", **{"key_password": SecretStr(KEY_PASSWORD), **wrong}))
    assert told in str(refused.value)
    assert SECRET not in str(refused.value)
