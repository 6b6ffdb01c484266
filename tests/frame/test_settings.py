"""What an operator can set, and what they are told when it is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from annotated_types import Ge, Le
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from service.kafka.connection import MAX_BATCH_BYTES
from service.kafka.port import MAX_RECORD_BYTES
from service.lane.raising import LETTER_LOG_BYTES
from service.settings import (
    BadSettings,
    IngestSettings,
    KafkaSettings,
    RedisSettings,
    Settings,
    read_settings,
    variables,
)
from service.wire.dead_letters import LEAST_LIMIT_BYTES, LIMIT_BYTES
from service.wire.inputs import LANE_INPUT_LIMIT_BYTES
from tests.test_wording import FOREIGN_WORDS


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FAIRLEAD_")]:
        monkeypatch.delenv(name)


def problems_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[str, ...]:
    for name, value in environment.items():
        monkeypatch.setenv(f"FAIRLEAD_{name}", value)
    with pytest.raises(BadSettings) as caught:
        read_settings()
    return caught.value.problems


def test_nothing_needs_to_be_set_on_a_laptop() -> None:
    settings = read_settings()

    assert settings.kafka.bootstrap == "127.0.0.1:9092"
    assert settings.kafka.lanes == 12
    assert settings.http.port == 8080
    assert settings.config_dir is None


def test_a_variable_names_group_and_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_KAFKA__BOOTSTRAP", "a:1,b:2")
    monkeypatch.setenv("FAIRLEAD_CONFIG_DIR", "/etc/fairlead")

    settings = read_settings()

    assert settings.kafka.bootstrap == "a:1,b:2"
    assert settings.config_dir == Path("/etc/fairlead")


def test_a_list_is_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_INGEST__TOPICS", "crm.records, crm.offers,")

    assert read_settings().ingest.topics == ("crm.records", "crm.offers")


def test_a_file_in_the_secrets_folder_sets_a_field_of_a_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fairlead_redis__password").write_text("hush\n")
    (tmp_path / "somebody-elses").write_text("x")
    monkeypatch.setenv("FAIRLEAD_SECRETS_DIR", str(tmp_path))

    settings = read_settings()

    assert settings.redis.password == SecretStr("hush")
    assert "hush" not in repr(settings)


def test_a_variable_goes_before_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fairlead_redis__prefix").write_text("file")
    monkeypatch.setenv("FAIRLEAD_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("FAIRLEAD_REDIS__PREFIX", "variable")

    assert read_settings().redis.prefix == "variable"


def test_every_problem_is_told_at_once_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = problems_with(
        monkeypatch, KAFKA__LANES="0", LANE__BATCH_MAX="5000", KAFAK__LANES="1", KAFKA__LANE="1", LOG__LEVEL="loud"
    )

    assert [problem.partition(":")[0] for problem in problems] == [
        "FAIRLEAD_KAFAK__LANES",
        "FAIRLEAD_KAFKA__LANE",
        "FAIRLEAD_KAFKA__LANES",
        "FAIRLEAD_LANE__BATCH_MAX",
        "FAIRLEAD_LOG__LEVEL",
    ]


def test_a_name_that_does_not_exist_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems_with(monkeypatch, HTPT__PORT="1") == (
        "FAIRLEAD_HTPT__PORT: there is no such setting, did you mean FAIRLEAD_HTTP__PORT?",
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("KAFKA_BOOTSTRAP", "FAIRLEAD_KAFKA__BOOTSTRAP"),
        ("KAFKA__BOOTSRAP", "FAIRLEAD_KAFKA__BOOTSTRAP"),
        ("CONFIGDIR", "FAIRLEAD_CONFIG_DIR"),
        ("SECRET_DIR", "FAIRLEAD_SECRETS_DIR"),
        ("HTTP_PORT", "FAIRLEAD_HTTP__PORT"),
        ("REDIS_URL", "FAIRLEAD_REDIS__URL"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_the_name_that_was_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    (problem,) = problems_with(monkeypatch, **{name: "8080"})
    assert problem == f"FAIRLEAD_{name}: there is no such setting, did you mean {meant}?"


@pytest.mark.parametrize("name", ["PORT", "XYZZY", "KAFKA"])
def test_every_variable_with_our_prefix_is_a_setting_or_an_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Also without a group, and whatever it is."""
    (problem,) = problems_with(monkeypatch, **{name: "8080"})
    assert problem.startswith(f"FAIRLEAD_{name}: there is no such setting")


KUBERNETES = {
    "PORT": "tcp://10.0.0.1:8080",
    "SERVICE_HOST": "10.0.0.1",
    "SERVICE_PORT": "8080",
    "SERVICE_PORT_HTTP": "8080",
    "PORT_8080_TCP": "tcp://10.0.0.1:8080",
    "PORT_8080_TCP_PROTO": "tcp",
    "PORT_8080_TCP_PORT": "8080",
    "PORT_8080_TCP_ADDR": "10.0.0.1",
    "KAFKA_PORT": "tcp://10.0.0.2:9092",
    "KAFKA_SERVICE_HOST": "10.0.0.2",
    "KAFKA_PORT_9092_TCP_ADDR": "10.0.0.2",
}


def test_what_kubernetes_tells_of_services_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every container hears of a service called `fairlead`, or `fairlead-kafka`, in variables with our prefix."""
    for name, value in KUBERNETES.items():
        monkeypatch.setenv(f"FAIRLEAD_{name}", value)

    assert read_settings().http.port == 8080


@pytest.mark.parametrize(("written", "level"), [("INFO", "info"), ("Warning", "warning"), ("debug", "debug")])
def test_a_level_is_written_in_any_case(monkeypatch: pytest.MonkeyPatch, written: str, level: str) -> None:
    monkeypatch.setenv("FAIRLEAD_LOG__LEVEL", written)
    monkeypatch.setenv("FAIRLEAD_LOG__FORMAT", "JSON")

    assert (read_settings().log.level, read_settings().log.format) == (level, "json")


def test_a_misspelt_file_in_the_secrets_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that nobody reads would be none."""
    (tmp_path / "fairlead_redis__pasword").write_text("hush")

    (problem,) = problems_with(monkeypatch, SECRETS_DIR=str(tmp_path))

    assert problem.startswith("FAIRLEAD_REDIS__PASWORD: there is no such setting for a file")
    assert "FAIRLEAD_REDIS__PASSWORD?" in problem


def test_a_secrets_folder_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = problems_with(monkeypatch, SECRETS_DIR="/nowhere/at/all")
    assert problem == "FAIRLEAD_SECRETS_DIR: the folder cannot be read (No such file or directory)"


WRONG = {
    "KAFKA__LANES": ("0", "x", "1.5", "1" * 5_000),
    "KAFKA__BOOTSTRAP": ("",),
    "KAFKA__SECURITY_PROTOCOL": ("TLS", "SASL_SSL"),
    "KAFKA__SASL_MECHANISM": ("GSSAPI",),
    "KAFKA__CREATE_TOPICS": ("maybe",),
    "KAFKA__TOPIC_PREFIX": ("a b",),
    "KAFKA__CERT_FILE": ("/x",),
    "KAFKA__KEY_FILE": ("/x",),
    "KAFKA__KEY_PASSWORD": ("hush",),
    "KAFKA": ("x", "{}", "[1]", '{"lanes": "x"}'),
    "REDIS__URL": ("http://x", "redis://:hush@x", "redis://x?password=hush", "redis://x/0?Password=hush&db=1"),
    "REDIS__CA_FILE": ("/x",),
    "INGEST__TOPICS": (",", "a b"),
    "INGEST__SIZE_LIMIT_BYTES": ("1", "1e99"),
    "INGEST__DEAD_LETTER_LIMIT_BYTES": ("2048",),
    "LOG__LEVEL": ("loud",),
    "HTTP__PORT": ("-1", "99999", "http"),
    "WORKERS": ("0", "65", "many"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_what_is_wrong_is_told_in_words_for_people(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Neither the words of a validator nor the forms of Python, and never the value, which may be a secret."""
    problems = problems_with(monkeypatch, **{name: value})
    assert problems
    for problem in problems:
        assert problem.startswith("FAIRLEAD_")
        assert not FOREIGN_WORDS.search(problem), problem
        assert "hush" not in problem


def test_a_password_in_the_address_is_refused_with_the_place_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = problems_with(monkeypatch, REDIS__URL="redis://example.org/0?password=hush")
    assert "FAIRLEAD_REDIS__PASSWORD" in problem
    assert "FAIRLEAD_SECRETS_DIR" in problem


SECRETS = {
    "FAIRLEAD_KAFKA__PASSWORD": "marker-1",
    "FAIRLEAD_KAFKA__KEY_PASSWORD": "marker-2",
    "FAIRLEAD_REDIS__PASSWORD": "marker-3",
}


def test_settings_never_show_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is a secret is in the list, and however settings are written out it is hidden."""
    found = {
        f"FAIRLEAD_{group}__{name}".upper()
        for group, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for name, inner in field.annotation.model_fields.items()
        if "SecretStr" in str(inner.annotation)
    }
    assert found == SECRETS.keys()
    for name, value in (
        SECRETS | {"FAIRLEAD_KAFKA__SECURITY_PROTOCOL": "SSL", "FAIRLEAD_KAFKA__CERT_FILE": "x"}
    ).items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "marker" not in shown


def test_a_variable_of_the_tests_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_REQUIRE_REAL", "1")

    read_settings()


def test_a_login_needs_a_name_and_a_password() -> None:
    with pytest.raises(ValidationError, match="needs a username and a password"):
        KafkaSettings(security_protocol="SASL_SSL", username="ann")


def test_a_url_keeps_no_password() -> None:
    """It would be shown wherever the address is."""
    with pytest.raises(ValidationError, match="FAIRLEAD_REDIS__PASSWORD"):
        RedisSettings(url="redis://ann:hush@example.org")


def test_a_refused_url_is_not_repeated_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hush" not in "".join(problems_with(monkeypatch, REDIS__URL="redis://ann:hush@example.org"))


def test_a_dead_letter_holds_any_event() -> None:
    with pytest.raises(ValidationError, match="must be more than"):
        IngestSettings(size_limit_bytes=500_000, dead_letter_limit_bytes=500_000)


def test_what_the_settings_allow_fits_where_it_is_written() -> None:
    """An event in its lane, its lane's input in the log as a text within JSON, a dead letter in any topic."""
    event, letter = (
        IngestSettings.model_fields["size_limit_bytes"],
        IngestSettings.model_fields["dead_letter_limit_bytes"],
    )
    assert _bounds(event)[1] <= LANE_INPUT_LIMIT_BYTES
    assert 2 * LANE_INPUT_LIMIT_BYTES < LETTER_LOG_BYTES < MAX_RECORD_BYTES
    assert _bounds(letter) == (LEAST_LIMIT_BYTES, LIMIT_BYTES)
    assert LIMIT_BYTES <= MAX_BATCH_BYTES


def _bounds(field: FieldInfo) -> tuple[int, int]:
    """What a setting may be at least and at most."""
    least = next(each.ge for each in field.metadata if isinstance(each, Ge))
    most = next(each.le for each in field.metadata if isinstance(each, Le))
    return int(str(least)), int(str(most))


def test_every_setting_says_when_to_change_it() -> None:
    assert [name for name, sentence in variables().items() if not sentence.endswith(".")] == []
    assert {"FAIRLEAD_KAFKA__BOOTSTRAP", "FAIRLEAD_CONFIG_DIR", "FAIRLEAD_SECRETS_DIR"} <= variables().keys()
