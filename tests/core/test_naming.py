"""Ids of people in another letter case than the one that is declared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.events import Event, MemberEvent, RecordEvent, Target
from service.core.model import Assigned, Rejected
from service.core.naming import as_declared, near_misses
from service.core.plan_facts import PlanFacts
from service.core.rule_sets import Entry, OwnerOf
from tests.core.build import Division, config, created, event, owner_changed, pool, rules, updated

ANN = "Ann@x.org"


def division(*, ids_ignore_case: bool) -> Division:
    """One in whose pool Ann is, as the configuration spells it."""
    made = Division(pool(ANN, id="sales"), rule_sets=rules(Entry("account", OwnerOf(("account",)))))
    made.config = replace(made.config, ids_ignore_case=ids_ignore_case)
    return made


SPELLINGS = ["Ann@x.org", "ann@x.org", "ANN@X.ORG"]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_an_owner_is_known_in_any_spelling_where_ids_ignore_case(spelled: str) -> None:
    """D41: also as the owner of a related record, and it stays one person who is told again."""
    made = division(ids_ignore_case=True)
    made.send(created("lead/1", f"user:{spelled}"))
    assert made.record().owner == ANN
    made.send(owner_changed("lead/1", f"user:{spelled.swapcase()}"))
    assert made.record().owner == ANN
    assert made.state.open[f"lead/{ANN}"].open_items == 1
    made.create("lead/2", facts={"account": {"id": "7", "owner": spelled}})
    assert made.record("lead/2").owner == ANN


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_news_of_a_person_reach_them_in_any_spelling(spelled: str) -> None:
    """D41: whoever is away in one spelling is away in all."""
    made = division(ids_ignore_case=True)
    made.away(spelled)
    assert not made.state.people[ANN].is_present
    made.back(spelled.swapcase())
    assert made.state.people[ANN].is_present


def test_an_echo_of_our_choice_is_one_in_any_spelling() -> None:
    """D41, D44: the CRM may tell our own choice in its own letters."""
    made = division(ids_ignore_case=True)
    made.create("lead/1", "pool:sales")
    assert made.record().owner == ANN
    made.send(updated("lead/1", owner="user:ann@X.org"))
    assert made.record().by_us


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_who_was_in_contact_is_known_in_any_spelling(spelled: str) -> None:
    """D41 S127 A linked plan gives the lead to them."""
    care = pool(ANN, "zoe", id="care", plan=PlanFacts(tools=frozenset({"chat"}), is_linked=True))
    made = Division(care, ids_ignore_case=True)
    made.create("lead/0", owner=None, tool="chat")
    made.send(event("contacted", person=spelled))
    assert made.create("lead/1", owner=None, tool="chat") == Assigned(ANN, "care")


def test_a_near_miss_is_named_where_ids_do_not_ignore_case() -> None:
    """D41: who is refused is told whom it almost was."""
    made = division(ids_ignore_case=False)
    made.send(created("lead/1", "user:ann@x.org"))
    outcome = made.last().outcome
    assert isinstance(outcome, Rejected)
    assert "Ann@x.org is one, and differs in letter case only" in outcome.detail
    assert list(near_misses(created("lead/2", "user:ann@x.org", actor="ANN@x.org"), made.config)) == [
        ("user", "ann@x.org", ANN),
        ("user", "ANN@x.org", ANN),
    ]
    assert not list(near_misses(created("lead/2", f"user:{ANN}", actor="eve"), made.config))


@pytest.mark.parametrize("ids_ignore_case", [False, True])
@pytest.mark.parametrize("kind", ["pool", "queue", "plan"])
def test_a_near_miss_of_what_may_own_a_record_is_named_as_well(kind: str, ids_ignore_case: bool) -> None:
    """D41 D24: the configuration's own names mind case; who reads the refusal sees what was meant."""
    made = division(ids_ignore_case=ids_ignore_case)
    (refused,) = made.give("lead/1", f"{kind}:SALES")
    assert isinstance(refused, Rejected)
    assert refused.detail == f"there is no {kind} SALES; sales is one, and differs in letter case only"
    assert list(near_misses(owner_changed("lead/2", f"{kind}:SALES"), made.config)) == [(kind, "SALES", "sales")]
    assert not list(near_misses(owner_changed("lead/2", f"{kind}:sales"), made.config))


def test_a_near_miss_of_what_brings_leads_into_plans_is_named() -> None:
    """D47 D41: a tool or an offer in other letters is another one, and its lead goes on as any other."""
    made = replace(config(), tools={"web": "", "Web": ""}, offers={"gold": ""})
    event = created("lead/1", tool="WEB", offer="Gold", more_offers=("gold", "silver"))
    assert list(near_misses(event, made)) == [("tool", "WEB", "web"), ("offer", "Gold", "gold")]
    assert not list(near_misses(created("lead/1", tool="Web"), made))


def people_of(event: Event) -> set[str | None]:
    match event:
        case RecordEvent(owner=owner, actor=actor, person=person):
            return {actor, person, owner.id if owner is not None and owner.kind == "user" else None}
        case MemberEvent(person=person):
            return {person}
        case _:
            return set()


people = st.sampled_from([*SPELLINGS, "Zed@x.org", "zed@x.org", "system", "SYSTEM"])
targets = st.none() | st.builds(Target, st.sampled_from(["user", "pool"]), people)
events = st.one_of(
    st.builds(MemberEvent, st.just("1"), people, st.just("away")),
    st.builds(
        RecordEvent,
        kind=st.just("updated"),
        id=st.just("1"),
        record_type=st.just("lead"),
        record_id=st.just("1"),
        facts=st.just({}),
        owner=targets,
        actor=st.none() | people,
        person=st.none() | people,
    ),
)


@given(events, st.booleans())
def test_nobody_in_an_event_has_two_names(event: Event, ignores: bool) -> None:
    """D41: wherever an id of a person stands; pools keep their names, and without the setting all stays as it was."""
    known = replace(config(pool(ANN)), ids_ignore_case=ignores, unowned_users=frozenset({"system"}))
    heard = as_declared(event, known)
    if not ignores:
        assert heard == event
        return
    assert people_of(heard) <= {None, ANN, "zed@x.org", "system"}
    assert as_declared(heard, known) == heard
    if isinstance(heard, RecordEvent) and heard.owner is not None and heard.owner.kind == "pool":
        assert heard.owner == event.owner  # type: ignore[union-attr]  # it is the same event
