"""What holds of all that people are told, whatever happens in whatever order: D22 D53."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.configuration import User
from service.core.events import Target
from service.core.model import Nothing
from service.core.pool_spec import Accepting, Escalation
from service.core.wishes import Digesting, Wishes
from service.wire.values import pack, unpack
from tests.core.build import MINUTE_MS, Division, pool, users
from tests.core.nights import DAY, Timed, kept, person, quiet, records, told


def is_quiet(hours: tuple[int, int] | None, minute: int) -> bool:
    return hours is not None and (minute - hours[0]) % DAY < hours[1] - hours[0]


HOURS: Final = (None, (-60, 60), (0, 30), (20, 300), (90, 100), (200, 1_300))
turns: Final = st.one_of(
    st.sampled_from(HOURS), st.just("lead"), st.just("lead"), st.sampled_from((1, 7, 60, 200, DAY)).map(float)
)


@settings(max_examples=100, deadline=None)
@given(st.lists(turns, max_size=25))
def test_what_is_held_back_is_told_once_at_the_first_moment_that_is_not_quiet_by_the_configuration_of_then(
    history: Sequence[object],
) -> None:
    """D22 Quiet hours may be moved, changed and switched off: what is held back waits for those in force, no longer
    and no less.
    """
    division = Timed(pool("ann"), users=[person("ann")])
    hours: tuple[int, int] | None = None
    minute, waiting, expected = 0, list[str](), list[tuple[float, str]]()

    def tell() -> None:
        if not is_quiet(hours, minute):
            expected.extend((minute, record) for record in waiting)
            waiting.clear()

    for number, turn in enumerate([*history, None, float(DAY)]):
        match turn:
            case "lead":
                waiting.append(f"lead/{number}")
                division.serve(waiting[-1])
            case float():
                division.later(minutes=int(turn))
                for _ in range(int(turn)):
                    minute += 1
                    tell()
            case _:
                hours = turn  # type: ignore[assignment]  # what is left are hours
                division.configure(pool("ann"), users=[person("ann", quiet=quiet(*hours) if hours else None)])
        tell()
    assert division.told == expected
    assert kept(division) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(turns, st.sampled_from((Digesting(0, 30 * MINUTE_MS), Digesting(2, 90 * MINUTE_MS)))), max_size=25
    )
)
def test_summaries_follow_the_quiet_hours_in_force_too(history: Sequence[object]) -> None:
    """D22 Whatever is switched, each piece is told or counted once, and nothing is told in hours that are quiet."""
    division = Timed(pool("ann"), users=[person("ann")])
    wishes: dict[str, Any] = {"quiet": None, "digest": None}
    hours: tuple[int, int] | None = None
    leads = seen = 0
    for turn in [*history, None, float(3 * DAY)]:
        match turn:
            case "lead":
                leads += 1
                division.serve(f"lead/{leads}")
            case float():
                division.later(minutes=int(turn))
            case Digesting():
                wishes["digest"] = turn
                division.configure(pool("ann"), users=[person("ann", **wishes)])
            case _:
                hours = turn  # type: ignore[assignment]  # what is left are hours
                wishes["quiet"] = quiet(*hours) if hours else None
                division.configure(pool("ann"), users=[person("ann", **wishes)])
        assert not any(is_quiet(hours, int(minute)) for minute, _ in division.told[seen:])
        seen = len(division.told)
    assert sum(each.summary.count if each.summary else 1 for each in told(division)) == leads
    assert kept(division) == []


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


OWNERS: Final = ("user:ann", "user:bob", "user:cem", "user:eve", "pool:sales", "pool:slow", "pool:inbox", None)
gifts: Final = st.tuples(leads, st.sampled_from(OWNERS), names)


@settings(max_examples=80, deadline=None)
@given(st.lists(gifts, max_size=30))
def test_who_loses_a_record_hears_of_it_once_whoever_had_chosen_them(
    history: list[tuple[str, str | None, str]],
) -> None:
    """f4 D53 Be it that we chose them or a person did, and whoever has it next; but who gave it away themselves knows
    it, and who has it again has not lost it.
    """
    people = users("ann", "bob", "cem", "eve", roles=frozenset({"reassign"}))
    division = Division(*POOLS, users=people)
    for record, owner, actor in history:
        former, before = division.record(record).owner, len(division.decisions)
        division.give(record, owner, actor=actor)
        lost = [
            each.person
            for decision in division.decisions[before:]
            for each in decision.notifications
            if each.kind == "reassigned"
        ]
        is_told = former not in {"", actor, division.record(record).owner}
        assert lost == ([former] if is_told else [])


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
    one, other = Timed(*POOLS, users=people), Division(*POOLS, users=without_wishes(people))
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
    assert heard == at_once + one.returned
    assert [name for name in kept(one) if name.startswith(("hush", "held", "digest", "summary"))] == []


SAYS: Final = {"assigned": True, "offered": True, "reassigned": False, "withdrawn": False}
"""Whether such news says that somebody has a record."""
moves: Final = st.tuples(
    st.sampled_from(records(2)),
    st.sampled_from(("user:ann", "user:bob", "pool:sales", "pool:slow", "pool:own", None)),
    st.sampled_from(("ann", "eve")),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(moves, moves, moves, st.sampled_from((3, 60, DAY))), max_size=40))
def test_what_people_were_told_last_is_so_and_no_morning_says_a_thing_twice(
    history: list[tuple[str, str | None, str] | int],
) -> None:
    """D22 However often records come and go in a night: who was told last that they have one has it, or gave it away
    themselves; who was told last that they have it no more has it only by a person's choice. And they hear that they
    lost it only where they knew that they had it, also because a person had chosen them.
    """
    people = [
        User(name, roles=frozenset({"reassign"}), wishes=Wishes(quiet=quiet(-600, 60)))
        for name in ("ann", "bob", "cem", "eve")
    ]
    division = Division(*POOLS, pool("ann", id="own"), users=people)
    knows: dict[tuple[str, str], bool] = {}
    chosen: set[tuple[str, str]] = set()
    for happening in [*history, 60, 3 * DAY]:
        before = len(division.decisions)
        if isinstance(happening, int):
            division.later(minutes=happening)
        else:
            record, owner, actor = happening
            former = division.record(record).owner
            division.give(record, owner, actor=actor)
            if former == actor and owner != f"user:{actor}":
                knows.pop((actor, record), None)
                chosen.add((actor, record))
            if not division.record(record).by_us:
                chosen.add((division.record(record).owner, record))
        said: Counter[tuple[str, str, bool]] = Counter()
        for decision in division.decisions[before:]:
            for each in decision.notifications:
                if each.kind in SAYS:
                    about, has_it = (each.person, decision.record), SAYS[each.kind]
                    assert has_it or knows.get(about) or about in chosen
                    knows[about] = has_it
                    said[*about, has_it] += each.late is not None
        assert happening == 3 * DAY or not said or max(said.values()) <= 1
    for (who, record), has_it in knows.items():
        known = division.record(record)
        assert known.owner == who if has_it else not (known.owner == who and known.by_us)


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
