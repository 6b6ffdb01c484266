"""What happened to offers decides by its own time, in whatever order it is told: a law over all there is to vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from service.core.events import OFFER_KINDS, OfferKind, RecordEvent
from service.core.in_plan import OfferTold
from service.core.offers import REMEMBERED_OFFERS, added, no_news
from tests.core.build import START_MS, Division, created, event
from tests.core.test_plans import clients, in_plan, plan

CATALOGUE = {"gold": "", "silver": "", "bronze": ""}
PLANS = ("orders", "dunning", "care")
TELLS = [(kind, offer) for kind in OFFER_KINDS for offer in (*CATALOGUE, "unknown")]
"""What may happen; nothing is listed of an offer that is in no catalogue."""

Listed = Mapping[tuple[OfferKind, str], str]


class Story(NamedTuple):
    """What happened to a lead, each a minute after the one before, and which plan lists what."""

    happened: Sequence[RecordEvent]
    listed: Listed


def told(tell: tuple[OfferKind, str], minute: int) -> RecordEvent:
    kind, offer = tell
    return event(kind, offer=offer, time_ms=START_MS + minute * 60_000)


def creation(how: str, minute: int) -> RecordEvent:
    """The lead comes in, with an owner of its own or without, through a tool or not."""
    owner, _, tool = how.partition("/")
    return created(owner=owner or None, tool=tool or None, time_ms=START_MS + minute * 60_000)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    tells = draw(st.lists(st.sampled_from(TELLS), min_size=2, max_size=9))
    listed = draw(
        st.dictionaries(st.sampled_from([each for each in TELLS if each[1] in CATALOGUE]), st.sampled_from(PLANS))
    )
    how = draw(st.sampled_from(["", "/form", "zoe", "zoe/form", "never"]))
    happened = [told(each, minute) for minute, each in enumerate(tells, start=1)]
    if how != "never":
        place = draw(st.integers(0, len(happened)))
        happened = [told(each, minute) for minute, each in enumerate(tells) if minute < place]
        happened += [creation(how, place)]
        happened += [told(each, minute + 1) for minute, each in enumerate(tells) if minute >= place]
    return Story(happened, listed)


def division_of(listed: Listed) -> Division:
    """Three plans that share evenly, and a pool for what comes in through none."""
    plans = []
    for name in PLANS:
        offers = {
            kind: frozenset(offer for (of, offer), its in listed.items() if (of, its) == (kind, name))
            for kind in OFFER_KINDS
        }
        plans.append(
            plan(name, f"{name}-a", f"{name}-b", offers=offers, tools=frozenset({"form"} if name == "care" else ()))
        )
    return Division(*plans, offers=CATALOGUE)


def ends(story: Story, order: Sequence[int]) -> tuple[str, int]:
    """In which plan the lead is when all was told in this order, and how many clients there are."""
    division = division_of(story.listed)
    for place in order:
        division.send(story.happened[place])
    owner, its = division.record().owner, in_plan(division)
    assert not owner or not division.record().by_us or not its or owner.startswith(its)
    return its, sum(clients(division).values())


PAID_IS_NOWHERE: Listed = {("payment_failed", "gold"): "dunning"}
BETWEEN: Listed = {("payment_failed", "gold"): "dunning", ("paid", "silver"): "orders", ("paid", "gold"): "care"}


AGAIN: Listed = {("ordered", "gold"): "orders"}


@given(stories(), st.randoms(use_true_random=False))
@example(Story([told(("paid", "gold"), 1), told(("payment_failed", "gold"), 2)], PAID_IS_NOWHERE), None)
@example(
    Story([told(("paid", "gold"), 1), told(("paid", "silver"), 2), told(("payment_failed", "gold"), 3)], BETWEEN), None
)
@example(
    Story(
        [told(("payment_failed", "gold"), 1), told(("paid", "silver"), 2), told(("payment_failed", "gold"), 3)], BETWEEN
    ),
    None,
)
@example(Story([told(("ordered", "gold"), 1), creation("/form", 2), told(("ordered", "gold"), 3)], AGAIN), None)
def test_a_lead_ends_in_the_same_plan_in_whatever_order_its_offers_are_told(story: Story, random: object) -> None:
    """g1 D54 Several offers and plans, retries, payments that fail again, unknown offers, owners of every kind."""
    in_time = range(len(story.happened))
    order = list(reversed(in_time))
    if random is not None:
        random.shuffle(order)  # type: ignore[attr-defined]  # the examples are told from their end

    assert ends(story, order) == ends(story, in_time)


@given(st.lists(st.tuples(st.sampled_from(OFFER_KINDS), st.integers(0, 99)), min_size=17, max_size=40))
def test_retries_make_room_first(tells: list[tuple[OfferKind, int]]) -> None:
    """D54 The memory is bounded, in order of time, and never holds the same twice."""
    happened: tuple[OfferTold, ...] = ()
    for kind, time_ms in tells:
        happened = added(OfferTold("gold", kind, time_ms), happened)

    assert len(happened) <= REMEMBERED_OFFERS
    assert len(set(happened)) == len(happened)
    assert list(happened) == sorted(happened, key=lambda each: each.time_ms)
    assert len(no_news(happened)) == len(happened)
