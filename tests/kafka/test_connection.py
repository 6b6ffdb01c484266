"""What the settings of a connection make of every client."""

from __future__ import annotations

import threading

import pytest

from service.kafka.connection import PATIENT_FETCH_WAIT_MS, Bearer, KafkaConnection, Password, Tls

LOGIN = Password("SCRAM-SHA-512", "fairlead", "s3cret")


@pytest.mark.parametrize(
    ("tls", "sasl", "protocol"),
    [
        (None, None, "PLAINTEXT"),
        (Tls(), None, "SSL"),
        (None, LOGIN, "SASL_PLAINTEXT"),
        (Tls(), LOGIN, "SASL_SSL"),
    ],
)
def test_the_protocol_follows_from_tls_and_login(tls: Tls | None, sasl: Password | None, protocol: str) -> None:
    """It cannot contradict them."""
    options = KafkaConnection("broker:9092", tls, sasl).client_options()
    assert options["security_protocol"] == protocol
    assert (options["ssl_context"] is not None) == (tls is not None)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_password_logs_in_by_its_mechanism(mechanism: str) -> None:
    """Name and password reach the driver under the names it knows."""
    options = KafkaConnection("broker:9092", sasl=Password(mechanism, "me", "pw")).client_options()  # type: ignore[arg-type]  # from the table
    assert options["sasl_mechanism"] == mechanism
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("me", "pw")


async def test_a_token_is_fetched_anew_and_not_in_the_loop() -> None:
    """Fetching one may take a request: it must not hold up the lanes."""
    threads: list[str] = []

    def fetch() -> str:
        threads.append(threading.current_thread().name)
        return f"token {len(threads)}"

    options = KafkaConnection("broker:9092", sasl=Bearer(fetch)).client_options()
    assert options["sasl_mechanism"] == "OAUTHBEARER"
    provider = options["sasl_oauth_token_provider"]
    assert [await provider.token(), await provider.token()] == ["token 1", "token 2"]
    assert threading.main_thread().name not in threads


def test_secrets_do_not_show() -> None:
    """A connection may be logged."""
    shown = repr(KafkaConnection("broker:9092", Tls(key_password="k3y"), LOGIN))
    assert "s3cret" not in shown
    assert "k3y" not in shown


def test_writes_wait_for_all_replicas_and_reads_never_jump() -> None:
    """The options that safety rests on are not settings."""
    connection = KafkaConnection("broker:9092")
    assert connection.producer_options().items() >= {"enable_idempotence": True, "acks": "all"}.items()
    reads = {"auto_offset_reset": "none", "group_id": None, "enable_auto_commit": False, "check_crcs": True}
    assert connection.consumer_options().items() >= reads.items()


def test_whoever_mostly_waits_asks_seldom_and_within_the_time_of_a_request() -> None:
    """An idle lane costs next to nothing, and the broker answers before the driver gives up on it."""
    for request_timeout_ms in (1_000, 30_000):
        patient = KafkaConnection("broker:9092", request_timeout_ms=request_timeout_ms).patient_options()
        assert patient["fetch_max_wait_ms"] == PATIENT_FETCH_WAIT_MS
        assert patient["request_timeout_ms"] == PATIENT_FETCH_WAIT_MS + request_timeout_ms
    embedded = KafkaConnection("broker:9092", embedded=True)
    assert embedded.patient_options() == embedded.consumer_options()
