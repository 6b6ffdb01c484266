"""What a sales manager reads when they ask why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.core.configuration import Config, User
from service.core.entry_policy import Ceiling, EntryPolicy
from service.core.events import Target
from service.core.model import (
    Assigned,
    Candidate,
    Decision,
    Nothing,
    Pending,
    Rejected,
    Released,
    Trace,
    Tried,
)
from service.core.plan_facts import PlanFacts
from service.core.pool_spec import Membership
from service.core.rule_sets import Entry, OwnerOf
from service.core.telling.explain import explain
from service.language.changes import Change
from service.language.predicate import Predicate
from tests.core.build import START_MS, Division, config, event, pool, predicate, rules, updated
from tests.language.trees import line

VIP = Entry("vip", Target("user", "zoe"), (predicate('account.tier equals "vip"'),), "VIP accounts")
EMEA = Entry("emea", Target("pool", "sales"), (predicate("country in [DE, FR]"),), "EMEA inbound")


def test_an_assignment_is_explained_entry_by_entry_and_member_by_member() -> None:
    """D16 S28 The whole answer: pool, turn, configuration, rule, entries tried, everybody left out and why."""
    division = Division(
        pool("ann", Membership("eve", max_open=1), "bob", "cat"), rule_sets=rules(VIP, EMEA), label="9f3c2e"
    )
    for number in range(3):
        division.create(f"lead/{number}")
    division.away("ann", off_shift=True)
    division.create("lead/4711", owner=None, facts={"country": "FR"})

    assert explain(division.last("lead/4711"), division.config) == [
        'lead/4711 → cat     pool sales, turn 4     configuration 1 (9f3c2e)     rule "inbound", entry 2 of 2',
        '  entry 1   "VIP accounts"   no    account.tier equals "vip"',
        '  entry 2   "EMEA inbound"   yes   country in [DE, FR]',
        "  ann   left out   off shift",
        "  eve   left out   1 of 1 open",
        "  cat   chosen     0 open, place 1 of 2, never served",
        "  bob   behind     1 open, place 2 of 2, in line since turn 3",
    ]


def test_an_explanation_says_who_catches_up_and_how_far_behind_they_are() -> None:
    """D1 D16 Who had their share is left out, and would else be next."""
    entry = EntryPolicy(catches_up=True, ceiling=Ceiling(1, 2))
    division = Division(pool("ann", "bob", entry=entry))
    division.serve("lead/1", "lead/2", "lead/3", "lead/4", "lead/5", "lead/6")
    division.configure(pool("ann", "bob", "eve", entry=entry))
    division.serve("lead/7", "lead/8")

    assert explain(division.last("lead/7"), division.config)[1:2] == [
        "  eve   chosen   0 open, place 1 of 3, never served, catching up: 3 behind"
    ]
    assert explain(division.last("lead/8"), division.config)[1:] == [
        "  eve   left out   has had their share of the latest turns, catching up: 2 behind",
        "  ann   chosen     3 open, place 1 of 2, in line since turn 5",
        "  bob   behind     3 open, place 2 of 2, in line since turn 6",
    ]


def test_an_explanation_says_which_end_of_a_ranking_is_first() -> None:
    """D16 Trap d5 Of a priority the lowest, of a score the highest."""
    members = (Membership("ann"), Membership("bob", priority=10), Membership("eve", priority=2.5))
    division = Division(pool(*members, strategy="ranked"))
    division.serve("lead/1")

    assert explain(division.last(), division.config)[1:] == [
        "  eve   chosen   0 open, place 1 of 3, never served, priority 2.5, lowest first",
        "  bob   behind   0 open, place 2 of 3, never served, priority 10, lowest first",
        "  ann   behind   0 open, place 3 of 3, never served, no priority: last",
    ]


def test_an_entry_that_was_passed_over_says_why() -> None:
    """D16 S46 It matched, and its target led nowhere; the record went into a queue, by its score."""
    account = Entry("account", OwnerOf(("account",)), (), "Known accounts")
    later = Entry("later", Target("user", "zoe"), (), on=frozenset({"updated"}))
    hot = Entry("hot", Target("queue", "hot"), (predicate("score > 50"),))
    division = Division(pool("ann", id="hot", strategy="take"), rule_sets=rules(account, later, hot))
    division.create("lead/1", owner=None, facts={"score": 55})

    assert explain(division.last(), division.config) == [
        (
            "lead/1 → queue hot     any member may take it     configuration 1"
            '     rule "inbound", entry 3 of 3     score 55'
        ),
        (
            '  entry 1   "Known accounts"   yes   always; to the owner of account; passed over: there is no such '
            "related record"
        ),
        '  entry 3   "hot"              yes   score > 50',
    ]


def test_a_newer_configuration_tells_what_it_still_can() -> None:
    """D16 Rule, entry and limit may be gone since: ids stand in, nothing fails."""
    trace = Trace(
        question="rule_set",
        rule_set="gone",
        tried=(Tried("old", matched=False, criterion=2), Tried("emea", matched=True, criterion=None)),
        target=Target("pool", "closed"),
        candidates=(
            Candidate(person="ann", excluded="full", load=0, last_turn=0, open_items=5),
            Candidate(person="bob", excluded=None, load=0, last_turn=7, open_items=0),
        ),
        omitted=3,
    )
    decision = Decision(record="lead/1", outcome=Assigned("bob", "closed", 8), trace=trace)

    assert explain(decision, config(version=9), decided_with=4) == [
        (
            "lead/1 → bob     pool closed, turn 8     configuration 4, told in the words of configuration 9"
            '     rule "gone", entry 2'
        ),
        '  entry 1   "old"    no    no longer in the configuration',
        '  entry 2   "emea"   yes   no longer in the configuration',
        "  ann   left out   5 open, full",
        "  bob   chosen     0 open, place 1 of 1, in line since turn 7",
        "  and 3 more",
    ]


def test_a_criterion_that_is_gone_does_not_name_another() -> None:
    """D16 The entry has fewer criteria by now."""
    trace = Trace(question="default", rule_set="inbound", tried=(Tried("emea", matched=False, criterion=5),))

    lines = explain(Decision(record="lead/1", outcome=Assigned("zoe"), trace=trace), config(rule_sets=rules(EMEA)))

    assert lines[1:] == ['  entry 1   "EMEA inbound"   no   its criteria have changed since']


def test_places_are_those_of_the_rule_of_turns() -> None:
    """D16 The lower load stands in front, then who was served longer ago."""
    seen = [
        Candidate(person=person, excluded=None, load=load, last_turn=last_turn, open_items=0)
        for person, load, last_turn in (("dan", 9, 1), ("cat", 5, 4), ("bob", 5, 3), ("ann", 1, 8))
    ]
    trace = Trace(question="explicit_target", target=Target("pool", "sales"), candidates=tuple(seen))

    lines = explain(Decision(record="lead/1", outcome=Assigned("ann", "sales", 9), trace=trace), config(pool("ann")))

    assert [line.split()[0] for line in lines[1:]] == ["ann", "bob", "cat", "dan"]


def test_an_entry_without_criteria_matches_always() -> None:
    """D16 That is what it says."""
    trace = Trace(question="rule_set", rule_set="inbound", tried=(Tried("all", matched=True, criterion=None),))
    settings = config(rule_sets=rules(Entry("all", Target("pool", "sales"))))

    assert explain(Decision(record="lead/1", outcome=Assigned("zoe"), trace=trace), settings)[1:] == [
        '  entry 1   "all"   yes   always'
    ]


@pytest.mark.parametrize(
    ("outcome", "trace", "header"),
    [
        (
            Assigned("ann"),
            Trace(question="default"),
            "lead/1 → ann (Ann Lee)     configuration 1     by default",
        ),
        (
            Pending("sales", "nobody_eligible", START_MS),
            Trace(question="explicit_target"),
            (
                "lead/1 → waiting in pool sales     no member can take it now, next try 2023-11-14 22:13 UTC"
                "     configuration 1     named by the event"
            ),
        ),
        (
            Pending("sales", "empty_pool"),
            Trace(question="parked"),
            "lead/1 → waiting in pool sales     the pool has no members     configuration 1     from the waiting line",
        ),
        (
            Rejected("not_permitted", "bob may not give records to a pool"),
            Trace(),
            (
                "lead/1 → rejected     the right to reassign is missing: bob may not give records to a pool"
                "     configuration 1"
            ),
        ),
        (
            Released("ann", "sales", "owner_chosen"),
            Trace(),
            "lead/1 → released     ann (Ann Lee) no longer has it: a person was chosen in the CRM     configuration 1",
        ),
        (
            Released("", "sales", "deleted"),
            Trace(),
            "lead/1 → released     no longer waiting in sales: the record was deleted     configuration 1",
        ),
        (
            Nothing("duplicate_event"),
            Trace(),
            "lead/1 → nothing to do     this event was seen before     configuration 1",
        ),
        (
            Nothing("echo", "ann"),
            Trace(),
            "lead/1 → nothing to do     the CRM confirms our own choice: ann     configuration 1",
        ),
    ],
)
def test_every_outcome_has_its_sentence(outcome: Any, trace: Trace, header: str) -> None:
    """D16 D24 What happened and why, on one line."""
    settings = config(users=(User("ann", "Ann Lee"),))

    assert explain(Decision(record="lead/1", outcome=outcome, trace=trace), settings) == [header]


def test_a_decision_of_real_events_is_always_explained() -> None:
    """D16 Whatever was decided, there is a header, and it names the record."""
    division = Division(pool("ann"))
    division.create("lead/1")
    division.create("lead/2", owner="pool:nowhere")
    division.give("lead/1", "user:zoe")
    division.delete("lead/1")

    for decision in division.decisions:
        assert explain(decision, division.config)[0].startswith(f"{decision.record} → ")
        assert explain(decision, Config("main"))


def test_with_the_facts_at_hand_it_says_what_was_found() -> None:
    """D16 S51: expected and found value stand side by side, and a value of an unexpected type is called so."""
    big = Entry("big", Target("user", "zoe"), (predicate("size > 500"),), "Big ones")
    facts = {"size": "many", "country": "FR"}
    division = Division(pool("ann"), rule_sets=rules(big, VIP, EMEA))
    division.create("lead/1", owner=None, facts=facts)
    lines = explain(division.last("lead/1"), division.config, facts=facts)
    assert lines[1:4] == [
        '  entry 1   "Big ones"       no    size greater than 500       the record has "many", which is no number',
        '  entry 2   "VIP accounts"   no    account.tier equals "vip"   the record has nothing',
        '  entry 3   "EMEA inbound"   yes   country in [DE, FR]',
    ]


def test_a_condition_on_change_is_told_with_the_values_before_and_now() -> None:
    """D16 D43: whether it said yes or no."""
    entries = (
        Entry("lost", Target("user", "zoe"), (predicate("stage changed from won"),), on=frozenset({"updated"})),
        Entry("won", Target("user", "zoe"), (predicate("stage changed to won"),), on=frozenset({"updated"})),
    )
    division = Division(pool("ann"), rule_sets=rules(*entries))
    division.create("lead/1", owner=None, facts={"stage": "open"})
    division.send(updated("lead/1", facts={"stage": "won"}))
    change = Change({"stage": "open"}, frozenset({"stage"}))
    lines = explain(division.last("lead/1"), division.config, facts={"stage": "won"}, change=change)
    had = 'the record had "open" before, and has "won" now'
    assert lines[1:3] == [
        f'  entry 1   "lost"   no    stage changed from "won"   {had}',
        f'  entry 2   "won"    yes   stage changed to won       {had}',
    ]


def test_of_several_fields_that_may_have_changed_the_one_that_did_is_told() -> None:
    """D16 D43"""
    several = Predicate("size changed or stage changed", line("size changed or stage changed"))
    entry = Entry("won", Target("user", "zoe"), (several,), on=frozenset({"updated"}))
    division = Division(pool("ann"), rule_sets=rules(entry))
    division.create("lead/1", owner=None, facts={"stage": "open", "size": 5})
    facts = {"stage": "won", "size": 5}
    division.send(updated("lead/1", facts=facts))
    change = Change({"stage": "open", "size": 5}, frozenset({"stage"}))
    assert explain(division.last("lead/1"), division.config, facts=facts, change=change)[1].endswith(
        'stage changed: the record had "open" before, and has "won" now'
    )


def test_the_criterion_inside_a_filter_logic_is_named() -> None:
    """D16 S43: of a condition with brackets, the comparison that decided, not the whole."""
    tree = line('country == "DE" and (size > 500 or not source == "web")')
    entry = Entry("mixed", Target("pool", "sales"), (Predicate("as written", tree),))
    trace = Trace(question="default", rule_set="inbound", tried=(Tried("mixed", matched=False, criterion=2),))
    lines = explain(Decision(record="lead/1", outcome=Assigned("zoe"), trace=trace), config(rule_sets=rules(entry)))
    assert lines[1:] == ['  entry 1   "mixed"   no   source equals "web"']


def test_a_person_who_was_passed_over_and_got_it_after_all_is_told_so() -> None:
    """D16 D30 The entry stands there twice: why it was passed over, and that it won."""
    division = Division(
        pool("ann"), users=[User("eve")], rule_sets=rules(Entry("key", Target("user", "eve"), name="Key accounts"))
    )
    division.tell("eve", "leave")
    division.create("lead/1", owner=None)

    told = explain(division.last(), division.config)
    assert told[1:] == [
        '  entry 1   "Key accounts"   yes   always; passed over: that person is on leave',
        '  entry 1   "Key accounts"   yes   always',
        "  given after all: nobody else takes it",
    ]


def sales_plans() -> Division:
    """One plan that shares evenly, and one that is linked; tools, offers and people have names."""
    spring = PlanFacts(tools=frozenset({"form"}))
    care = PlanFacts(tools=frozenset({"chat"}), offers={"paid": frozenset({"gold"})}, is_linked=True)
    return Division(
        pool("ann", "kim", id="spring", name="Spring", plan=spring),
        pool("bob", "eve", id="care", name="Care", plan=care),
        users=(User("ann", "Ann Lee"),),
        tools={"form": "Webinar form", "chat": ""},
        offers={"gold": "Gold"},
    )


def came_in(division: Division) -> str:
    """The sentence about the latest decision."""
    return explain(division.last("lead/1"), division.config)[1].strip()


def test_an_explanation_says_through_which_tool_a_lead_came_into_a_plan() -> None:
    """D16 S121 In one sentence; what has no name is called by its id."""
    division = sales_plans()
    division.create("lead/1", owner=None, tool="form")
    assert came_in(division) == (
        'it came into the plan "Spring" through the tool "Webinar form", to ann (Ann Lee) in turn'
    )
    assert explain(division.last("lead/1"), Config("main"))[1].strip() == (
        'it came into the plan "spring" through the tool "form", to ann in turn'
    )


def test_an_explanation_says_that_a_lead_came_into_a_plan_and_waits() -> None:
    """D16 S123 The plan is the lead's, whoever gets it."""
    division = sales_plans()
    division.away("bob")
    division.away("eve")
    division.send(event("paid", "lead/1", offer="gold"))
    assert came_in(division) == 'it came into the plan "Care" through the offer "Gold" (paid), and waits there'


def test_an_explanation_says_who_was_in_contact_and_when() -> None:
    """D16 S127 The reason why it is not whose turn it is."""
    division = sales_plans()
    division.send(event("contacted", "lead/1", person="eve", time_ms=START_MS - 3_600_000))
    division.send(event("paid", "lead/1", offer="gold"))
    assert came_in(division) == (
        'it came into the plan "Care" through the offer "Gold" (paid), to eve, who was in contact with it, or got it, '
        f"on {moment(START_MS - 3_600_000)}"
    )


def test_an_explanation_tells_every_time_by_the_clock_of_the_division() -> None:
    """D16 A manager reads one clock, and its zone stands beside it."""
    division = sales_plans()
    division.config = replace(division.config, zone="Asia/Tokyo")
    division.send(event("contacted", "lead/1", person="eve", time_ms=START_MS))
    division.send(event("paid", "lead/1", offer="gold"))
    there = datetime.fromtimestamp(START_MS / 1000, ZoneInfo("Asia/Tokyo"))
    assert came_in(division).endswith(f"on {there:%a %Y-%m-%d %H:%M} Asia/Tokyo")


def test_an_explanation_says_that_a_lead_stays_in_the_plan_in_which_it_was() -> None:
    """D16 S128 Nobody of the plan that the offer leads to knows it."""
    division = sales_plans()
    division.send(event("contacted", "lead/1", person="kim", time_ms=START_MS - 60_000))
    division.create("lead/1", owner=None, tool="form")
    division.away("ann")
    division.send(event("paid", "lead/1", offer="gold"))
    assert came_in(division) == (
        'it stays in the plan "Spring", with kim, who was in contact with it, or got it, on '
        f'{moment(START_MS - 60_000)}: nobody who can take it in the plan of the offer "Gold" (paid) was in contact '
        "with it"
    )


def moment(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%a %Y-%m-%d %H:%M} UTC"
