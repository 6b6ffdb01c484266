"""Laws of records that nobody has for good yet, under any order of events, timers, presence and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.draft import Draft
from service.core.events import ANSWER_KINDS, AnswerKind, Target
from service.core.holding.asking import find
from service.core.holding.waiting import is_fit, waiting_case
from service.core.model import Assigned, Nothing, Released
from service.core.pool_spec import Accepting, Escalation, Membership
from service.wire.values import pack, unpack
from tests.core.build import MINUTE_MS, Division, closed, event, pool, predicate, reopened, updated

PEOPLE: Final = ("ann", "bob", "cem", "eve")
RECORDS: Final = ("lead/1", "lead/2", "lead/3", "lead/4", "lead/5")
POOLS: Final = (
    pool(
        Membership("ann", max_open=2),
        Membership("bob", domain=predicate("language = de")),
        accepting=Accepting(5 * MINUTE_MS, 2, ask_again=True),
        fallback=Target("pool", "world"),
        longest_wait_ms=20 * MINUTE_MS,
    ),
    pool("cem", "eve", id="world", accepting=Accepting(3 * MINUTE_MS, 1), fallback=Target("pool", "sales")),
    pool("ann", "cem", id="slow", escalation=Escalation(10 * MINUTE_MS, Target("pool", "sales"))),
)

LANGUAGES: Final = st.sampled_from(("de", "en"))
people, records = st.sampled_from(PEOPLE), st.sampled_from(RECORDS)

Happening = Callable[[Division], object]


def answer_one_of_the_offers(division: Division, record: str, said: AnswerKind, number: int) -> None:
    """Whom the record was offered to answers the offer so many before the latest: only the one that stands is heard."""
    offers = [
        (str(place), outcome.owner)
        for place, each in enumerate(division.decisions)
        if isinstance(outcome := each.outcome, Assigned) and outcome.accept_by_ms and each.record == record
    ][::-1]
    if number < len(offers):
        decision, person = offers[number]
        stands = record in division.state.reservations and number == 0
        before = division.state.reservations.get(record)
        outcomes = division.send(event(said, record, person=person, decision=decision))
        assert isinstance(outcomes[0], Nothing) == (not stands or said == "accepted")
        assert (outcomes[0].reason in {"accepted", "declined"}) == stands
        assert stands or division.state.reservations.get(record) == before


happenings: Final = st.one_of(
    st.builds(
        lambda record, name, said: lambda division: division.create(record, f"pool:{name}", facts={"language": said}),
        records,
        st.sampled_from(("sales", "world", "slow")),
        LANGUAGES,
    ),
    st.builds(lambda record, person: lambda division: division.accept(record, person), records, people),
    st.builds(lambda record, person: lambda division: division.decline(record, person), records, people),
    st.builds(
        lambda record, said, number: lambda division: answer_one_of_the_offers(division, record, said, number),
        records,
        st.sampled_from(ANSWER_KINDS),
        st.integers(0, 5),
    ),
    st.builds(
        lambda person, word: lambda division: division.tell(person, word),
        people,
        st.sampled_from(("away", "off_shift", "leave", "available", "leave_ended")),
    ),
    st.builds(lambda minutes: lambda division: division.later(minutes=minutes), st.integers(1, 15)),
    st.builds(lambda record: lambda division: division.send(closed(record)), records),
    st.builds(lambda record: lambda division: division.send(reopened(record)), records),
    st.builds(
        lambda record, target: lambda division: division.give(record, target),
        records,
        st.sampled_from(("user:zoe", "pool:sales", "pool:slow", None)),
    ),
    st.builds(
        lambda record, said: lambda division: division.send(updated(record, facts={"language": said})),
        records,
        LANGUAGES,
    ),
    st.builds(lambda record: lambda division: division.delete(record), records),
)
histories: Final = st.lists(happenings, max_size=40)


def given_to_whoever_can(division: Division) -> None:
    """Nothing waits that somebody can take, but for the pace at which what waits is given out."""
    draft = Draft(division.state)
    for name, parked in division.state.parked.items():
        case = waiting_case(name, parked, draft, division.config, division.now_ms)
        assert is_fit(case, parked.pool, named=parked.named)
        found = find(case, division.config.pools[parked.pool], paced=True)
        assert found.choice.chosen is None, f"{name} waits, and {found.choice.chosen} can take it"


def one_at_a_time(division: Division) -> None:
    """Read from what is published alone: nobody gets a record before it was taken from whom it was offered to."""
    offered: dict[str, str] = {}
    for decision in division.decisions:
        match decision.outcome:
            case Assigned(owner=owner, accept_by_ms=int()):
                assert decision.record not in offered, f"{decision.record} is offered to two at once"
                offered[decision.record] = owner
            case Released(previous=previous):
                assert offered.pop(decision.record, previous) == previous
            case Assigned():
                assert decision.record not in offered
        if decision.outcome.reason in {"accepted", "closed", "deleted"}:
            offered.pop(decision.record, None)


@settings(max_examples=150, deadline=None)
@given(histories)
def test_a_record_has_one_person_at_a_time_and_never_waits_for_who_can_take_it(history: list[Happening]) -> None:
    """D3 D50 D55 The books balance after each step, see `check_books`: offers are open items, timers are offers'."""
    division = Division(*POOLS)
    for happening in history:
        happening(division)
        given_to_whoever_can(division)
    one_at_a_time(division)
    for kind in ("offer", "handing"):
        values = division.state.of_kind(kind).values()
        assert all(unpack(kind, pack(value)) == value for value in values), "what is remembered can be read again"
    assert all(len(each.spots) <= 3 and len(each.passed) <= len(PEOPLE) for each in division.state.handings.values())


@settings(max_examples=40, deadline=None)
@given(histories)
def test_everything_comes_to_an_end(history: list[Happening]) -> None:
    """Nobody answers any more: each record is offered so often as it may be, and no timer is left but the drains'."""
    division = Division(*POOLS)
    for happening in history:
        happening(division)
    division.later(minutes=600)

    assert not division.state.reservations
    assert not [name for name in division.state.timers if name.startswith(("offer/", "rise/", "aged/", "left/"))]
