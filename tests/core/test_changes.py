"""What changed: only real changes of fields that are asked for, each field in an order of its own."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from service.core.events import RecordEvent, Target
from service.core.hearing import hear
from service.core.holding.retention import forget
from service.core.model import Nothing, Outcome
from service.core.news import NoNews
from service.core.order import Moment
from service.core.past import NOTHING_TOLD, PAST_FIELDS, VALUE_CHARACTERS, heard, known_in
from service.core.record import Record
from service.core.rule_sets import Entry, RuleSet
from service.language import criteria
from service.language.changes import UNCHANGED, Change
from service.language.predicate import Predicate
from service.language.tree import in_past
from tests.core.build import Division, created, deleted, owner_changed, pool, predicate, updated

ASKED: Final = frozenset({"stage", "amount"})


def rules(*asked: str, on: Sequence[str] = ("updated",), before: str = "") -> Mapping[str, RuleSet]:
    """One entry that gives leads to the pool `sales`, whoever has them."""
    past = in_past(criteria.parse(before)) if before else None
    entry = Entry(
        "won",
        Target("pool", "sales"),
        tuple(map(predicate, asked)),
        on=frozenset(on),  # type: ignore[arg-type]  # tests name real happenings
        reassign="always",
        before=() if past is None else (Predicate(before, past),),
    )
    return {"lead": RuleSet("stages", "lead", (entry,))}


def division(*asked: str, **more: Any) -> Division:
    """Whose leads nobody gets until something changes: those that no entry wants go to a person."""
    return Division(pool("ann"), rule_sets=rules(*asked, **more), defaults={"*": Target("user", "ann")})


def has_fired(outcomes: Sequence[Outcome]) -> bool:
    """Whether the entry matched: it gave the record to the pool, or that has it already."""
    return any(outcome.pool == "sales" or outcome.reason == "owner_kept" for outcome in outcomes)


class Step(NamedTuple):
    """An update with these fields, and whether it fires."""

    facts: dict[str, object]
    fires: bool


def play(given_division: Division, *steps: Step) -> None:
    """Send the updates, one after the other."""
    for number, step in enumerate(steps):
        outcomes = given_division.send(updated("lead/1", facts=step.facts))
        assert has_fired(outcomes) is step.fires, (number, step)


def heard_all(sent: Sequence[RecordEvent]) -> tuple[dict[str, tuple[object, ...]], Counter[str]]:
    """What is remembered after these events, by field, and how often each was changed."""
    told, counts = division("stage changed", "amount changed"), Counter[str]()
    for each in sent:
        record, past = told.record(), told.state.past.get("lead/1", NOTHING_TOLD)
        counts.update(hear(each, record, past, told.config).change.changed)
        told.send(each)
    past = told.state.past.get("lead/1", NOTHING_TOLD)
    return {path: (each.value, each.version or each.time_ms) for path, each in past.values.items()}, counts


VALUES: Final = st.sampled_from(["A", "B", "C", None, 5])


@st.composite
def histories(draw: st.DrawFn) -> list[RecordEvent]:
    """A creation and partial updates, in the order of their versions, or of their times."""
    clock = draw(st.sampled_from(["version", "time_ms"]))
    told = draw(st.lists(st.dictionaries(st.sampled_from(sorted(ASKED)), VALUES), min_size=1, max_size=5))
    when: list[dict[str, Any]] = [{clock: number} for number in range(1, len(told) + 2)]
    events = [created("lead/1", None, facts=told[0], **when[0])] if draw(st.booleans()) else []
    return [*events, *(updated("lead/1", None, facts=facts, **at) for facts, at in zip(told, when[1:], strict=True))]


@settings(max_examples=200, deadline=None)
@given(histories(), st.data())
def test_any_order_of_partial_updates_remembers_the_same_and_fires_once_for_a_change(
    history: list[RecordEvent], data: st.DataObject
) -> None:
    """D43 Those that overtake one another lose nothing, and what comes twice or late changes nothing more."""
    again = [replace(each, id=f"{each.id} again") for each in data.draw(st.lists(st.sampled_from(history), max_size=3))]
    remembered, counts = heard_all(data.draw(st.permutations([*history, *again])))
    in_order, real = heard_all(history)

    assert remembered == in_order
    assert all(counts[path] <= real[path] for path in ASKED)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_creation_heard_late_is_no_second_change(order: tuple[int, ...]) -> None:
    """D43 Of what was seen to change before it; whatever comes in order is heard as it happened."""
    history = [
        created("lead/1", None, facts={}, version=1),
        updated("lead/1", facts={"stage": None}, version=2),
        updated("lead/1", facts={"stage": "A"}, version=3),
        updated("lead/1", facts={"amount": 5}, version=4),
    ]
    remembered, counts = heard_all([history[position] for position in order])
    assert remembered == {"stage": ("A", 3), "amount": (5, 4)}
    assert counts == {"stage": 1, "amount": 1} or order != (0, 1, 2, 3)
    assert max(counts.values(), default=0) <= 1


def test_an_update_that_was_overtaken_by_one_of_another_field_still_fires() -> None:
    """D43 S41 Each field has an order of its own; what is decided on is the newest of each."""
    told = division("stage changed to won")
    told.send(created("lead/1", None, facts={"stage": "open", "amount": 1}, version=1))
    told.send(updated("lead/1", facts={"amount": 2}, version=3))
    assert has_fired(told.send(updated("lead/1", facts={"stage": "won"}, version=2)))
    assert told.record().version == 3


def test_an_older_event_never_fires() -> None:
    """D43 D19"""
    told = division("stage changed")
    told.send(created("lead/1", None, facts={"stage": "open"}, version=1))
    assert has_fired(told.send(updated("lead/1", facts={"stage": "won"}, version=3)))
    assert told.send(updated("lead/1", facts={"stage": "lost"}, version=2)) == (Nothing("older_version"),)
    assert known_in(told.state.past["lead/1"]) == {"stage": "won"}


def test_the_same_value_written_again_is_no_change_and_each_real_change_is_one() -> None:
    """D43 e1 e3 Filled, cleared, filled."""
    told = division("stage changed")
    told.create(owner=None)
    play(
        told,
        Step({"stage": "won"}, fires=True),
        Step({"stage": "won"}, fires=False),
        Step({"stage": " won "}, fires=False),
        Step({"amount": 5}, fires=False),
        Step({"stage": ""}, fires=True),
        Step({"stage": None}, fires=False),
        Step({"stage": "won"}, fires=True),
    )


def test_what_a_creation_does_not_name_is_unset_and_the_rest_is_an_update() -> None:
    """D43 S41 e4 A form that is filled after it was saved fires once; saved twice it does not."""
    late = division("country changed", "country equals FR", on=("created", "updated"))
    late.send(created("lead/1", None, facts={}))
    play(late, Step({"country": "FR"}, fires=True), Step({"country": "FR"}, fires=False))

    early = division("country changed", "country equals FR", on=("created", "updated"))
    assert has_fired(early.send(created("lead/1", None, facts={"country": "FR"})))
    play(early, Step({"country": "FR"}, fires=False))


def test_before_is_not_asked_on_a_creation() -> None:
    """D43 Where the entry fires on both."""
    both = division("stage changed", on=("created", "updated"), before="stage equals open")
    assert has_fired(both.send(created("lead/1", None, facts={"stage": "won"})))
    play(both, Step({"stage": "open"}, fires=False), Step({"stage": "won"}, fires=True))


def test_the_first_value_of_a_record_that_we_did_not_see_created_is_no_change() -> None:
    """D43 Unknown is not unset; the second value is a change."""
    told = division("stage changed")
    told.send(updated("lead/1", "user:ann", facts={}))
    play(told, Step({"stage": "won"}, fires=False), Step({"stage": "lost"}, fires=True))


def test_an_update_of_a_record_nobody_saw_created_fires_where_it_is_seen_to_change() -> None:
    """D43 S41 Such a record was there before us."""
    told = division("stage changed to won")
    assert not has_fired(told.send(updated("lead/1", facts={"stage": "open"})))
    assert has_fired(told.send(updated("lead/1", facts={"stage": "won"})))


def test_the_first_value_after_a_condition_was_published_is_no_change() -> None:
    """D43 What nobody asked for was not remembered, however often it was told."""
    told = division()
    told.send(created("lead/1", None, facts={"stage": "open"}))
    told.configure(pool("ann"), rule_sets=rules("stage changed"))
    play(told, Step({"stage": "won"}, fires=False), Step({"stage": "open"}, fires=True))
    told.configure(pool("ann"), rule_sets=rules("amount changed"))
    told.send(updated("lead/1", facts={"stage": "lost"}))
    told.configure(pool("ann"), rule_sets=rules("stage changed"))
    play(told, Step({"stage": "won"}, fires=False))


def test_a_value_too_long_to_keep_is_unknown() -> None:
    """D43 It is no change to it, nor from it, and what came before it does not come back."""
    told = division("stage changed")
    told.send(created("lead/1", None, facts={"stage": "open"}, version=1))
    long = "x" * VALUE_CHARACTERS
    assert not has_fired(told.send(updated("lead/1", facts={"stage": long}, version=3)))
    assert not has_fired(told.send(updated("lead/1", facts={"stage": "won"}, version=2)))
    assert not has_fired(told.send(updated("lead/1", facts={"stage": "won"}, version=4)))
    assert has_fired(told.send(updated("lead/1", facts={"stage": "lost"}, version=5)))


def test_what_is_remembered_of_a_record_is_bounded() -> None:
    """D43 However many fields it has, and however long they are."""
    asked = frozenset(f"field_{number}" for number in range(PAST_FIELDS))
    facts = {f"field_{number}": "x" * 10 * number for number in range(1_000)}
    past = heard(facts, Moment(1), NOTHING_TOLD, asked, is_creation=True)
    assert len(past.values) == PAST_FIELDS
    assert sum(len(told.text) for told in past.values.values()) <= PAST_FIELDS * VALUE_CHARACTERS


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-10-27", "2026-10-27T00:00:00"),
        (5, 5.0),
        ("5", 5),
        (["a", "b"], ["b", "a"]),
        ("a;b", "b;a"),
        ("a;b", ["a", "b"]),
        ({"id": 7, "name": "Acme"}, {"id": 7, "name": "Acme Inc"}),
        (None, ""),
        (None, False),
        ("0000-00-00", None),
        (True, "true"),
    ],
)
def test_values_are_compared_as_what_they_are(before: object, after: object) -> None:
    """D43 e1 Another way to write the same."""
    told = division("value changed")
    told.send(created("lead/1", None, facts={"value": before}))
    play(told, Step({"value": after}, fires=False), Step({"value": "another"}, fires=True))


@pytest.mark.parametrize(
    ("before", "after"),
    [(["a"], ["a", "b"]), (["a", "b"], ["a"]), (["a"], ["a", "a"]), (0, None), (False, True), ({"id": 7}, {"id": 8})],
)
def test_a_value_more_or_less_is_a_change(before: object, after: object) -> None:
    """D43 In lists and elsewhere; the number zero is filled."""
    told = division("value changed")
    told.send(created("lead/1", None, facts={"value": before}))
    play(told, Step({"value": after}, fires=True))


def test_a_field_behind_a_link_is_told_by_what_the_link_says() -> None:
    """D43 A link told by its id alone says nothing of its fields; one that is taken away unsets them."""
    told = division("account.region changed")
    told.send(created("lead/1", None, facts={"account": {"id": 1, "region": "EMEA"}}))
    play(
        told,
        Step({"account": {"id": 1}}, fires=False),
        Step({"account": "1"}, fires=False),
        Step({"account": {"id": 2, "region": "EMEA"}}, fires=False),
        Step({"account": {"id": 2, "region": "APAC"}}, fires=True),
        Step({"account": None}, fires=True),
    )


def test_a_change_told_with_the_owner_is_heard() -> None:
    """D43 Whatever event tells of a field: told again it is no change."""
    told = division("stage changed")
    told.send(created("lead/1", None, facts={"stage": "open"}))
    told.send(owner_changed("lead/1", "user:zoe", facts={"stage": "won"}))
    assert told.send(updated("lead/1", facts={"stage": "won"})) == (Nothing("record_updated"),)


def test_the_news_say_what_was_before_and_what_is_another_value_now() -> None:
    """D43 D44 Whoever acts on news reads it there, and asks no version."""
    told = division("stage changed", "amount changed")
    told.send(created("lead/1", None, id="known", facts={"stage": "open"}, version=1))
    record, past = told.state.records["lead/1"], told.state.past["lead/1"]
    news = hear(updated("lead/1", facts={"stage": "won"}, version=2), record, past, told.config)
    assert news.change == Change({"amount": None, "stage": "open"}, frozenset({"stage"}))
    again = hear(created("lead/1", None, facts={"stage": "won"}), Record(), NOTHING_TOLD, told.config)
    assert again.change == Change({"amount": None, "stage": None}, frozenset({"stage"}))
    repeated = hear(updated("lead/1", id="known"), record, past, told.config)
    assert isinstance(repeated, NoNews)
    assert (repeated.change, repeated.past) == (UNCHANGED, past)


def test_a_deletion_or_the_end_of_all_conditions_forgets_what_was_before() -> None:
    """D43 D34 They are people's data. A restored record has no values before."""
    told = division("stage changed")
    told.send(created("lead/1", None, facts={"stage": "open"}, version=1))
    assert told.state.past
    told.send(deleted("lead/1", version=2))
    assert not told.state.past
    told.send(updated("lead/1", facts={"stage": "won"}, version=1))
    assert not told.state.past
    told.send(updated("lead/1", facts={"stage": "won"}, version=3))
    assert known_in(told.state.past["lead/1"]) == {"stage": "won"}
    told.configure(pool("ann"), rule_sets=rules("stage equals won"))
    told.send(updated("lead/1", facts={"stage": "won"}, version=4))
    assert not told.state.past


def test_a_record_that_is_forgotten_leaves_nothing_before() -> None:
    """D43"""
    told = division("stage changed")
    told.send(created("lead/1", None, facts={"stage": "open"}))
    told.state.apply(forget("lead/1", told.state, told.config, told.now_ms))
    assert not told.state.past


def test_without_a_condition_on_change_nothing_is_remembered() -> None:
    """D43 Only fields that are asked for, and of entries that are asked on updates."""
    told = division("stage equals won", on=("created", "updated"))
    told.send(created("lead/1", None, facts={"stage": "open"}))
    assert told.config.asked_before == {}
    assert not told.state.past
