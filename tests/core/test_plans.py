"""Sales plans: what brings a lead into one, whom it goes to, and that clients are counted once."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.events import OfferKind, RecordEvent, Target
from service.core.holding.retention import forget
from service.core.limit_spec import Limit
from service.core.model import (
    Assigned,
    Label,
    LimitCount,
    Nothing,
    Outcome,
    Pending,
    Rejected,
    Released,
)
from service.core.plan_facts import PlanFacts
from service.core.pool_spec import Accepting
from service.core.state import FIRST_LEVEL, KINDS
from tests.core.build import (
    MINUTE_MS,
    START_MS,
    Division,
    closed,
    created,
    deleted,
    event,
    owner_changed,
    pool,
    reopened,
    updated,
    users,
)

OFFERS = {"gold": "", "silver": ""}
TIMES = st.integers(0, 4).map(lambda minute: START_MS + minute * 60_000)


def plan(name: str, *managers: str, **facts: Any) -> Any:
    """A plan with these managers."""
    return pool(*managers, id=name, plan=PlanFacts(**facts))


def listing(kind: OfferKind, *offers: str) -> dict[str, Any]:
    """What a plan says that lists these offers under one kind."""
    return {"offers": {kind: frozenset(offers)}}


def spring_and_care(**settings: Any) -> Division:
    """A plan with a tool, and one with another tool and a paid offer."""
    spring = plan("spring", "ann", tools=frozenset({"form"}), label=Label("Spring"))
    care = plan("care", "bob", "eve", tools=frozenset({"chat"}), **listing("paid", "gold"))
    return Division(spring, care, offers=OFFERS, **settings)


def offered(kind: OfferKind, offer: str = "gold", record: str = "lead/1", **more: Any) -> RecordEvent:
    """Something happened to an offer."""
    return event(kind, record, offer=offer, **more)


def in_plan(division: Division, record: str = "lead/1") -> str:
    """The plan that the lead is in."""
    known = division.state.plans.get(record)
    return "" if known is None else known.plan


def clients(division: Division) -> dict[str, int]:
    """Everybody who has clients."""
    return {field: each.clients for field, each in division.state.clients.items()}


def test_a_lead_comes_in_through_a_tool() -> None:
    """S108 S118 D8 With the plan and its label on the decision, and the tool in the trace."""
    division = spring_and_care()

    assert division.create(owner=None, tool="form") == Assigned("ann", "spring", 1)
    decision = division.last()
    assert (decision.plan, decision.label) == ("spring", Label("Spring"))
    assert (decision.trace.question, decision.trace.through) == ("tool", "form")
    assert clients(division) == {"spring/ann": 1}


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (offered("ordered"), Nothing("no_plan", "gold")),
        (offered("paid", "tin"), Nothing("no_plan", "tin")),
        (offered("paid", record="deal/1"), Nothing("no_plan", "gold")),
    ],
)
def test_what_no_plan_lists_there_does_nothing(told: RecordEvent, outcome: Outcome) -> None:
    """S124 The same offer in one list only; plans are for leads."""
    assert spring_and_care().send(told) == (outcome,)


def test_an_offer_may_bring_in_a_lead_that_nobody_has_heard_of() -> None:
    """S123 Its creation, told later, changes nothing."""
    division = spring_and_care()

    assert division.send(offered("paid")) == (Assigned("bob", "care", 1),)
    assert division.create(owner=None) == Nothing("owner_kept", "bob")
    assert in_plan(division) == "care"


def test_another_plan_shares_anew_what_we_gave() -> None:
    """D45 Released and given, in the plan entered; the open items follow."""
    division = spring_and_care()
    division.create(owner=None, tool="form")

    assert division.send(offered("paid")) == (Released("ann", "spring", "entered_plan"), Assigned("bob", "care", 1))
    assert clients(division) == {"care/bob": 1}
    assert division.open_items("bob", "care") == 1


def test_whom_a_human_chose_stays_and_the_plan_changes() -> None:
    """D23 D45 By whatever the lead comes into the plan, and whoever has it."""
    division = spring_and_care()
    division.create(owner="zoe", tool="form")
    assert (in_plan(division), division.record().owner) == ("spring", "zoe")

    assert division.send(offered("paid")) == (Nothing("owner_kept", "zoe"),)
    assert clients(division) == {"care/zoe": 1}


def test_a_waiting_lead_goes_over_to_the_plan_entered() -> None:
    """D45 What waits belongs to nobody: it leaves its line, and fields that it told come along."""
    division = spring_and_care()
    division.away("ann")
    assert isinstance(division.create(owner=None, tool="form"), Pending)

    assert division.send(updated(tool="chat")) == (
        Released("", "spring", "entered_plan"),
        Assigned("bob", "care", 1),
    )
    assert division.state.pools["spring"].waiting == 0


def test_the_same_plan_again_is_nothing_to_do_unless_nobody_has_the_lead() -> None:
    """D45 D54 A second tool or offer of the plan moves nothing."""
    division = spring_and_care()
    division.create(owner=None, tool="chat")
    assert division.send(offered("paid")) == (Nothing("in_plan_already", "care"),)

    division.send(updated(owner="bob"))
    division.give("lead/1", None)
    assert division.send(offered("paid", more_offers=("silver",))) == (Nothing("offer_told", "gold"),)
    assert division.send(updated(tool="form")) == (Assigned("ann", "spring", 1),)


def test_an_owner_taken_away_in_the_event_that_tells_of_another_tool() -> None:
    """D45 The release, then the turn in the plan entered."""
    division = spring_and_care()
    division.create(owner=None, tool="form")
    division.send(updated(owner="ann"))

    assert division.give("lead/1", None, tool="chat") == (
        Released("ann", "spring", "owner_removed"),
        Assigned("bob", "care", 1),
    )


def test_a_tool_that_comes_late_is_no_change() -> None:
    """D45 An older event never changes the tool that is known, yet it may be the first to tell one."""
    division = spring_and_care()
    division.create(owner=None, tool="chat", version=5)
    division.send(updated(tool="form", version=3))
    assert in_plan(division) == "care"

    division.create("lead/2", owner=None, version=1)
    division.send(updated("lead/2", version=5))
    division.send(event("owner_changed", "lead/2", "user:zoe", version=4, tool="form"))
    assert in_plan(division, "lead/2") == "spring"


def test_too_long_a_chain_enters_no_plan() -> None:
    """D7 Said, and whoever has the lead keeps it."""
    division = spring_and_care()
    division.create(owner=None, tool="form")
    (outcome,) = division.send(offered("paid", depth=9))

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "chain_depth"
    assert (in_plan(division), division.record().owner) == ("spring", "ann")


def test_the_memory_of_offers_is_bounded() -> None:
    """D54 The latest."""
    names = {f"offer-{number}": "" for number in range(20)}
    division = Division(plan("spring", "ann"), offers=names)
    for name in names:
        division.send(offered("ordered", name))

    assert [each.offer for each in division.state.plans["lead/1"].offers] == list(names)[-16:]


def test_of_several_offers_the_first_that_is_listed_decides() -> None:
    """D54 All of them are remembered."""
    division = spring_and_care()

    assert division.send(offered("paid", "silver", more_offers=("gold",))) == (Assigned("bob", "care", 1),)
    assert [each.offer for each in division.state.plans["lead/1"].offers] == ["gold", "silver"]


def test_in_a_linked_plan_the_most_recent_contact_gets_the_lead() -> None:
    """S127 D4 D54 At no cost of a turn; three people are remembered, and who left the plan is passed over."""
    vip = plan("vip", "ann", "bob", "eve", tools=frozenset({"form"}), is_linked=True)
    division = Division(replace(vip, limits=(Limit(9, "day"),)))
    for minute, person in enumerate(("ann", "bob", "eve", "zoe")):
        division.send(event("contacted", person=person, time_ms=START_MS - (9 - minute) * 60_000))

    assert [each.person for each in division.state.contacts["lead/1"].latest] == ["bob", "eve", "zoe"]
    assert division.create(owner=None, tool="form") == Assigned("eve", "vip")
    assert division.last().trace.link == "contact"
    assert division.last().trace.limits == (LimitCount("pool", "day", 0, 9),)
    assert division.create("lead/2", owner=None, tool="form") == Assigned("ann", "vip", 1)


def test_who_declined_a_lead_is_not_given_it_for_knowing_it() -> None:
    """D50 S127 Not asked again, by no pool; and of a plan that hands on no more nobody is asked."""
    tools = frozenset({"form"})
    division = Division(
        pool("bob", accepting=Accepting(MINUTE_MS)), plan("vip", "ann", "bob", tools=tools, is_linked=True)
    )
    division.create()
    division.send(event("contacted", person="bob"))
    division.decline("lead/1", "bob")

    assert division.send(updated(tool="form"))[-1] == Assigned("ann", "vip", 1)
    assert [each.excluded for each in division.last().trace.candidates] == [None, "declined"]


def test_a_payment_that_fails_after_the_offer_was_paid_moves_nobody() -> None:
    """g1 D54 Whatever time it names; once the offer is ordered again, it counts again."""
    division = Division(
        plan("orders", "ann", **listing("ordered", "gold")),
        plan("dunning", "bob", **listing("payment_failed", "gold")),
        offers=OFFERS,
    )
    division.send(offered("paid", time_ms=START_MS))

    assert division.send(offered("payment_failed", time_ms=START_MS + 1)) == (Nothing("paid_already", "gold"),)
    assert division.send(offered("ordered", time_ms=START_MS + 2)) == (Assigned("ann", "orders", 1),)
    assert division.send(offered("payment_failed", time_ms=START_MS + 3))[-1] == Assigned("bob", "dunning", 1)


def test_a_retry_is_one_entry_at_its_first_time() -> None:
    """g1 D54 What happened to another offer in between is later, and the lead stays where that led it."""
    division = Division(
        plan("dunning", "ann", **listing("payment_failed", "gold")),
        plan("care", "bob", **listing("paid", "silver")),
        offers=OFFERS,
    )
    division.send(offered("payment_failed", "gold", time_ms=START_MS))
    division.send(offered("paid", "silver", time_ms=START_MS + 1))

    assert division.send(offered("payment_failed", "gold", time_ms=START_MS + 2)) == (Nothing("offer_told", "gold"),)
    assert in_plan(division) == "care"


HISTORY: tuple[tuple[OfferKind, int], ...] = (("ordered", 0), ("payment_failed", 1), ("payment_failed", 2), ("paid", 3))


@pytest.mark.parametrize("order", list(permutations(range(len(HISTORY)))))
def test_offers_end_in_the_same_plan_in_whatever_order_they_are_told(order: tuple[int, ...]) -> None:
    """D54 By their own time."""
    division = Division(
        plan("orders", "ann", **listing("ordered", "gold")),
        plan("dunning", "bob", **listing("payment_failed", "gold")),
        plan("care", "eve", **listing("paid", "gold")),
        offers=OFFERS,
    )
    for place in order:
        kind, minute = HISTORY[place]
        division.send(offered(kind, time_ms=START_MS + minute * 60_000))

    assert (in_plan(division), clients(division)) == ("care", {"care/eve": 1})


STEPS = st.one_of(
    st.builds(lambda tool: created(owner=None, tool=tool), st.sampled_from(["form", "chat", None])),
    st.builds(lambda tool, owner: updated(owner=owner, tool=tool), st.sampled_from(["form", "chat"]), st.just("ann")),
    st.builds(lambda kind, time: offered(kind, time_ms=time), st.sampled_from(["paid", "ordered"]), TIMES),
    st.builds(lambda owner: owner_changed(owner=owner), st.sampled_from(["ann", "zoe", None, "plan:care"])),
    st.just(None),
)


@given(st.lists(STEPS, max_size=12), st.booleans())
def test_a_lead_is_in_one_plan_and_counted_once(steps: list[RecordEvent | None], somebody_is_there: bool) -> None:
    """D46 After whatever happens (the books are balanced after each step): deletion, waiting, people's choices."""
    division = spring_and_care()
    if not somebody_is_there:
        division.away("ann")
        division.away("eve")
    for number, step in enumerate(steps):
        division.send(deleted(id=f"gone-{number}") if step is None else step)
        assert sum(clients(division).values()) == (bool(in_plan(division)) and not division.record().deleted)


def test_what_is_remembered_of_plans_survives_a_switch() -> None:
    """S128 A plan that is gone stays the lead's, until something moves it."""
    division = spring_and_care()
    division.create(owner=None, tool="form")
    division.configure(plan("care", "bob", tools=frozenset({"chat"})))
    assert (in_plan(division), division.record().owner) == ("spring", "ann")
    assert division.send(updated(tool="chat"))[-1] == Assigned("bob", "care", 1)


@pytest.mark.parametrize("way", [updated(tool="form"), offered("ordered")])
def test_what_waits_in_a_plan_that_is_renamed_waits_in_the_plan_of_its_tool_or_offer(way: RecordEvent) -> None:
    """D8 D31 They come before the rules, also when all is asked anew."""
    facts = {"tools": frozenset({"form"}), **listing("ordered", "gold")}
    rules: dict[str, Any] = {"defaults": {"lead": Target("user", "zoe")}, "offers": OFFERS}
    division = Division(plan("spring", "ann", **facts), **rules)
    division.away("ann")
    division.send(way)
    assert division.record().parked

    division.configure(plan("summer", "ann", "bob", **facts), **rules)
    assert (in_plan(division), division.record().owner) == ("summer", "bob")


def test_a_lead_that_is_opened_again_is_asked_for_by_its_tool() -> None:
    """D8 D33 The plan that gave it is gone, and its tool is another plan's."""
    division = spring_and_care()
    division.create(owner=None, tool="form")
    division.send(closed())
    gone = (*users("ann", active=False), *users("bob"))
    division.configure(plan("summer", "bob", tools=frozenset({"form"})), users=gone)
    assert division.send(reopened())[-1] == Assigned("bob", "summer", 1)


def test_kinds_of_plans_go_with_their_record() -> None:
    """A value beside the record is loaded and forgotten with it."""
    division = spring_and_care()
    division.create(owner=None, tool="form")
    division.state.unload("lead/1")

    assert all(KINDS[kind].level > FIRST_LEVEL for kind in ("plan", "clients", "contacts"))
    assert not division.state.records
    assert not division.state.plans


def test_who_is_forgotten_is_nobodys_client() -> None:
    """D46 The count goes with the record."""
    division = spring_and_care()
    division.create(owner=None, tool="form")
    division.state.apply(forget("lead/1", division.state, division.config, division.now_ms))

    assert not division.state.plans
    assert not division.state.clients


TOLD = [(kind, offer, minute) for minute, (kind, offer) in enumerate(product(("ordered", "paid"), OFFERS))]


@given(st.permutations(TOLD), st.permutations(range(len(TOLD))))
def test_of_several_offers_the_latest_decides_in_whatever_order_they_are_told(
    happened: list[tuple[OfferKind, str, int]], told: list[int]
) -> None:
    """D54 By their own times, also where one of them leads into the plan in which the lead is already."""
    ends = []
    for order in (sorted(told), told):
        division = Division(
            plan("spring", "ann", offers={"ordered": frozenset({"gold"}), "paid": frozenset({"silver"})}),
            plan("care", "bob", offers={"ordered": frozenset({"silver"}), "paid": frozenset({"gold"})}),
            offers=OFFERS,
        )
        for place in order:
            kind, offer, _ = happened[place]
            division.send(offered(kind, offer, time_ms=START_MS + place * 60_000))
        ends.append((in_plan(division), clients(division)))
    assert ends[0] == ends[1]


def test_a_payment_told_late_makes_good_only_what_its_own_failure_did() -> None:
    """g1 D54 Another offer's payment failed since: the lead is in that plan for that one."""
    division = Division(
        plan("dunning", "ann", offers={"payment_failed": frozenset(OFFERS)}),
        plan("care", "bob", **listing("paid", "gold")),
        offers=OFFERS,
    )
    division.send(offered("payment_failed", "gold", time_ms=START_MS + 1))
    division.send(offered("payment_failed", "silver", time_ms=START_MS + 5))

    assert division.send(offered("paid", "gold", time_ms=START_MS + 3)) == (Nothing("older_offer", "gold"),)
