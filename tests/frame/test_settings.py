"""What an operator can set, and what he is told when it is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from annotated_types import Ge, Le
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from service.kafka.connection import MAX_BATCH_BYTES, MAX_RECORD_BYTES
from service.lane.deciding import LETTER_LOG_BYTES
from service.settings import BadSettings, IngestSettings, KafkaSettings, RedisSettings, read_settings, variables
from service.wire.dead_letters import LEAST_LIMIT_BYTES, LIMIT_BYTES
from service.wire.inputs import LANE_INPUT_LIMIT_BYTES


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
    assert problems_with(monkeypatch, HTPT__PORT="1") == ("FAIRLEAD_HTPT__PORT: there is no such setting",)


def test_a_name_without_a_group_belongs_to_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
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
