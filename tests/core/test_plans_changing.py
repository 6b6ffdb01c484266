"""Plans that change while leads are in them and wait: renamed, deleted, emptied, with other tools and offers."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from service.core.events import OFFER_KINDS, OfferKind, RecordEvent
from service.core.plan_facts import PlanFacts
from service.core.pool_spec import PoolSpec
from tests.core.build import (
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

NAMES = ("spring", "summer", "care")
PEOPLE = ("ann", "bob", "eve")
OFFERS = {"gold": "", "silver": ""}
TOOLS = ("form", "chat", "FORM", "unknown")
RECORDS = st.sampled_from(["lead/1", "lead/2", "lead/3"])
TIMES = st.none() | st.integers(0, 50).map(lambda minute: START_MS + minute * 60_000)


@st.composite
def configured(draw: st.DrawFn) -> tuple[PoolSpec, ...]:
    """Some of three plans, in which each tool and each offer of a kind stands once at most, and a pool."""
    there = draw(st.lists(st.sampled_from(NAMES), unique=True))
    tools = {tool: draw(st.sampled_from(NAMES)) for tool in ("form", "chat")}
    listed = {(kind, offer): draw(st.sampled_from(NAMES)) for kind in OFFER_KINDS for offer in OFFERS}
    return (pool("zoe"), *(draw(_plan(name, tools, listed)) for name in there))


@st.composite
def _plan(draw: st.DrawFn, name: str, tools: dict[str, str], listed: dict[tuple[OfferKind, str], str]) -> PoolSpec:
    managers = draw(st.lists(st.sampled_from(PEOPLE), unique=True))
    facts = PlanFacts(
        tools=frozenset(tool for tool, its in tools.items() if its == name),
        offers={kind: frozenset(offer for offer in OFFERS if listed[kind, offer] == name) for kind in OFFER_KINDS},
        is_linked=draw(st.booleans()),
        within_ms=draw(st.none() | st.just(600_000)),
        counts_as_turn=draw(st.booleans()),
    )
    return pool(*managers, id=name, plan=facts)


STEPS = st.one_of(
    configured(),
    st.sampled_from(["away/ann", "back/ann", "away/bob", "back/bob"]),
    st.builds(
        lambda record, tool, owner, time_ms: created(record, owner, tool=tool, time_ms=time_ms),
        RECORDS,
        st.none() | st.sampled_from(TOOLS),
        st.sampled_from([None, None, "zoe", "plan:spring"]),
        TIMES,
    ),
    st.builds(
        lambda record, tool, time_ms: updated(record, tool=tool, time_ms=time_ms),
        RECORDS,
        st.sampled_from(TOOLS),
        TIMES,
    ),
    st.builds(
        lambda record, kind, offers, time_ms: event(
            kind, record, offer=offers[0], more_offers=tuple(offers[1:]), time_ms=time_ms
        ),
        RECORDS,
        st.sampled_from(OFFER_KINDS),
        st.lists(st.sampled_from(["gold", "silver", "unknown"]), min_size=1, max_size=3),
        TIMES,
    ),
    st.builds(lambda record, person: event("contacted", record, person=person), RECORDS, st.sampled_from(PEOPLE)),
    st.builds(
        lambda record, owner: owner_changed(record, owner=owner),
        RECORDS,
        st.sampled_from(["ann", "zoe", None, "plan:care", "plan:nothing", "pool:sales"]),
    ),
    st.builds(lambda record, make: make(record), RECORDS, st.sampled_from([closed, reopened, deleted])),
)


@given(configured(), st.lists(STEPS, max_size=25))
def test_whatever_changes_each_lead_is_one_client_and_waits_only_where_it_may(
    first: tuple[PoolSpec, ...], steps: Sequence[tuple[PoolSpec, ...] | str | RecordEvent]
) -> None:
    """D45 D46 D31 The books are balanced after each step, told again nothing moves, and what waits waits in what is."""
    division = Division(*first, users=users("ann", "bob", "eve", "zoe"), offers=OFFERS)
    for step in steps:
        if isinstance(step, tuple):
            division.configure(*step)
        elif isinstance(step, str):
            what, _, person = step.partition("/")
            (division.away if what == "away" else division.back)(person)
        else:
            division.send(step)
            before = dict(division.state.plans)
            division.send(step)
            assert {name: each.plan for name, each in division.state.plans.items()} == {
                name: each.plan for name, each in before.items()
            }
        leads = [name for name, each in division.state.plans.items() if each.counted]
        assert sum(each.clients for each in division.state.clients.values()) == len(leads)
        for name, parked in division.state.parked.items():
            assert parked.pool in division.config.pools, name
