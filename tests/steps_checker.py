"""Targets with steps (D56), by what was published and what the configurations say, and by nothing else.

All that a lane decided is gone through in its order. Each decision tells the steps of its record: they must be those
that are configured, each reached when the wait of the one before was over, and a step without a wait, or
whose wait ended before its time, for a reason that is true, as far as that is known: what conditions and skills make of
the fields is not. Whoever gets the record is of a step that is reached by then. A wait begins anew only with another
target, or when somebody had the record for good; an offer may have ended so without a word, by any event of its record.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

from tests.accept_checker import TAKEN_BACK, UNHEARD
from tests.giving_words import Known, Stage, Terms, id_of, milliseconds, said_of
from tests.idle_checker import Asked, Waits
from tests.log_reader import Line, Reader, Seen
from tests.presence_told import Presence
from tests.put_off import put_off

GOING_ON: Final = frozenset({"parked", "handed_on"})
"""Questions that are asked of a record whose target is what it was."""
FOR_GOOD: Final = frozenset({"domain", "skills", "full", "limit", "pool_limit", "too_large", "declined", "handed_on"})
"""Why somebody could never take a record, though they are switched on."""
UNTOLD: Final = None
"""Stands for a field that nobody told, or that is told to be empty."""


class Reached(NamedTuple):
    """A step, since when, and why nothing waited for it (empty: something does)."""

    since_ms: int
    skipped: str = ""


class Entered(NamedTuple):
    """A step that is reached by now."""

    step: Stage
    reached: Reached
    is_last: bool


@dataclass
class Ascent:
    """How far a record had come by its last decision, under which version, and on which targets that may have been.
    `is_offered`: somebody may accept it, without a word.
    """

    targets: tuple[str, ...]
    reached: tuple[Reached, ...]
    version: int
    ladders: tuple[tuple[Stage, ...], ...]
    is_offered: bool = False
    is_sure: bool = True


@dataclass
class Heard:
    """What one lane was told: of people, and which values each field of a record ever had."""

    presence: Presence = field(default_factory=Presence)
    fields: defaultdict[tuple[str, str], defaultdict[str, set[str | None]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    times: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    counts: defaultdict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))

    def note_fields(self, name: tuple[str, str], facts: Mapping[str, Any]) -> None:
        """One more event of the record."""
        self.times[name] += 1
        for each, value in facts.items():
            if isinstance(value, str | int | float | None):
                self.fields[name][each].add(None if value in ("", None) else str(value).removeprefix("user:"))
                self.counts[*name, each] += 1

    def told(self, name: tuple[str, str], path: str) -> set[str | None]:
        """Every value that the field may have had."""
        is_always_told = self.counts[*name, path] >= self.times[name] > 0
        return self.fields[name][path] | (set() if is_always_told else {UNTOLD})


def step_violations(known: Known, reader: Reader, inputs: Sequence[Seen], *, is_finished: bool) -> Iterator[str]:
    """Record by record; where the run is over, whether anything waits for a step that is due, or for nobody."""
    if known:
        climbing = _Climbing(known, reader, {seen.offset: seen.value for seen in inputs})
        found = [*climbing.violations(), *(climbing.left() if is_finished else ())]
        yield from (f"lane {reader.lane}: {line}" for line in found)


class _Climbing:
    """One lane's story, as far as it was gone through."""

    def __init__(self, known: Known, reader: Reader, inputs: Mapping[int, bytes]) -> None:
        self._known, self._reader, self._inputs = known, reader, inputs
        self._heard = Heard()
        self._ascents: dict[tuple[str, str], Ascent] = {}
        self._waits = Waits()
        self._before_ms = 0
        self._seen: defaultdict[str, int] = defaultdict(int)

    def violations(self) -> Iterator[str]:
        """What is wrong in any decision."""
        last, clock = -1, 0
        for line in self._reader.story:
            if line.ms < clock:
                self._before_ms = clock = line.ms
                self._doubt()
            self._before_ms, clock = (clock, line.ms) if line.ms > clock else (self._before_ms, clock)
            if line.forgotten:
                division, _, record = line.forgotten.partition("/")
                self._ascents.pop((division, record), None)
                self._waits.waiting.pop((division, record), None)
                continue
            if line.source and line.reason not in UNHEARD:
                self._hear(line, is_first=line.at != last)
            last = line.at if line.source else last
            said = said_of(line.output)
            if said is not None:
                yield from (f"{id_of(line)} {complaint}" for complaint in self._decided(said))

    def _doubt(self) -> None:
        """The lane's time went back, for it was restored: what it decided last may be lost, and be decided again."""
        self._heard.presence.doubt()
        for ascent in self._ascents.values():
            ascent.is_sure = False

    def left(self) -> Iterator[str]:
        """What waits in the end, though a step is due, or somebody can take it."""
        clock, climbs, late = self._reader.clock, self._reader.content.get("climb", {}), put_off(self._reader)
        unserved = {name.partition("/")[0] for name in late if name.partition("/")[2].startswith("drain/")}
        for (division, record), waits_for in self._waits.waiting.items():
            ascent, asked = self._ascents.get((division, record)), [waits_for]
            if ascent is not None:
                kept = climbs.get(f"{division}/{record}")
                reached = () if kept is None else tuple(Reached(*row) for row in kept[1])
                if not _goes_on(ascent.reached, reached):
                    yield f"{division} {record} waits on {ascent}, and the log keeps {kept}"
                    continue
                is_due = len(reached) < len(ascent.targets) and _due_ms(ascent.ladders[0], reached) <= clock
                if is_due and f"{division}/step/{record}" not in late:
                    yield f"{division} {record} is at {reached} of {ascent.targets}; it is {clock}"
                asked = [
                    Asked(*each) for each in zip(ascent.targets, (step.since_ms for step in reached), strict=False)
                ]
            version = self._seen[division]
            if (division, version + 1) not in self._known and division not in unserved:
                terms = self._known[division, version]
                yield from self._waits.idle((division, record), asked, terms, self._heard.presence, clock)

    def _hear(self, line: Line, *, is_first: bool) -> None:
        event = json.loads(self._inputs.get(line.at) or b"{}")
        if "member" in event:
            self._heard.presence.hear(line.at, event, line.reason, (self._before_ms, line.ms))
        record = event.get("record") or {}
        if "record_id" not in record or not is_first:
            return
        name = event.get("division", "main"), f"{record['record_type']}/{record['record_id']}"
        self._heard.note_fields(name, record.get("facts") or {})
        ascent = self._ascents.get(name)
        if ascent is not None and ascent.is_offered and record["kind"] != "declined":
            ascent.is_sure = False

    def _decided(self, said: Mapping[str, Any]) -> Iterator[str]:
        division, version = said["division"], said["configuration"]["version"]
        name = division, f"{said['record']['type']}/{said['record']['id']}"
        self._seen[division] = max(self._seen[division], version)
        terms = self._known.get((division, version), Terms())
        steps, kind = said["trace"].get("steps", ()), said["kind"]
        self._waits.note(name, said, is_picky=_named_at(said) in terms.picky)
        if steps:
            yield from self._on_steps(name, said, terms)
        elif kind in ("assigned", "pending") or (kind == "released" and said["reason"] not in TAKEN_BACK):
            before, question = self._ascents.pop(name, None), said["trace"]["question"]
            if before is not None and before.is_sure and kind != "released" and question in GOING_ON:
                yield f"goes on, and is on no step any more; it was on {before}"
            is_stepped = _named_at(said) in {each.named_at for each in terms.stages}
            if is_stepped and kind != "released" and not terms.is_mixed:
                yield f"is of {_named_at(said)}, which has steps, and tells of none"

    def _on_steps(self, name: tuple[str, str], said: Mapping[str, Any], terms: Terms) -> Iterator[str]:
        told, ms = said["trace"]["steps"], said["ms"]
        targets = tuple(each["target"] for each in told)
        reached = tuple(
            Reached(milliseconds(each["since"]), each.get("skipped", "")) for each in told if each.get("since")
        )
        before = self._ascents.pop(name, None)
        ladders = tuple({each.steps: None for each in terms.stages if each.targets == targets})
        ladders = tuple(each for each in ladders if _is_in_time(each, reached, ms, told))
        if not ladders:
            asked = [each.steps for each in terms.stages if each.targets == targets]
            yield f"is at {ms} on {told}; configured is {asked or terms.stages}"
            return
        is_fresh = all(each.since_ms == ms for each in reached)
        goes_on = before is not None and before.targets == targets and _goes_on(before.reached, reached)
        is_other = before is None or not set(ladders) & set(before.ladders)
        if not goes_on and not (is_fresh and (is_other or before is None or not before.is_sure)):
            yield f"begins anew, and was on {before}: {told}"
        since = before if goes_on else None
        for number, step in enumerate(reached):
            if since is None or number >= len(since.reached) or step != since.reached[number]:
                entered = Entered(ladders[0][number], step, number == len(targets) - 1)
                yield from self._skipped(name, entered, since, said)
        if said["kind"] == "assigned" and said["owner"]["kind"] == "user":
            yield from self._given(name, said, targets[: len(reached)], terms, is_at_end=len(reached) == len(targets))
        if said["kind"] == "pending" or "accept_by" in said:
            version, is_offered = said["configuration"]["version"], "accept_by" in said
            self._ascents[name] = Ascent(targets, reached, version, ladders, is_offered)

    def _given(
        self, name: tuple[str, str], said: Mapping[str, Any], targets: Sequence[str], terms: Terms, *, is_at_end: bool
    ) -> Iterator[str]:
        """To somebody of a step that is reached; behind the last, to whoever helps out."""
        person, pool = said["owner"]["id"], said["pool"] or ""
        pools = [helping for each in targets for helping in terms.helping(each.removeprefix("pool:"))]
        if pool:
            circle = terms.circles.get(pool)
            if pool not in pools or circle is None or person not in circle.members:
                yield f"gives to {person} of {pool}; reached are {targets}"
            return
        named = {told for each in targets for told in self._meant(name, each)}
        helped_by = {terms.circles[each].helped_by for each in pools} if is_at_end else set()
        if person not in named and f"user:{person}" not in helped_by:
            yield f"gives to {person}; reached are {targets}, which name {named}"

    def _meant(self, name: tuple[str, str], target: str) -> set[str | None]:
        """Whom a step of one person may mean."""
        kind, _, whom = target.partition(":")
        if kind != "user":
            return set()
        return self._heard.told(name, whom[1:-1]) if whom.startswith("{") else {whom}

    def _skipped(
        self, name: tuple[str, str], entered: Entered, before: Ascent | None, said: Mapping[str, Any]
    ) -> Iterator[str]:
        """A step that was reached since the decision before: whether it has its wait is as the versions since say, one
        of which was in force. In the moment in which it was reached, people may have come or gone before or after.
        """
        division, last = name[0], said["configuration"]["version"]
        first = last if before is None else before.version
        versions = [self._known[division, each] for each in range(first, last + 1) if (division, each) in self._known]
        if not any(self._is_true(name, entered, terms) for terms in versions):
            step, reached = entered.step, entered.reached
            yield f"is at {step} since {reached.since_ms}, skipped: {reached.skipped or 'no'}"

    def _is_true(self, name: tuple[str, str], entered: Entered, terms: Terms) -> bool:
        """Whether a step may have a wait, or the reason why it has none, or no longer, may be right."""
        step, reached, is_last = entered
        division, skipped = name[0], reached.skipped
        kind, _, whom = step.target.partition(":")
        pools = terms.helping(whom) if kind == "pool" else ()
        asked = {("", each) for each in self._meant(name, step.target)}
        asked |= {(pool, each) for pool in pools for each in terms.circles[pool].members}
        people = {each for _, each in asked}
        active = {(pool, each) for pool, each in asked if each in terms.people}
        sure = {each for pool, each in active if not self._may_never(name, pool, each or "", terms)}
        presence, since_ms = self._heard.presence, reached.since_ms
        match skipped:
            case "":
                words = {presence.was(division, each or "", since_ms) for _, each in active}
                is_absent = words == {"absent"} and not {each for _, each in active} & terms.timed
                is_barred = all(_is_barred(pool, each or "", name, terms) for pool, each in active)
                return not (is_barred and not is_last) and not (is_absent and step.skips_absent and not is_last)
            case "nobody_present":
                words = {presence.was(division, each or "", since_ms) for each in sure - terms.timed}
                return step.skips_absent and not is_last and "there" not in words
            case "nobody":
                return bool(pools) and not sure
            case _ if skipped in FOR_GOOD:
                return bool(active) and not sure and not is_last
            case "field_unset":
                return UNTOLD in people
            case "unknown_user" | "inactive_user":
                return kind == "user" and bool(people - terms.people - {UNTOLD})
            case "unknown_pool":
                return kind == "pool" and not pools
            case "outside_domain":
                return bool(pools) and bool(terms.circles[whom].choosy)
            case "wrong_record_type":
                return bool(pools) and terms.circles[whom].record_type != name[1].partition("/")[0]
            case _:
                return False

    def _may_never(self, name: tuple[str, str], pool: str, person: str, terms: Terms) -> bool:
        """Whether it is not sure that somebody of a pool (empty: named alone) could ever take the record."""
        is_choosy = bool(pool) and person in terms.circles[pool].choosy
        is_weighed = name[1].partition("/")[0] in terms.sizes
        return is_choosy or is_weighed or name in self._waits.choosy or _is_barred(pool, person, name, terms)


def _is_barred(pool: str, person: str, name: tuple[str, str], terms: Terms) -> bool:
    """Whether a limit of nothing at all stands against somebody."""
    record_type = name[1].partition("/")[0]
    return any(
        not each.at_most
        and (each.pool, each.person) in {(pool, person), (pool, ""), ("", person)}
        and (each.of != "person" or record_type in each.types)
        for each in terms.bounds
    )


def _is_in_time(steps: Sequence[Stage], reached: Sequence[Reached], ms: int, told: Sequence[Mapping[str, Any]]) -> bool:
    """Whether each step was reached when the wait before it was over, the next one is still to come, and is told."""
    if not reached or reached[-1].since_ms > ms or not all(each.get("since") for each in told[: len(reached)]):
        return False
    for number, (before, step) in enumerate(pairwise(reached), 1):
        due_ms = _due_ms(steps, reached[:number])
        if step.since_ms < due_ms or (before.skipped == "nobody_present" and step.since_ms != due_ms):
            return False
    if len(reached) == len(steps):
        return True
    due_ms = _due_ms(steps, reached)
    return due_ms > ms and milliseconds(told[len(reached)].get("begins") or told[0]["since"]) == due_ms


def _due_ms(steps: Sequence[Stage], reached: Sequence[Reached]) -> int:
    """When the next step is reached."""
    last = reached[-1]
    return last.since_ms if last.skipped else last.since_ms + steps[len(reached) - 1].wait_ms


def _goes_on(before: Sequence[Reached], now: Sequence[Reached]) -> bool:
    """Whether these are the same steps and maybe more; the wait for the last may have ended before its time."""
    if len(now) > len(before) and before and not before[-1].skipped:
        before = (*before[:-1], before[-1]._replace(skipped=now[len(before) - 1].skipped))
    return len(now) >= len(before) and tuple(now[: len(before)]) == tuple(before)


def _named_at(said: Mapping[str, Any]) -> str:
    """What answered: an entry, or the default of the record's type."""
    trace = said["trace"]
    if trace["question"] == "default":
        return f"/{said['record']['type']}"
    tried = trace.get("tried") or [{"entry": "", "matched": False}]
    is_won = trace["question"] == "rule_set" and tried[-1]["matched"]
    return f"{trace['rule_set']}/{tried[-1]['entry']}" if is_won else ""
