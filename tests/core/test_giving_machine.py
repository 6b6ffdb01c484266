"""Laws of giving, under any interleaving of what people do, what time does, and what configurations say.

A machine lets happen whatever may: records come in, are changed, handed over, closed, opened and deleted; people come,
go, accept, decline and let offers pass; limits are raised, lowered and taken out; pools gain members, help each other
out and escalate; and now and then somebody else takes over with what the log says. After each step what was published
is counted again, see `ledger`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from service.core.case import Verdict
from service.core.configuration import User
from service.core.events import ANSWER_KINDS, AnswerKind, Event, Target
from service.core.limit_spec import Limit
from service.core.pool_spec import Accepting, Escalation, Membership, PoolSpec
from service.core.record import Record
from service.core.rule_sets import Entry, Happening, RuleSet
from service.core.state import KINDS, Kind, State
from service.wire.records import pack_record, read_base, read_record
from service.wire.values import pack, unpack
from tests.core.build import MINUTE_MS, OUTSIDER, Division, event, owner_changed, pool, predicate, rules, updated
from tests.core.ledger import EFFORT, Ledger

PEOPLE: Final = ("ann", "bob", "cem")
POOLS: Final = {"sales": "lead", "world": "lead", "deals": "deal"}
HOUR_MS: Final = 60 * MINUTE_MS
HOT: Final = (predicate("stage equals hot"),)
KEY: Final = (predicate("stage equals key"),)
ON: Final[frozenset[Happening]] = frozenset({"created", "updated"})
RULES: Final[Mapping[str, RuleSet]] = rules(
    Entry("hot", Target("pool", "world"), HOT, on=ON, reassign="always"),
    Entry("key", Target("user", "ann"), KEY, on=ON, reassign="if_unowned"),
    Entry("rest", Target("pool", "sales")),
)

Change = Callable[["Giving"], None]
Found = tuple[Limit, ...]

people, pools = st.sampled_from(PEOPLE), st.sampled_from(sorted(POOLS))
stages, sizes = st.sampled_from(["cold", "hot", "key"]), st.sampled_from([0, 1, 1, 1, 2, 4])
weights = st.lists(sizes, min_size=1, max_size=4)
picks = st.integers(0, 99)
limits: Final = st.lists(
    st.builds(
        Limit,
        st.sampled_from([0, 1, 1, 2, 2, 3, 5]),
        st.sampled_from(["open", "open", "day", HOUR_MS, 10 * MINUTE_MS]),
        st.just(()),
    ),
    max_size=2,
).map(tuple)
some_limits: Final = st.just(()) | limits
of_leads: Final = limits.map(lambda found: tuple(each._replace(types=("lead",)) for each in found))


def other_member(name: str, person: str, found: Found, is_member: bool) -> Change:
    """Somebody joins or leaves, or has other limits in the pool."""

    def change(machine: Giving) -> None:
        others = [each for each in machine.specs[name].members if each.person != person]
        mine = [Membership(person, limits=found)] if is_member else []
        machine.specs[name] = replace(machine.specs[name], members=(*others, *mine))

    return change


def other_person(person: str, found: Found) -> Change:
    """Somebody has other limits over all pools."""
    return lambda machine: machine.users.update({person: User(person, limits=found)})


def other_pool(name: str, **changed: Any) -> Change:
    """The pool is configured in another way."""
    return lambda machine: machine.specs.update({name: replace(machine.specs[name], **changed)})


def other_help(name: str, fallback: str, to: str, longest_wait_ms: int | None) -> Change:
    """Something else becomes of what nobody can take."""
    other = "world" if name == "sales" else "sales"
    helps = {"nobody": None, "pool": Target("pool", other), "user": Target("user", OUTSIDER)}
    rising = {"nobody": None, "pool": Target("pool", other), "user": Target("user", "ann")}[to]
    return other_pool(
        name,
        fallback=helps.get(fallback),
        assign_anyway=fallback == "anyway",
        escalation=None if rising is None else Escalation(15 * MINUTE_MS, rising),
        longest_wait_ms=longest_wait_ms,
    )


def changed_members(names: st.SearchStrategy[str], whom: st.SearchStrategy[str]) -> st.SearchStrategy[Change]:
    """Somebody has limits or none, or leaves."""
    return st.builds(other_member, names, whom, some_limits, st.sampled_from([True, True, True, True, False]))


def changed_people(whom: st.SearchStrategy[str]) -> st.SearchStrategy[Change]:
    """Somebody has limits over all pools, or none."""
    return st.builds(other_person, whom, some_limits | of_leads)


def changed_pools(names: st.SearchStrategy[str]) -> st.SearchStrategy[Change]:
    """The pool as a whole has limits or none, has its people accept or not, counts and shares out in its way."""
    return st.builds(
        lambda name, found, accepting, count, strategy: other_pool(
            name, limits=found, accepting=accepting, count=count, strategy=strategy
        ),
        names,
        st.just(()) | some_limits,
        st.sampled_from([None, None, Accepting(3 * MINUTE_MS, 2), Accepting(9 * MINUTE_MS, 0)]),
        st.sampled_from(["all", "own"]),
        st.sampled_from(["round_robin", "least_loaded", "longest_idle"]),
    )


def changed_help(names: st.SearchStrategy[str]) -> st.SearchStrategy[Change]:
    """Who helps the pool out, and what becomes of what waits too long."""
    return st.builds(
        other_help,
        names,
        st.sampled_from(["nobody", "nobody", "pool", "user", "anyway"]),
        st.sampled_from(["nobody", "pool", "user"]),
        st.sampled_from([None, 20 * MINUTE_MS]),
    )


first: Final = st.tuples(
    *(changed_members(st.just(name), st.just(person)) for name in POOLS for person in PEOPLE),
    *(changed_people(st.just(person)) for person in PEOPLE),
    *(changed_pools(st.just(name)) for name in POOLS),
    *(changed_help(st.just(name)) for name in ("sales", "world")),
)
changes: Final = st.one_of(
    changed_members(pools, people),
    changed_people(people),
    changed_pools(pools),
    changed_help(st.sampled_from(["sales", "world"])),
)


class Counted(Division):
    """A division whose decisions are read by a ledger before they are applied, and whose log is kept."""

    def __init__(self, *specs: PoolSpec, **more: Any) -> None:
        self.ledger = Ledger()
        self.log: dict[tuple[Kind, str], bytes] = {}
        self.records: dict[str, tuple[bytes, Mapping[str, bytes]]] = {}
        self._told: Event | None = None
        super().__init__(*specs, **more)

    def send(self, sent: Event) -> tuple[Any, ...]:
        """Decide an event, of which the ledger hears when it is decided: what is due goes off before."""
        self._fire_timers()
        self._told = sent
        return super().send(sent)

    def take_over_from_log(self) -> None:
        """Somebody else owns the division, and knows what the log says."""
        state = State()
        records = {name: read_record(read_base(base), beside) for name, (base, beside) in self.records.items()}
        folded: dict[Kind, dict[str, Any]] = {"record": records}
        for (kind, name), packed in self.log.items():
            folded.setdefault(kind, {})[name] = unpack(kind, packed)
        state.apply(folded)
        for kind in KINDS:
            assert state.of_kind(kind) == self.state.of_kind(kind), f"{kind} is not what the log says"
        self.state = state

    def _take(self, verdict: Verdict) -> None:
        self.ledger.configure(self.config)
        if self._told is not None:
            first = verdict.decisions[0].outcome if verdict.decisions else None
            self.ledger.hear(self._told, first)
            self._told = None
        for decision in verdict.decisions:
            self.ledger.read(decision, self.config, self.now_ms)
        for kind, fields in verdict.changes.items():
            for name, value in fields.items():
                self.log.pop((kind, name), None)
                if isinstance(value, Record):
                    self.records[name] = pack_record(value)
                elif value is not None:
                    self.log[kind, name] = pack(value)
        super()._take(verdict)


class Giving(RuleBasedStateMachine):
    """A CRM, three people, two pools of leads and one of deals, and whoever configures them."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0
        self.specs: dict[str, PoolSpec] = {
            name: pool(*PEOPLE, id=name, record_type=of, drain_per_minute=100) for name, of in POOLS.items()
        }
        self.users = {person: User(person) for person in PEOPLE}
        self.division = Counted(
            *self.specs.values(), users=tuple(self.users.values()), sizes={"lead": EFFORT}, rule_sets=RULES
        )

    @initialize(first=first)
    def begin(self, first: tuple[Change, ...]) -> None:
        """What is configured when it begins."""
        for change in first:
            change(self)
        self.publish_it()

    def record(self, pick: int) -> str:
        """One of those that there are."""
        known = sorted(self.division.ledger.cards)
        return known[pick % len(known)]

    def has_records(self) -> bool:
        """Whether there are any."""
        return bool(self.division.ledger.cards)

    def has_offers(self) -> bool:
        """Whether somebody is to accept one."""
        return bool(self.division.state.reservations)

    @rule(owner=st.sampled_from([None, *(f"pool:{name}" for name in POOLS)]), stage=stages, weights=weights)
    def create(self, owner: str | None, stage: str, weights: list[int]) -> None:
        """For a pool, or by the rules."""
        record_type = "lead" if owner is None else POOLS[owner.removeprefix("pool:")]
        for size in weights:
            self.made += 1
            self.division.create(f"{record_type}/{self.made}", owner=owner, facts={EFFORT: size, "stage": stage})

    @precondition(has_records)
    @rule(pick=picks, facts=st.fixed_dictionaries({}, optional={EFFORT: sizes, "stage": stages}))
    def update(self, pick: int, facts: dict[str, Any]) -> None:
        self.division.send(updated(self.record(pick), facts=facts))

    @precondition(has_records)
    @rule(pick=picks, owner=st.sampled_from([*PEOPLE, OUTSIDER, None, "whom we chose", "pool:sales", "pool:world"]))
    def hand_over(self, pick: int, owner: str | None) -> None:
        record = self.record(pick)
        if owner == "whom we chose":
            owner = self.division.ledger.cards[record].owner or None
        elif owner is not None and owner.startswith("pool:") and record.startswith("deal"):
            owner = "pool:deals"
        self.division.send(owner_changed(record, owner))

    @precondition(has_records)
    @rule(picked=st.lists(picks, min_size=1, max_size=3), status=st.sampled_from(["closed", "closed", "open"]))
    def close_or_open(self, picked: list[int], status: Any) -> None:
        for pick in picked:
            self.division.send(updated(self.record(pick), status=status))

    @precondition(has_records)
    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        self.division.delete(self.record(pick))

    @rule(person=people, word=st.sampled_from(["away", "available", "available"]))
    def come_or_go(self, person: str, word: str) -> None:
        self.division.tell(person, word)

    @precondition(has_offers)
    @rule(pick=picks, said=st.sampled_from(ANSWER_KINDS), person=st.none() | st.none() | people)
    def answer(self, pick: int, said: AnswerKind, person: str | None) -> None:
        offered = sorted(self.division.state.reservations)
        record = offered[pick % len(offered)]
        person = person or self.division.ledger.cards[record].owner
        self.division.send(event(said, record, person=person))

    @rule(ms=st.sampled_from([1, MINUTE_MS, 3 * MINUTE_MS, 10 * MINUTE_MS - 1, HOUR_MS, 2 * HOUR_MS]))
    def wait(self, ms: int) -> None:
        self.division.later(ms=ms)

    @rule(change=changes)
    def publish(self, change: Change) -> None:
        """Another version of the configuration."""
        change(self)
        self.publish_it()

    @rule()
    def take_over(self) -> None:
        self.division.take_over_from_log()

    def publish_it(self) -> None:
        """What is configured by now is in force."""
        self.division.configure(*self.specs.values(), users=tuple(self.users.values()))

    @invariant()
    def nobody_is_idle_while_something_waits_that_they_can_take(self) -> None:
        idle = list(self.division.ledger.idle(self.division.config, self.division.now_ms))
        assert not idle, idle


Giving.TestCase.settings = settings(max_examples=40, stateful_step_count=50, derandomize=True, phases=[Phase.generate])
TestGiving = Giving.TestCase
"""D3 D14 D50 D55 We never give beyond a limit, nobody is idle while something waits for them, a record has one person
at a time, and whoever takes over goes on from what the log says.

A failure is told as it was found: to have it made smaller takes minutes, and `Phase.shrink` beside `Phase.generate`.
"""
