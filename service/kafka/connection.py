"""How to reach the broker: one value that every Kafka client of the program is built from.

The security protocol is not a setting of its own: it follows from whether there is TLS and whether there is a login,
so that the two cannot contradict each other.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, assert_never

import structlog
from aiokafka.abc import AbstractTokenProvider
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaTimeoutError

from service.limits import UNPACKED_LIMIT_BYTES

MAX_BATCH_BYTES = 1_000_000
"""Largest produce batch of more than one record: what any topic accepts."""
MAX_REQUEST_BYTES = 8 * 1024 * 1024
"""Bound of one request and of one fetched page: several of the largest records fit."""
FETCH_WAIT_MS = 500
"""How long an idle fetch stays at the broker. A seek of an idle consumer may wait as long."""
LOOK_AROUND_MS = 2_000
"""How often an idle consumer of the driver looks around where nothing wakes it. It wakes by itself for all it does."""
PATIENT_FETCH_WAIT_MS = 5_000
"""The same for a consumer of one partition that reads on and on: a record that comes ends the fetch at once."""
PROMPT_FETCH_WAIT_MS = 5
"""The same for a consumer that only reads what is there: its next question does not wait behind a fetch for more."""
EMBEDDED_FETCH_WAIT_MS = 20
"""The embedded broker sleeps the whole time in an empty fetch, whatever arrives meanwhile."""
CLOSE_SECONDS = 2.0
"""How long letting go of a client may take. After that it is left to itself."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Tls:
    """Certificates in PEM. Without `ca_file` the system's authorities count; `cert_file` is for mutual TLS."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    key_password: str | None = field(default=None, repr=False)

    def context(self) -> ssl.SSLContext:
        """Read the files. Raises `OSError` or `ssl.SSLError` when one cannot be used."""
        context = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        if self.cert_file is not None:
            # Without a password OpenSSL would ask the terminal for one, and wait.
            context.load_cert_chain(self.cert_file, self.key_file, self.key_password or "")
        return context


@dataclass(frozen=True)
class Password:
    """A login by name and password."""

    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Bearer:
    """A login by OAuth token (OAUTHBEARER, also MSK IAM). `token` is called in a thread for every new connection."""

    token: Callable[[], str]


class Tokens(AbstractTokenProvider):  # type: ignore[misc]  # the driver ships no types
    """The tokens of a login, as the driver asks for them: one for each connection it makes."""

    def __init__(self, bearer: Bearer) -> None:
        self._bearer = bearer

    async def token(self) -> str:
        return await asyncio.to_thread(self._bearer.token)


@dataclass(frozen=True)
class KafkaConnection:
    """Where the broker is and how to log in.

    `bootstrap`: `host:port`, several separated by commas. `request_timeout_ms` bounds every request and every write:
    a write that has not been answered by then is lost (the first write of a producer connects before, which may take
    three times as long). `unpacked_limit_bytes` bounds what one read unpacks. `embedded`: the broker is librdkafka's
    mock cluster, which can neither create topics nor delete records, and keeps nothing.
    """

    bootstrap: str
    tls: Tls | None = None
    sasl: Password | Bearer | None = None
    request_timeout_ms: int = 5_000
    unpacked_limit_bytes: int = UNPACKED_LIMIT_BYTES
    embedded: bool = False

    @property
    def security_protocol(self) -> str:
        """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
        transport = "SSL" if self.tls else "PLAINTEXT"
        return f"SASL_{transport}" if self.sasl else transport

    @property
    def request_timeout_seconds(self) -> float:
        return self.request_timeout_ms / 1000

    @property
    def start_timeout_seconds(self) -> float:
        """Connect, agree on versions, ask for metadata. The driver bounds each and leaks a socket if cut off within."""
        return 3 * self.request_timeout_seconds

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments that any aiokafka client takes. Reads the certificates, so that new ones are found."""
        return {
            "bootstrap_servers": self.bootstrap,
            "request_timeout_ms": self.request_timeout_ms,
            "security_protocol": self.security_protocol,
            "ssl_context": self.tls.context() if self.tls else None,
            **_login(self.sasl),
        }

    def producer_options(self) -> dict[str, Any]:
        """An idempotent producer that waits for all replicas, with batches as large as any topic accepts."""
        return self.client_options() | {
            "enable_idempotence": True,
            "acks": "all",
            "max_batch_size": MAX_BATCH_BYTES,
            "max_request_size": MAX_REQUEST_BYTES,
        }

    def consumer_options(self) -> dict[str, Any]:
        """A consumer that never moves by itself: no group, no commits, no reset."""
        return self.client_options() | {
            "group_id": None,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "check_crcs": not self.embedded,
            "fetch_max_wait_ms": EMBEDDED_FETCH_WAIT_MS if self.embedded else FETCH_WAIT_MS,
            "consumer_timeout_ms": LOOK_AROUND_MS,
            "max_partition_fetch_bytes": MAX_REQUEST_BYTES,
        }

    def prompt_options(self) -> dict[str, Any]:
        """A consumer that reads up to where a partition ends, again and again: no fetch of it waits for what follows.

        The broker answers a connection's requests in turn, and the driver asks for more as soon as it has handed out
        what there was.
        """
        options = self.consumer_options()
        return options | {"fetch_max_wait_ms": min(options["fetch_max_wait_ms"], PROMPT_FETCH_WAIT_MS)}

    def patient_options(self) -> dict[str, Any]:
        """A consumer of one partition whose idle fetches are long and few. Whatever else it asks waits behind them."""
        options = self.consumer_options()
        if not self.embedded:
            answer_ms = self.request_timeout_ms + PATIENT_FETCH_WAIT_MS
            options |= {"fetch_max_wait_ms": PATIENT_FETCH_WAIT_MS, "request_timeout_ms": answer_ms}
        return options


def _login(sasl: Password | Bearer | None) -> dict[str, Any]:
    match sasl:
        case None:
            return {}
        case Password(mechanism, username, password):
            return {
                "sasl_mechanism": mechanism,
                "sasl_plain_username": username,
                "sasl_plain_password": password,
            }
        case Bearer():
            return {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": Tokens(sasl)}
        case _:
            assert_never(sasl)


@asynccontextmanager
async def administration(connection: KafkaConnection) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client for the length of a block. Raises the driver's `KafkaError` when no broker answers."""
    client = AIOKafkaAdminClient(**connection.client_options())
    try:
        await client.start()
        yield client
    except TimeoutError as error:
        raise KafkaTimeoutError(f"no answer from {connection.bootstrap} in time") from error
    finally:
        await let_go(client.close())


async def let_go(closing: Coroutine[Any, Any, None]) -> None:
    """See a client's closing through, however it ends, but no longer than `CLOSE_SECONDS`.

    In a task of its own: a closing may be cancelled by itself (the driver's consumer does that when a failed fetch is
    waiting to be repeated), which must not look as if the caller had been.
    """
    task = asyncio.create_task(closing)
    await asyncio.wait([task], timeout=CLOSE_SECONDS)
    if not task.cancel() and not task.cancelled() and task.exception() is not None:
        log.warning("client.not_closed", error=repr(task.exception()))
