"""S105 as a law: whoever uses a field, in whatever way, loses it when it is deleted in the CRM."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from service.core.rule_sets import FieldUser, Ladder, LadderStep, OwnerOf
from service.core.workflow_specs import Action, FromField, Hearers, Trigger, Workflow
from service.language.changes import CHANGED
from service.language.predicate import Predicate
from service.language.tree import Compare
from tests.core.build import Division
from tests.core.flows import where
from tests.core.test_workflows import deal, flows, gone, sent, update

TASK: Final = Action("create_record", record_type="task")
WON: Final = Trigger(("updated",), changed=("stage",))
USES: Final[dict[str, dict[str, Any]]] = {
    "filled": {"trigger": Trigger(("field_filled",), "a", "text")},
    "cleared": {"trigger": Trigger(("field_cleared",), "a", "text")},
    "watched": {"trigger": Trigger(("updated",), changed=("stage", "a"))},
    "asked about": {"criteria": where("a equals x")},
    "asked about beside others": {"criteria": where("stage equals won", "b equals field a")},
    "asked about behind a link": {"criteria": where("a.sector equals x")},
    "asked whether it was changed": {"changed": (Predicate("", Compare(("a",), CHANGED, None)),)},
    "asked how it was": {"before": where("before a equals x")},
    "set": {"actions": (Action("set_field", field="a", value=1),)},
    "set from": {"actions": (TASK, Action("set_field", field="b", value=FromField("a")))},
    "copied": {"actions": (Action("create_record", record_type="task", fields=(("z", FromField("a")),)),)},
    "asked for": {"actions": (Action("require_field", field="a", field_type="text"),)},
    "names who is told": {"actions": (Action("notify", told=Hearers(field="a")),)},
    "names who gets it": {"actions": (Action("assign", target=FieldUser(("a",))),)},
    "leads to who gets it": {"actions": (Action("assign", target=Ladder("deal", (LadderStep(OwnerOf(("a",))),))),)},
}
"""Every way in which a workflow uses a field of its record."""


@pytest.mark.parametrize("is_declared", [True, False])
@pytest.mark.parametrize("use", USES.values(), ids=[*USES])
def test_whoever_uses_a_field_in_whatever_way_loses_it(use: dict[str, Any], is_declared: bool) -> None:
    """S105 e6 It is flagged and fires no more, not even with another field of the same name; others are not."""
    lost = Workflow(**{"id": "lost", "record_type": "deal", "trigger": WON, "actions": (TASK,), "active": True, **use})
    other = Workflow("other", "deal", WON, (TASK,), active=True, criteria=where("b equals x"))
    workflows = replace(flows(lost, other), fields={"deal": {"a": "text"} if is_declared else {}})
    told = Division(workflows=workflows)
    told.send(deal({"a": "x", "b": "x", "stage": "open"}))
    assert told.send(gone("field_deleted", "deal", "a"))[0].reason == "catalogue_changed"
    assert {name: usage.lost for name, usage in told.state.workflows.items() if usage.lost} == {"lost": "field/deal/a"}
    assert set(sent(told, update({"stage": "won"}), update({"a": "y"}), update({"a": None}))) == {"other"}
    told.configure(workflows=workflows)
    assert sent(told, update({"a": "z"})) == []


def test_who_asks_about_a_linked_record_loses_the_field_of_that_record() -> None:
    """S105 A link has the name of the type that it leads to."""
    asks = Workflow("asks", "deal", WON, (TASK,), active=True, criteria=where("account.sector equals x"))
    told = Division(workflows=flows(asks))
    told.send(gone("field_deleted", "account", "sector"))
    assert told.state.workflows["asks"].lost == "field/account/sector"
