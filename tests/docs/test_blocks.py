"""What README and pages show in YAML, JSON and Python is run: a reader may copy any of it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from schemas.config import Document
from schemas.decisions import OUTPUTS
from schemas.events import INPUTS
from service.config.nodes import from_yaml
from service.wire.inputs import decode
from service.wire.messages import Poison, RawRecord
from tests.cli.conftest import Run
from tests.docs.blocks import LANGUAGES, Block, blocks, pages
from tests.docs.test_reference import PARTS

MAP_KEYS: Final = frozenset({"record", "id"})
"""What tells a map of columns from a configuration. Maps publish a file in `test_console`."""

PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "Configuration": ("",),
    "Condition": ("closed_when/lead",),
    "User": ("users/ann",),
    "Requirement": ("pools/inbound/requires",),
    "Preference": ("pools/inbound/prefer",),
    "FromField": ("pools/inbound/prefer/territory",),
    "Calendar": ("calendars/office-berlin",),
    "Leave": ("users/bob/leave/*",),
    "Pool": ("pools/inbound",),
    "Nobody": ("pools/inbound/nobody_eligible",),
    "Resort": ("pools/inbound/nobody_eligible/fallback",),
    "Escalate": ("pools/inbound/escalate",),
    "Member": ("pools/inbound/members/*",),
    "Limit": ("pools/inbound/limits/*",),
    "PersonLimit": ("users/bob/limits/*",),
    "Entering": ("pools/inbound/entry",),
    "CatchUp": ("pools/inbound/entry/catch_up",),
    "Plan": ("plans/spring",),
    "Offers": ("plans/spring/offers",),
    "Money": ("plans/spring/average_sale",),
    "Label": ("plans/spring/label",),
    "Thing": ("tools/webinar-form",),
    "RuleSet": ("rule_sets/leads",),
    "Entry": ("rule_sets/leads/entries/*",),
    "Target": ("rule_sets/leads/entries/0/target",),
    "TargetStep": (*["defaults/lead/steps/0"] * 4, "defaults/lead/steps/1"),
    "People": ("defaults/deal/users",),
    "ScoreRow": ("scores/lead/*",),
    "Process": ("processes/visits",),
    "ProcessStep": ("processes/visits/steps/visit",),
    "Workflow": ("workflows/budget-known", "workflows/any"),
    "Trigger": ("workflows/any/trigger",),
    "StepName": ("workflows/budget-known/action/mark_step",),
    "Action": ("workflows/any/action",),
    "AskedField": ("workflows/called/action/require_field",),
    "SetField": ("workflows/setting/action/set_field",),
    "NewRecord": ("workflows/making/action/create_record",),
    "Audience": ("workflows/any/action/notify",),
    "AtMost": ("workflows/any/at_most",),
    "Settings": ("settings",),
    "Presence": ("settings/presence",),
    "Unowned": ("settings/treat_as_unowned",),
    "Visibility": ("settings/visibility",),
    "Product": ("settings/product",),
    "Available": ("settings/product/pools", "settings/product/plans"),
    "Notify": ("users/ann/notify",),
    "Notifications": ("settings/notifications",),
    "QuietHours": ("settings/notifications/quiet", "users/bob/notify/quiet"),
    "Digest": ("settings/notifications/digest", "users/bob/notify/digest"),
    "Letter": ("templates/assigned/en",),
}
"""Where a part belongs in a whole configuration; where it shows several values, each of them."""
DECLARED: Final[Mapping[str, Any]] = {
    "users/eve": {},
    "users/crm-integration": {},
    "pools/inbox": {"record_type": "lead", "strategy": "take", "members": ["ann"], "when": "employees > 50"},
    "users/boss": {},
    "users/bob/notify": {},
    "settings/notifications": {},
    "pools/world": {"record_type": "lead", "members": ["ann"], "when": "employees > 50"},
    "pools/rest": {"record_type": "lead", "strategy": "take", "members": ["ann"], "when": "employees > 50"},
    "pools/inbound/prefer": {"skill": "german"},
    "defaults/lead": {"steps": [{"pool": "world", "wait": "1m"}, {"user": "boss"}]},
    "fields/deal/note": "text",
    "fields/deal/value": "number",
    "workflows/budget-known/trigger/field_filled": "value",
    **{f"fields/deal/{name}": "text" for name in ("stage", "seller", "closer", "close_date", "budget")},
    "pools/closers": {"record_type": "deal", "members": ["ann"]},
    **{
        f"workflows/{name}": {"record_type": "deal", "trigger": {"on": ["created"]}, "action": action}
        for name, action in (
            ("any", {"notify": "owner"}),
            ("setting", {"set_field": {"field": "stage", "value": "new"}}),
            ("making", {"create_record": {"type": "task"}}),
        )
    },
    "workflows/called": {
        "trigger": {"step_marked": {"process": "sales", "step": "call"}},
        "action": {"require_field": {"field": "note", "enforcement": "ask"}},
    },
}
"""Whom and what the parts name, and the page's whole configuration does not."""


def documents(text: str) -> list[Any]:
    nodes, problems = from_yaml(text.encode(), "block.yaml")
    assert problems == []
    return [node.plain() for node in nodes]


def kind_of(block: Block) -> str:
    """What a YAML block is, by its own words or its keys."""
    if block.words.startswith("part="):
        return "part"
    keys = set().union(*documents(block.text))
    if "steps" in keys:
        return "scenario"
    if keys <= Document.model_fields.keys():
        return "configuration"
    return "map" if keys >= MAP_KEYS else "unknown"


def of_kind(kind: str) -> list[Any]:
    return [pytest.param(block, id=str(block)) for block in blocks("yaml") if kind_of(block) == kind]


def test_there_are_pages_and_blocks() -> None:
    """A runner that finds nothing passes everything."""
    assert {"README.md", "rules.md", "configuration.md", "integrating.md", "operating.md", "plans.md"} <= {
        p.name for p in pages()
    }
    assert min(len(blocks(language)) for language in ("console", "json", "python", "yaml")) > 0
    assert all(of_kind(kind) for kind in ("part", "scenario", "configuration", "map"))


def test_every_block_is_of_a_kind_that_is_run() -> None:
    """Another language needs a runner; a piece of YAML that is nothing whole needs to say what it is."""
    known = blocks(*LANGUAGES)
    fences = sum(page.read_text(encoding="utf-8").count("\n```") for page in pages())
    assert 2 * len(known) == fences
    assert [str(block) for block in blocks("yaml") if kind_of(block) == "unknown"] == []


@pytest.mark.parametrize("block", of_kind("configuration"))
def test_a_configuration_of_a_page_has_no_mistakes(block: Block, alone: Run, tmp_path: Path) -> None:
    (tmp_path / "page.yaml").write_text(block.text)
    if block.beside:
        (tmp_path / "beside.yaml").write_text(block.beside)
    told = alone("check", tmp_path, "--json")
    assert (told.code, told.err) == (0, ""), told.out


@pytest.mark.parametrize("block", of_kind("scenario"))
def test_a_scenario_of_a_page_passes(block: Block, alone: Run, tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "page.yaml").write_text(block.text)
    told: Any = alone("check", tmp_path, "--json").json
    assert (told["ok"], told["passed"]) == (True, len(documents(block.text))), told


def set_at(document: dict[str, Any], path: str, value: Any) -> None:
    """Put the value where the path leads; `*` is a list of nothing else."""
    *above, last = path.split("/")
    if last == "*":
        set_at(document, "/".join(above), [value])
        return
    inner: Any = document
    for key in above:
        inner = inner[int(key)] if isinstance(inner, list) else inner.setdefault(key, {})
    inner[int(last) if isinstance(inner, list) else last] = value


@pytest.mark.parametrize("block", of_kind("part"))
def test_a_part_of_a_page_has_no_mistakes_in_its_place(block: Block, alone: Run, tmp_path: Path) -> None:
    """In the configuration that the page begins with, beside what a reader would have declared."""
    whole = next(each for each in blocks("yaml") if each.words == "part=Configuration")
    (base,), (found,) = documents(whole.text), documents(block.text)
    for number, value in enumerate(found if isinstance(found, list) else [found]):
        folder = tmp_path / str(number)
        folder.mkdir()
        document = deepcopy(base)
        for path, beside in DECLARED.items():
            set_at(document, path, beside)
        paths = PLACES[block.words.removeprefix("part=")]
        if path := paths[min(number, len(paths) - 1)]:
            set_at(document, path, value)
        (folder / "page.yaml").write_bytes(orjson.dumps(document))
        told = alone("check", folder, "--json")
        assert (told.code, told.err) == (0, ""), told.out


def test_every_part_has_its_place() -> None:
    assert PLACES.keys() == PARTS.keys()


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_an_event_of_a_page_can_be_read(block: Block) -> None:
    """What we read as ingest reads it; what we publish by its model."""
    event = orjson.loads(block.text)
    if event["type"] in OUTPUTS:
        OUTPUTS[event["type"]].model_validate(event["data"])
        return
    assert event["type"] in INPUTS
    found = decode(RawRecord("crm.records", 0, 0, None, block.text.encode(), (), 0), epoch=0)
    assert not isinstance(found, Poison), found


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_of_a_page_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")
