"""Where the answer comes from, in the order of the questions, and what goes out with it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from service.core.case import told_owner
from service.core.events import RecordEvent, Target
from service.core.model import (
    Assigned,
    Nothing,
    Rejected,
    Released,
)
from service.core.pool_spec import Membership
from service.core.rule_sets import Entry
from service.core.telling.explain import explain
from tests.core.build import Division, created, pool, predicate, rules, updated

EMEA = Entry("emea", Target("pool", "emea"), (predicate("country equals FR"),))


def answers(**settings: Any) -> Division:
    """A division with a rule for French leads and a default for all others."""
    return Division(
        pool("ann"),
        pool("eve", id="emea"),
        rule_sets=rules(EMEA),
        defaults={"*": Target("pool", "sales")},
        **settings,
    )


@pytest.mark.parametrize(
    ("event", "owner", "question"),
    [
        (created(owner="pool:sales", facts={"country": "FR"}), "ann", "explicit_target"),
        (created(facts={"country": "FR"}), "eve", "rule_set"),
        (created(facts={"country": "US"}), "ann", "default"),
        (created(owner="user:ann", by_rules=True, facts={"country": "FR"}), "eve", "rule_set"),
    ],
)
def test_the_questions_are_asked_in_their_order(event: RecordEvent, owner: str, question: str) -> None:
    """D8 Explicit target, then rules, then default; `assign: by_rules` makes an explicit person count as none."""
    division = answers()
    division.send(event)

    assert division.record().owner == owner
    assert division.last().trace.question == question


def test_an_explicit_person_is_kept() -> None:
    """D8 D5 Rules are not asked."""
    division = answers()

    assert division.create("lead/1", owner="user:ann", facts={"country": "FR"}) == Nothing("owner_kept", "ann")
    assert not division.record().by_us


def test_without_rule_and_default_a_record_has_no_target() -> None:
    """D8 D24 Said, with the entries that were asked."""
    division = Division(pool("eve", id="emea"), rule_sets=rules(EMEA))
    outcome = division.create("lead/1", owner=None, facts={"country": "US"})

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "no_target"
    assert [(tried.entry, tried.matched) for tried in division.last().trace.tried] == [("emea", False)]


def test_a_default_of_the_record_type_goes_before_the_general_one() -> None:
    """D8 `*` serves all types that have none of their own."""
    division = Division(
        pool("ann"), pool("bob", id="leads"), defaults={"*": Target("pool", "sales"), "lead": Target("pool", "leads")}
    )

    assert division.create("lead/1", owner=None) == Assigned("bob", "leads", 1)


def test_a_rule_may_name_a_person() -> None:
    """D8 No pool is asked and no turn used."""
    division = Division(pool("ann"), defaults={"*": Target("user", "ann")})

    assert division.create("lead/1", owner=None) == Assigned("ann")
    assert division.give("lead/1", "user:zoe") == (Released("ann", "", "owner_chosen"),)


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ({"unowned_users": frozenset({"robot"})}, {}),
        ({"unowned_channels": frozenset({"import"})}, {"channel": "import"}),
        ({}, {"by_rules": True}),
    ],
)
def test_a_creator_who_stands_as_owner_counts_as_none(settings: dict[str, Any], more: dict[str, Any]) -> None:
    """D18 By user, by channel, or because the event says so."""
    division = answers(**settings)

    assert division.create("lead/1", owner="user:robot", **more) == Assigned("ann", "sales", 1)
    assert division.last().expected_owner == Target("user", "robot")


def test_a_creator_counts_as_owner_where_nothing_else_is_said() -> None:
    """D18 D5 A person chosen at creation is a choice."""
    outcome = answers().create("lead/1", owner="user:robot")

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "unknown_user"


def test_an_update_that_still_names_the_creator_takes_nothing_from_our_choice() -> None:
    """D18 D19 The CRM has not applied our assignment yet."""
    division = answers(unowned_users=frozenset({"robot"}))
    division.create("lead/1", owner="user:robot")

    assert division.send(updated("lead/1", "user:robot")) == (Nothing("record_updated"),)
    assert division.create("lead/1", owner="user:robot") == Nothing("record_updated")
    assert division.record().owner == "ann"


@pytest.mark.parametrize("more", [{}, {"version": 1}, {"time_ms": 1}])
def test_a_creation_repeated_after_our_echo_takes_nothing_from_our_choice(more: dict[str, Any]) -> None:
    """D18 D19 It names the owner of the first day, a real person, and is not known to be newer."""
    division = answers(unowned_channels=frozenset({"import"}))
    division.create("lead/1", owner="user:eve", channel="import", **more)
    division.give("lead/1", "user:ann", **({} if not more else dict.fromkeys(more, 2)))

    division.create("lead/1", owner="user:eve", channel="api", **more)

    assert (division.record().owner, division.record().by_us) == ("ann", True)


def test_a_newer_creation_that_names_a_person_is_his() -> None:
    """D19 D25 Created again is an update, and an update whose owner changed is a change of owner."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1", version=1)

    assert division.create("lead/1", owner="user:bob", version=2) == Released("ann", "sales", "owner_chosen")


def test_an_update_that_overtakes_its_creation_does_not_make_the_creator_owner() -> None:
    """D18 D19 The owner who counts as none counts as none in every order."""
    division = answers(unowned_users=frozenset({"robot"}))
    division.send(updated("lead/1", "user:robot", version=2))

    assert division.create("lead/1", owner="user:robot", version=1) == Assigned("ann", "sales", 1)


def test_rules_are_not_asked_on_an_update() -> None:
    """S41 An update alone gives nothing away."""
    division = answers()

    assert division.send(updated("lead/1", facts={"country": "FR"})) == (Nothing("record_updated"),)


def test_the_sequence_grows_with_every_output() -> None:
    """S38 D21 Consumers ignore what is not newer; nothing to do has no number."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")
    division.give("lead/1", "user:ann")
    division.give("lead/1", "pool:sales")
    division.give("lead/1", "user:zoe")
    numbered = [decision.sequence for decision in division.decisions if decision.record == "lead/1"]

    assert numbered == [1, 0, 2, 3, 4]


def test_an_assignment_names_the_owner_and_version_it_expects() -> None:
    """D21 What the CRM last told us, not what we last decided."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1", version=7)
    assert (division.last().expected_owner, division.last().expected_version) == (Target("pool", "sales"), 7)

    division.send(updated("lead/1", version=8))
    division.give("lead/1", "user:ann", version=9)
    division.give("lead/1", "pool:sales", version=10)

    assert (division.last().expected_owner, division.last().expected_version) == (Target("pool", "sales"), 10)
    assert told_owner(division.record().told) == Target("pool", "sales")


def test_the_chain_of_an_event_goes_with_its_decisions() -> None:
    """D7 D16 Correlation and depth are those of the event."""
    division = Division(pool("ann"))
    division.create("lead/1", correlation_id="campaign-7", depth=2)

    assert (division.last().correlation_id, division.last().depth) == ("campaign-7", 2)


def test_an_assignment_says_why() -> None:
    """D16 Entries tried with result, candidates with loads and reasons."""
    division = answers()
    division.create("lead/1", owner=None, facts={"country": "US"})
    trace = division.last().trace

    assert [(tried.entry, tried.matched, tried.criterion) for tried in trace.tried] == [("emea", False, 0)]
    assert trace.target == Target("pool", "sales")
    assert [(each.person, each.excluded, each.open_items) for each in trace.candidates] == [("ann", None, 0)]


def test_a_trace_of_a_big_pool_names_who_was_asked_and_counts_the_rest() -> None:
    """D16 A limit on everything: the first five who were passed over, who was chosen, and nobody behind."""
    division = Division(pool(*(f"member-{n:03}" for n in range(60))))
    for number in range(15):
        division.tell(f"member-{number:03}", "away")
    division.create("lead/1")
    trace = division.last().trace

    left_out = [f"member-{number:03}" for number in range(5)]
    assert [each.person for each in trace.candidates] == [*left_out, "member-015"]
    assert [each.excluded for each in trace.candidates] == [*["away"] * 5, None]
    assert (trace.omitted, trace.not_looked_at) == (10, 44)
    assert explain(division.last(), division.config)[-3:] == [
        "  member-015   chosen     0 open, place 1, never served",
        "  and 10 more",
        "  44 were not looked at: their turn comes later",
    ]


def test_a_trace_of_a_big_pool_where_nobody_can_lists_some_and_counts_the_rest() -> None:
    """D3 D16 Everybody was looked at: each of them may be who has it next."""
    division = Division(pool(*(Membership(f"member-{n:03}", max_open=0) for n in range(60))))
    division.create("lead/1")
    trace = division.last().trace

    assert [each.excluded for each in trace.candidates] == ["full"] * 50
    assert (trace.omitted, trace.not_looked_at) == (10, 0)


def test_an_offer_without_a_plan_does_nothing() -> None:
    """D24 Offers belong to plans."""
    division = Division(pool("ann"))
    event = created("lead/1")
    offer = replace(event, kind="paid", id="event-offer", offer="gold")

    assert division.send(offer) == (Nothing("no_plan", "gold"),)
