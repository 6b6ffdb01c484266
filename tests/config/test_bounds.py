"""Every number of a configuration has bounds, and within them nothing that is counted outgrows the numbers of JSON."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any, Final

import annotated_types
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas import config as language
from schemas.config_entry import TURNS_LIMIT
from schemas.config_values import GREATEST_WEIGHT, LEAST_WEIGHT
from service.config.loader import compile_inline
from service.config.problems import ConfigurationError
from service.core.draft import Draft
from service.core.pool_spec import Membership, PoolSpec
from service.core.score import SCORE_LIMIT
from service.core.seating import Pool, Seat
from service.core.sharing.entry import Entrance
from service.core.sharing.strategies import step
from service.core.sharing.turns import line_up, serve
from service.core.state import State, seat_field
from service.wire.values import pack, unpack

TURNS: Final = 10**9
"""A pool that serves somebody every second needs thirty years for so many."""
LARGEST: Final = 2**63 - 1
"""The largest whole number that every reader of JSON takes."""
CREDIT: Final = 1_000
OPEN_ITEMS: Final = 10**9

weights = st.floats(LEAST_WEIGHT, GREATEST_WEIGHT)


def numbers() -> Iterator[tuple[str, str, FieldInfo]]:
    """Model, name and description of each number of the language."""
    for name, model in inspect.getmembers(language, inspect.isclass):
        if issubclass(model, BaseModel) and model.__module__.startswith(language.__name__):
            for key, field in model.model_fields.items():
                if field.annotation in (int, float, int | None, float | None):
                    yield name, key, field


def bounds(field: FieldInfo) -> tuple[Any, Any]:
    """The least and the greatest value that are declared."""
    least = next((each.ge for each in field.metadata if isinstance(each, annotated_types.Ge)), None)
    greatest = next((each.le for each in field.metadata if isinstance(each, annotated_types.Le)), None)
    return least, greatest


NUMBERS: Final = {f"{model}.{key}": bounds(field) for model, key, field in numbers()}


def with_number(name: str, value: object) -> dict[str, Any]:
    """A configuration that has this value there."""
    pool: dict[str, Any] = {"record_type": "lead", "members": [{"user": "ann"}]}
    document: dict[str, Any] = {"users": ["ann"], "pools": {"sales": pool}}
    model, _, key = name.partition(".")
    if model == "Member":
        pool["members"][0][key] = value
    elif model == "Pool":
        pool[key] = value
    elif model == "Preference":
        pool["prefer"] = {"skill": "german", key: value}
    elif model == "CatchUp":
        pool["entry"] = {"catch_up": {"at_most": 1, "of": TURNS_LIMIT} | {key: value}}
    elif model == "Plan":
        document["plans"] = {"spring": {"name": "Spring", key: value}}
    elif model == "ScoreRow":
        document["scores"] = {"lead": [{key: value}]}
    elif model == "Workflow":
        told = {"record_type": "lead", "trigger": "created", "action": {"notify": "owner"}}
        document["workflows"] = {"welcome": {**told, key: value}}
    else:
        document["settings"] = {key: value}
    return document


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_both_bounds(name: str) -> None:
    assert None not in NUMBERS[name]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_may_be_at_its_bounds_and_not_beyond(name: str) -> None:
    """What is refused is told with the bound."""
    least, greatest = NUMBERS[name]
    for value, beyond in ((least, -math.inf), (greatest, math.inf)):
        compile_inline(with_number(name, value), "test")
        outside = math.nextafter(value, beyond) if isinstance(value, float) else value + int(math.copysign(1, beyond))
        with pytest.raises(ConfigurationError, match="is expected"):
            compile_inline(with_number(name, outside), "test")


@pytest.mark.parametrize("weight", [0, -1, 1e-300, 5e-324, 0.000_9, 1_000.1, 1e300])
def test_a_weight_with_which_nobody_can_count_is_refused(weight: float) -> None:
    """Some once loaded, and then every decision of the pool raised."""
    with pytest.raises(ConfigurationError, match=r"0.001 or more|1000 or less"):
        compile_inline(with_number("Member.weight", weight), "test")


def test_the_sum_of_all_points_is_a_score() -> None:
    _, greatest = NUMBERS["ScoreRow.points"]
    assert language.SCORE_ROWS_LIMIT * greatest < SCORE_LIMIT


@given(weights)
@example(LEAST_WEIGHT)
@example(GREATEST_WEIGHT)
def test_a_step_is_something_and_the_sum_of_many_is_a_counted_json(weight: float) -> None:
    """Half of it, too, is where somebody begins."""
    assert step(weight) // 2 >= 1
    assert (TURNS + CREDIT) * step(weight) + step(LEAST_WEIGHT) <= LARGEST
    assert OPEN_ITEMS * step(weight) <= LARGEST


@given(st.lists(weights, min_size=1, max_size=5), st.integers(0, CREDIT), st.randoms(use_true_random=False))
@example([LEAST_WEIGHT, GREATEST_WEIGHT], CREDIT, None)
def test_one_turn_moves_a_pool_by_one_step_at_most(given_weights: list[float], credit: int, random: Any) -> None:
    """So after any number of turns no pass is further than so many of the longest steps, whoever was away meanwhile."""
    members = tuple(Membership(f"m{number}", weight) for number, weight in enumerate(given_weights))
    spec = PoolSpec("sales", "lead", members, credit=credit)
    longest = max(step(member.weight) for member in members)
    highest = (TURNS - 1) * longest
    state = State()
    seats = {
        seat_field("sales", member.person): Seat(
            served_pass=highest if number == 0 or random is None else random.randint(0, highest),
            last_turn=TURNS - 1,
            joined=number + 1,
        )
        for number, member in enumerate(members)
    }
    state.apply({"pool": {"sales": Pool(turn=TURNS - 1)}, "seat": dict(seats)})
    draft = Draft(state)
    line = line_up(spec, draft)
    serve(spec, min(line), line, draft)
    newcomer = Membership("new", LEAST_WEIGHT)
    entrance = Entrance(spec)
    for member in members:
        seat = draft.seats.get(seat_field("sales", member.person))
        assert seat is not None
        assert -LARGEST <= seat.served_pass <= TURNS * longest <= LARGEST
        assert unpack("seat", pack(seat)) == seat
        entrance.settled(member, seat, is_present=False)
    assert -LARGEST <= entrance.start(newcomer, TURNS, is_present=True).served_pass <= LARGEST
