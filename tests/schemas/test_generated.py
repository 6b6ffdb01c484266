"""The generated documents say what the models say, and the examples are true in both directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from schemas import config, config_entry, config_rights, config_rules, config_workflows, events, generate
from schemas import reasons as said
from schemas.asyncapi import SOURCES, Deployment, document
from schemas.decisions import OUTPUTS, Output
from schemas.envelope import Envelope
from schemas.events import INPUTS
from schemas.output_examples import EXAMPLES
from schemas.samples import SAMPLES
from service.core import configuration, model, pool_spec, reasons, rule_sets, visibility, workflow_specs
from service.core.events import CHANNELS, Availability, TargetKind
from service.wire import dead_letters
from service.wire.topics import Topics
from tests.schemas.asyncapi_schema import official_schema

MODELS = {**INPUTS, **OUTPUTS}


def schema_of(name: str) -> Draft202012Validator:
    path = generate.FOLDER / "json" / f"{name}.json"
    return Draft202012Validator(json.loads(path.read_text()), format_checker=Draft202012Validator.FORMAT_CHECKER)


def example_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((generate.FOLDER / "examples" / f"{name}.json").read_text())
    return found


def asyncapi() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((generate.FOLDER / "asyncapi.yaml").read_text())
    return found


def test_the_committed_documents_are_what_the_models_say() -> None:
    """A changed model with an unchanged document is an error; `python -m schemas` writes them."""
    assert generate.drifted() == []


def test_a_document_that_differs_lacks_or_is_left_over_is_noticed(tmp_path: Path) -> None:
    """Drift is found in all three forms."""
    generate.write(tmp_path)
    assert generate.drifted(tmp_path) == []
    (tmp_path / "asyncapi.yaml").write_text("asyncapi: 3.0.0\n")
    (tmp_path / "json" / "cloudevent.json").unlink()
    (tmp_path / "examples" / "crm.gone.v1.json").write_text("{}")
    assert generate.drifted(tmp_path) == ["asyncapi.yaml", "examples/crm.gone.v1.json", "json/cloudevent.json"]


@pytest.mark.parametrize("name", MODELS)
def test_an_example_fits_its_json_schema_and_its_model(name: str) -> None:
    """Every event type has an example, and both descriptions of the type accept it."""
    example = example_of(name)
    schema_of("cloudevent").validate(example)
    schema_of(name).validate(example["data"])
    Envelope.model_validate({key: value for key, value in example.items() if key != "data"})
    assert MODELS[name].model_validate(example["data"]).model_dump(mode="json", exclude_unset=True) == example["data"]


@pytest.mark.parametrize("name", MODELS)
def test_the_json_schema_and_the_model_refuse_the_same(name: str) -> None:
    """Each required part, left out, is missed by both."""
    data = example_of(name)["data"]
    for part in MODELS[name].model_json_schema()["required"]:
        without = {key: value for key, value in data.items() if key != part}
        assert not schema_of(name).is_valid(without)
        with pytest.raises(ValueError, match=part):
            MODELS[name].model_validate(without)


def test_the_asyncapi_document_is_valid() -> None:
    """Checked against the AsyncAPI Initiative's own JSON Schema."""
    errors = [error.message for error in Draft7Validator(official_schema()).iter_errors(asyncapi())]
    assert errors == []


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    """A `$ref` that points nowhere is not an error for a schema, but it is one for a reader."""
    document = asyncapi()
    for reference in references(document):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in found, reference
            found = found[step]


def references(part: object) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(references, part.values()))
    if isinstance(part, list):
        return set().union(*map(references, part))
    return set()


def test_the_asyncapi_document_has_one_message_per_type_with_headers_key_and_example() -> None:
    """What a broker framework's document leaves out is what makes this one useful."""
    messages = asyncapi()["components"]["messages"]
    assert set(messages) == {*MODELS, "dead-letter"}
    for name in MODELS:
        message = messages[name]
        assert message["headers"]["properties"]["ce_type"] == {"const": name}
        assert message["bindings"]["kafka"]["key"]["description"]
        example = message["examples"][0]
        assert Draft7Validator(message["headers"]).is_valid(example["headers"])
        assert example["payload"] == SAMPLES[name]["data"]


def test_the_asyncapi_document_names_the_topics_and_the_group() -> None:
    """Addresses are those the service uses, and what is read says by which consumer group."""
    document = asyncapi()
    topics = Topics.of()
    assert {channel["address"] for channel in document["channels"].values()} == {
        *topics.sources,
        topics.assignments,
        topics.notifications,
        topics.workflow_actions,
        topics.dead_letters,
    }
    read = [operation for operation in document["operations"].values() if operation["action"] == "receive"]
    assert len(read) == len(topics.sources)
    assert all(operation["bindings"]["kafka"]["groupId"]["enum"] == ["fairlead.ingest"] for operation in read)


DEPLOYMENTS = [
    Deployment("acme.", SOURCES, "acme"),
    Deployment("", ("crm.all",)),
    Deployment("x-", ("a.b", "c_d", "e")),
]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=str)
def test_a_deployment_s_own_document_is_valid_and_names_its_topics(deployment: Deployment) -> None:
    """Prefix, sources and group are those of the settings; every event is in some topic."""
    found: Any = document(deployment)
    assert [error.message for error in Draft7Validator(official_schema()).iter_errors(found)] == []
    topics = Topics.of(deployment.prefix, deployment.sources)
    addresses = {channel["address"] for channel in found["channels"].values()}
    assert {*topics.sources, topics.assignments, topics.notifications, topics.dead_letters} <= addresses
    assert all(address.startswith(deployment.prefix) for address in addresses)
    groups = [operation["bindings"] for operation in found["operations"].values() if "bindings" in operation]
    assert {group["kafka"]["groupId"]["enum"][0] for group in groups} == {deployment.consumer_group}
    assert {name for channel in found["channels"].values() for name in channel["messages"]} == {*MODELS, "dead-letter"}


def test_the_default_sources_are_those_of_the_service() -> None:
    """The published language imports nothing, so it repeats their names."""
    assert Topics.of().sources == SOURCES


def test_the_dead_letter_headers_of_the_document_are_the_ones_written() -> None:
    """The document spells the names out because it may not import the service."""
    documented = set(asyncapi()["components"]["messages"]["dead-letter"]["headers"]["properties"])
    written = {
        dead_letters.REASON,
        dead_letters.DETAIL,
        dead_letters.TRACEBACK,
        dead_letters.SOURCE_EPOCH,
        dead_letters.SOURCE_TOPIC,
        dead_letters.SOURCE_PARTITION,
        dead_letters.SOURCE_OFFSET,
        dead_letters.CUT,
        dead_letters.ORIGINAL_VALUE_BYTES,
        dead_letters.ORIGINAL_VALUE_SHA256,
        dead_letters.ORIGINAL_KEY,
        dead_letters.ORIGINAL_VALUE_NULL,
    }
    assert documented == written


WORDS = {
    "PendingReason": (said.PendingReason, reasons.PendingReason),
    "RejectionReason": (said.RejectionReason, reasons.RejectionReason),
    "ReleaseReason": (said.ReleaseReason, reasons.ReleaseReason),
    "ExclusionReason": (said.ExclusionReason, reasons.ExclusionReason),
    "Unresolved": (said.Unresolved, reasons.Unresolved),
    "Withheld": (said.Withheld, reasons.Withheld),
    "Enforcement": (config_workflows.Enforcement, workflow_specs.Enforcement),
    "Audience": (config_rights.Audience, visibility.Audience),
    "NotificationKind": (said.NotificationKind, model.NotificationKind),
    "OwnerKind": (events.OwnerKind, TargetKind),
    "Availability": (events.AvailabilityWord, Availability),
    "Strategy": (config_entry.Strategy, pool_spec.Strategy),
    "Role": (config.Role, configuration.Role),
    "Reassign": (config_rules.Reassign, rule_sets.Reassign),
}


@pytest.mark.parametrize("name", WORDS)
def test_published_words_are_the_words_of_the_core(name: str) -> None:
    """The published language imports nothing, so it repeats the core's words; they may not part."""
    published, core = WORDS[name]
    assert set(get_args(published)) == set(get_args(core))


def test_published_channels_are_those_of_the_core() -> None:
    """S21-S27: every way in that some record type has can be told, and no other."""
    assert set(get_args(events.Channel)) == set().union(*CHANNELS.values())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_what_we_publish_can_be_read_as_strictly_as_our_commands_read_it(example: Output) -> None:
    """Times are text in JSON and no mistake: else a decision that names one would be taken for a foreign record."""
    written = example.model_dump_json()
    assert type(example).model_validate_json(written, strict=True) == example
