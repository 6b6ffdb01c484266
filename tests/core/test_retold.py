"""S105 A text says nothing of a field that was deleted, until an event tells the new one of that name."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.letters import Template, Wording
from service.core.tracking import ASIDE, recall, recall_aside, remember
from service.core.workflow_specs import Action, Hearers, Workflow
from service.language.changes import UNTOLD, told_at
from tests.core.build import Division
from tests.core.flows import on
from tests.core.nights import person, quiet
from tests.core.test_workflows import deal, flows, gone, update

DEEDS: Final = ("tell", "tell", "other", "other", "delete", "night")
NIGHT_MINUTES: Final = 60


def says(path: str) -> Any:
    """Texts that say what stands at this path."""
    template = Template("", frozenset({path}), lambda values: "")
    return {"workflow": {"en": Wording(template, template)}}


@pytest.mark.parametrize("path", ["who", "account.who"])
@given(st.lists(st.sampled_from(DEEDS), max_size=14))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_a_text_may_say_is_the_newest_value_since_the_last_deletion(path: str, deeds: list[str]) -> None:
    """At once, and in the morning: whatever was told before, in between, and of other fields."""
    tells = (Action("notify", told=Hearers(person="zoe")), Action("notify", told=Hearers(person="kim")))
    told = Division(
        users=[person("kim", quiet=quiet(-NIGHT_MINUTES, NIGHT_MINUTES)), person("zoe")],
        workflows=flows(Workflow("w", "deal", on("updated"), tells, active=True)),
        letters=says(path),
    )
    told.send(deal({"country": "DE"}))
    known: object = None
    for number, deed in enumerate(deeds):
        told.decisions.clear()
        match deed:
            case "delete":
                told.send(
                    gone("field_deleted", *(("deal", path) if path == "who" else ("account", "who")), id=f"{number}")
                )
                known = None
            case "night":
                told.later(minutes=24 * 60)
            case "tell":
                known = f"kim-{number}"
                told.send(update({"who": known} if path == "who" else {"account": {"id": "a", "who": known}}))
            case _:
                told.send(update({"country": f"C{number}"}))
        for decision in told.decisions:
            assert ASIDE not in decision.facts, "what is remembered about fields is none of them"
            if decision.notifications:
                found = told_at(path, decision.facts)
                assert (None if found is UNTOLD else found) == known


def test_what_stands_aside_is_never_taken_for_a_field_and_a_field_never_for_it() -> None:
    """A CRM may send a field without a name: nobody could ask for it, so it is not remembered, and cannot be forged."""
    sent = {ASIDE: {"who": 1}, "who": "kim"}
    assert recall_aside(remember(sent, {"who"})) == {}
    text = remember({**sent, ASIDE: {"who": 2}}, {"who", ASIDE})
    assert (recall(text), recall_aside(text)) == ({"who": "kim"}, {"who": 2})
