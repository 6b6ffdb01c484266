"""Who is told of what, when, and how often: D22 D53 S19 S20, whatever else happens."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core import parts
from service.core.calendar import Block, WorkCalendar
from service.core.configuration import User
from service.core.events import Target
from service.core.held import HELD_LIMIT, NAMED_LIMIT
from service.core.model import Nothing, Notification, NotificationKind
from service.core.pool_spec import Accepting, Escalation
from service.core.timers import RULES
from service.core.wishes import Digesting, Wishes
from service.wire.values import pack, unpack
from tests.core.build import MINUTE_MS, START_MS, Division, closed, pool, users

DAY: Final = 1_440
START: Final = START_MS % (DAY * MINUTE_MS) // MINUTE_MS
"""The minute of the day at which tests begin, UTC."""


def quiet(start: int, end: int) -> WorkCalendar:
    """Quiet hours from and until so many minutes after tests begin, each day."""
    first = (START + start) % DAY
    return WorkCalendar("UTC", tuple(Block(weekday, first, first + end - start) for weekday in range(7)))


def person(name: str, **wishes: Any) -> User:
    return User(name, wishes=Wishes(**wishes))


def told(division: Division) -> list[Notification]:
    return [each for decision in division.decisions for each in decision.notifications]


def kinds(division: Division) -> list[tuple[str, NotificationKind]]:
    return [(each.person, each.kind) for each in told(division)]


def kept(division: Division) -> list[str]:
    """What is remembered of news that are told later, and all timers."""
    state = division.state
    return [
        *map("held {}".format, state.held),
        *map("hush {}".format, state.hushes),
        *map("digest {}".format, state.digests),
        *state.timers,
    ]


def reasons(division: Division) -> list[str]:
    return [each.outcome.reason for each in division.decisions if isinstance(each.outcome, Nothing)]


def records(count: int, first: int = 1) -> list[str]:
    return [f"lead/{number}" for number in range(first, first + count)]


def test_what_is_held_back_is_told_in_order_and_then_nothing_is_left_of_it() -> None:
    """D22 A line ends with its timer, and so does what is remembered of it."""
    division = Division(pool("ann"), users=[person("ann", quiet=quiet(-60, 60))])
    division.serve(*records(5))
    assert told(division) == []
    assert [division.state.held[f"ann/{n}"].record for n in range(5)] == records(5)
    division.later(minutes=60)
    late = [each for each in division.decisions if each.notifications]
    assert [each.record for each in late] == records(5)
    assert [each.notifications[0].late.why for each in late if each.notifications[0].late] == ["turn"] * 5
    assert kept(division) == []


def test_what_does_not_fit_a_line_is_in_one_summary_of_its_kind() -> None:
    """Nothing is lost, and a night takes no more than its room."""
    division = Division(pool("ann"), users=[person("ann", quiet=quiet(-60, 60))])
    division.serve(*records(HELD_LIMIT + 13))
    assert len(division.state.held) == HELD_LIMIT
    division.later(minutes=60)
    *single, last = told(division)
    assert [each.late is not None for each in single] == [True] * HELD_LIMIT
    assert last.summary is not None
    assert (last.summary.count, len(last.summary.records)) == (13, NAMED_LIMIT)
    assert kept(division) == []


def test_a_summary_that_is_due_in_quiet_hours_comes_when_they_end() -> None:
    """One summary, which counts all that came until then."""
    ann = person("ann", quiet=quiet(5, 60), digest=Digesting(2, 10 * MINUTE_MS))
    division = Division(pool("ann"), users=[ann])
    division.serve(*records(5))
    division.later(minutes=30)
    division.serve(*records(5, 10))
    assert kinds(division) == [("ann", "assigned")] * 2
    division.later(minutes=30)
    (summary,) = [each.summary for each in told(division) if each.summary is not None]
    assert (summary.count, summary.since_ms) == (8, START_MS)


def test_kinds_have_summaries_of_their_own() -> None:
    spec = pool("ann", accepting=Accepting(5 * MINUTE_MS, 0))
    division = Division(spec, users=[person("ann", digest=Digesting(0, 10 * MINUTE_MS))])
    division.serve(*records(3))
    division.later(minutes=20)
    found = {(each.kind, each.summary.count) for each in told(division) if each.summary}
    assert found == {("offered", 3), ("withdrawn", 3)}


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda division: division.give("lead/1", "user:zoe"), "untold_moved"),
        (lambda division: division.delete("lead/1"), "untold_moved"),
        (lambda division: division.send(closed("lead/1")), "untold_closed"),
        (lambda division: division.configure(pool("ann"), users=users("ann", active=False)), "untold_unwanted"),
        (lambda division: division.configure(pool("ann"), users=users("ann", notify=())), "untold_unwanted"),
    ],
    ids=["another owner", "deleted", "closed", "switched off", "unwanted"],
)
def test_what_is_not_true_when_quiet_hours_end_is_dropped_with_a_reason(
    happens: Callable[[Division], object], reason: str
) -> None:
    """D22 What was held back is told only if it still holds, and the log says why it is not."""
    division = Division(pool("ann"), users=[person("ann", quiet=quiet(-60, 60))])
    division.serve("lead/1")
    happens(division)
    division.later(minutes=90)
    assert told(division) == []
    assert reason in reasons(division)
    assert not division.state.held


def test_what_is_true_whatever_became_of_the_record_is_told() -> None:
    """Who lost a record that they had known of hears it, also in the morning, and also if it was deleted since."""
    division = Division(pool("ann"), users=[person("ann", quiet=quiet(10, 60))])
    division.serve("lead/1")
    division.later(minutes=20)
    division.give("lead/1", "user:zoe")
    division.delete("lead/1")
    division.later(minutes=60)
    assert kinds(division) == [("ann", "assigned"), ("ann", "reassigned")]


@pytest.mark.parametrize("wishes", [{}, {"digest": Digesting(5, MINUTE_MS)}])
def test_who_is_off_by_a_new_configuration_without_quiet_hours_is_told_in_order(wishes: dict[str, Any]) -> None:
    """What comes while a line is being told stands behind it, and the line waits for nothing any more."""
    division = Division(pool("ann"), users=[person("ann", quiet=quiet(-60, 60))])
    division.serve("lead/1")
    division.configure(pool("ann"), users=[person("ann", **wishes)])
    division.serve("lead/2")
    division.later(minutes=1)
    assert [each.record for each in division.decisions if each.notifications] == ["lead/1", "lead/2"]


def test_below_its_level_people_are_told_at_once() -> None:
    """Quiet hours and summaries are of level 4; means and languages need nothing that is remembered."""
    wishes = {"quiet": quiet(-60, 60), "digest": Digesting(0, MINUTE_MS), "by_kind": {"assigned": ("chat",)}}
    division = Division(pool("ann"), users=[person("ann", **wishes)])
    division.config = parts.at(division.config, 3)
    division.serve("lead/1")
    assert told(division) == [Notification("assigned", "ann", ("chat",))]
    assert parts.at(division.config, 4) is division.config


def test_timers_of_one_time_go_off_in_the_order_of_their_names() -> None:
    """The table says so: what is held back comes before the summary of what was too much."""
    assert list(RULES) == sorted(RULES)


POOLS: Final = (
    pool("ann", "bob", accepting=Accepting(5 * MINUTE_MS, 1), manager="eve"),
    pool("ann", "cem", id="slow", escalation=Escalation(10 * MINUTE_MS, Target("user", "eve")), manager="eve"),
    pool("bob", "eve", id="inbox", strategy="take", notify_members=True),
)
WISHES: Final = st.builds(
    lambda quiet_for, alone, off: Wishes(
        by_kind={"withdrawn": ()} if off else {},
        quiet=quiet(10, 10 + quiet_for) if quiet_for else None,
        digest=Digesting(alone, 15 * MINUTE_MS) if alone is not None else None,
    ),
    st.sampled_from((0, 20, 60)),
    st.sampled_from((None, 0, 2)),
    st.booleans(),
)
names, leads = st.sampled_from(("ann", "bob", "cem", "eve")), st.sampled_from(records(6))
happenings: Final = st.one_of(
    st.builds(
        lambda record, name: lambda division: division.create(record, f"pool:{name}"),
        leads,
        st.sampled_from(("sales", "slow", "inbox")),
    ),
    st.builds(
        lambda record, who, by: lambda division: division.give(record, f"user:{who}", actor=by), leads, names, names
    ),
    st.builds(lambda record: lambda division: division.give(record, "pool:sales"), leads),
    st.builds(lambda who: lambda division: division.away(who), names),
    st.builds(lambda who: lambda division: division.back(who), names),
    st.builds(lambda minutes: lambda division: division.later(minutes=minutes), st.integers(1, 15)),
    st.builds(lambda record: lambda division: division.delete(record), leads),
)


def without_wishes(people: Sequence[User]) -> list[User]:
    return [replace(user, wishes=replace(user.wishes, quiet=None, digest=None)) for user in people]


@settings(max_examples=120, deadline=None)
@given(st.lists(WISHES, min_size=4, max_size=4), st.lists(happenings, max_size=40))
def test_whoever_is_told_later_hears_of_all_that_they_would_have_heard_of_at_once(
    wishes: list[Wishes], history: list[Callable[[Division], object]]
) -> None:
    """D22 D53 Nothing is lost and nothing doubled: by person and kind, what is told one by one, what summaries count
    and what was dropped with a reason are together what is told to who wants everything at once. Nobody is told twice
    of one decision, and in the end nothing is kept.
    """
    people = [User(name, wishes=each) for name, each in zip(("ann", "bob", "cem", "eve"), wishes, strict=True)]
    one, other = Division(*POOLS, users=people), Division(*POOLS, users=without_wishes(people))
    for happening in history:
        happening(one)
        happening(other)
    for division in (one, other):
        division.later(minutes=3 * DAY)
    at_once = Counter(each.person for each in told(other))
    heard: defaultdict[str, int] = defaultdict(int)
    for decision in one.decisions:
        assert len({each.person for each in decision.notifications}) == len(decision.notifications), "D53"
        for each in decision.notifications:
            heard[each.person] += each.summary.count if each.summary is not None else 1
        if decision.outcome.reason.startswith("untold_"):
            assert isinstance(decision.outcome, Nothing)
            heard[decision.outcome.detail] += 1
    assert heard == at_once
    assert [name for name in kept(one) if name.startswith(("hush", "held", "digest", "summary"))] == []


@settings(max_examples=40, deadline=None)
@given(st.lists(WISHES, min_size=4, max_size=4), st.lists(happenings, max_size=30))
def test_what_is_kept_has_a_timer_and_can_be_read_again(
    wishes: list[Wishes], history: list[Callable[[Division], object]]
) -> None:
    """Each line and each summary has the timer that ends it, and no line is longer than it may be."""
    people = [User(name, wishes=each) for name, each in zip(("ann", "bob", "cem", "eve"), wishes, strict=True)]
    division = Division(*POOLS, users=people)
    for happening in history:
        happening(division)
        state = division.state
        assert {f"hush/{name}" for name in state.hushes} <= state.timers.keys()
        assert {f"summary/{about}" for about in state.digests} <= state.timers.keys()
        assert len(state.held) == sum(hush.next - hush.first for hush in state.hushes.values())
        for kind in ("hush", "held", "digest"):
            assert all(unpack(kind, pack(value)) == value for value in state.of_kind(kind).values())
