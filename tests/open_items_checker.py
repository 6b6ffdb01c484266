"""How many open items people had when they were given one more (D26, D55), by what was told and published alone.

Whose open item a record is follows from the decisions about it and from what the CRM told meanwhile. Where an event may
have changed that without a word, the record is an open item of several people at most and of nobody at least; so each
count is a range, mostly of one number. What a decision says it had counted must lie in it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import ceil
from typing import Any, Final, NamedTuple

from tests.accept_checker import UNHEARD
from tests.giving_words import Bound, Known, Terms, id_of, said_of
from tests.limits_checker import Give, give_of
from tests.log_reader import Line, Reader, Seen

Name = tuple[str, str]
"""A division and a record in it."""
Holder = tuple[str, str]
"""Who has a record, and the pool that gave it; both may be empty."""
NOBODY: Final[Holder] = ("", "")
UNCHANGED: Final = UNHEARD | {"older_version", "changed_meanwhile", "unknown_record"}
"""Why an event changed nothing of who has a record, whatever it says."""
KEPT: Final = frozenset({"echo", "owner_unchanged", "record_updated", "parked_already"})
"""Why it changed nothing of that, if it did not say that the record is closed or open."""
REVIVING: Final = frozenset({"created", "updated", "owner_changed"})
"""What may bring back a record that was deleted."""
Place = tuple[str, str, str, str]
"""Where an open item counts: its division, the pool, the person and its type; empty where any is meant."""


class Item(NamedTuple):
    """A record: who may have it, whether it is open (none: that is not known), and all that it may weigh."""

    holders: frozenset[Holder] = frozenset({NOBODY})
    is_open: bool | None = True
    weights: frozenset[int] = frozenset({1})

    def held_by(self, *holders: Holder) -> Item:
        return self._replace(holders=frozenset(holders))

    def maybe(self, *holders: Holder) -> Item:
        """The same, and one of these may have it instead."""
        return self._replace(holders=self.holders | set(holders))

    def counted(self, division: str, record_type: str) -> dict[Place, tuple[int, int]]:
        """What it weighs at each of its places, at least and at most."""
        found: dict[Place, tuple[int, int]] = {}
        places = [_places(division, record_type, holder) for holder in self.holders]
        for place in set().union(*places) if self.is_open is not False else ():
            is_sure = bool(self.is_open) and all(place in each for each in places)
            found[place] = (min(self.weights) if is_sure else 0, max(self.weights))
        return found


def _places(division: str, record_type: str, holder: Holder) -> set[Place]:
    person, pool = holder
    everywhere = {(division, "", person, record_type)} if person else set()
    return everywhere | ({(division, pool, person, ""), (division, pool, "", "")} if person and pool else set())


def open_item_violations(known: Known, reader: Reader, inputs: Sequence[Seen]) -> Iterator[str]:
    """Each open limit of whom something was given is told with what was counted."""
    if not known:
        return
    counting = _Counting(known, {seen.offset: seen.value for seen in inputs})
    for (at, source, forgotten), group in groupby(reader.story, lambda line: (line.at, line.source, line.forgotten)):
        if forgotten:
            counting.forget(forgotten)
            continue
        found = counting.go_on(at if source else None, list(group))
        yield from (f"lane {reader.lane}: {complaint}" for complaint in found)


class _Counting:
    """All records of a lane, and the sums of what they weigh at each place, at least and at most."""

    def __init__(self, known: Known, inputs: Mapping[int, bytes]) -> None:
        self._known, self._inputs = known, inputs
        self._items: dict[Name, Item] = {}
        self._least: defaultdict[Place, int] = defaultdict(int)
        self._most: defaultdict[Place, int] = defaultdict(int)

    def forget(self, name: str) -> None:
        division, _, record = name.partition("/")
        self._put((division, record), None)

    def go_on(self, at: int | None, lines: Sequence[Line]) -> Iterator[str]:
        """What was decided of one input, or by timers: first what follows from each decision, then what the input tells
        besides.
        """
        event = {} if at is None else json.loads(self._inputs.get(at) or b"{}")
        decided: defaultdict[Name, list[Mapping[str, Any]]] = defaultdict(list)
        for line in lines:
            said, give = said_of(line.output), give_of(line.output)
            if said is None:
                continue
            name = said["division"], f"{said['record']['type']}/{said['record']['id']}"
            terms = self._known.get((said["division"], said["configuration"]["version"]), Terms())
            self._weigh(name, event)
            if give is not None and give.pool in terms.circles:
                yield from (f"{id_of(line)} {each}" for each in self._miscounted(name, give, terms))
            decided[name].append(said)
            self._put(name, _by_decision(self._items.get(name, Item()), said))
        record = event.get("record") or {}
        if "record_id" in record:
            reasons = [line.reason for line in lines if said_of(line.output) is None]
            division = event.get("division", "main")
            for lead in _converted(record):
                reasons = self._closed((division, lead), reasons, decided, is_told=len(lines) > 1)
            name = division, f"{record['record_type']}/{record['record_id']}"
            self._heard(name, event, reasons, decided[name])

    def _closed(
        self, name: Name, reasons: list[str], decided: Mapping[Name, Sequence[Mapping[str, Any]]], *, is_told: bool
    ) -> list[str]:
        """A lead was converted: what is said of that comes last. Returns what is said of the other record."""
        item = self._items.get(name)
        if item is not None and is_told:
            self._put(name, item._replace(is_open=False))
        return reasons[:-1] if is_told and name not in decided and reasons[-1:] == ["closed"] else reasons

    def _heard(
        self,
        name: Name,
        event: Mapping[str, Any],
        reasons: Sequence[str],
        decided: Sequence[Mapping[str, Any]],
    ) -> None:
        self._weigh(name, event)
        record = event["record"]
        may_close = any(record["record_type"] in each.closes for each in self._versions(name[0]))
        self._put(name, _by_event(self._items.get(name), record, reasons, decided, may_close=may_close))

    def _versions(self, division: str) -> list[Terms]:
        return [each for (where, _), each in self._known.items() if where == division]

    def _weigh(self, name: Name, event: Mapping[str, Any]) -> None:
        """What the record may weigh by what is told of it now, under any version."""
        record_type, _, record_id = name[1].partition("/")
        record = event.get("record") or {}
        if (record.get("record_type"), record.get("record_id")) != (record_type, record_id):
            return
        fields = {each.sizes[record_type] for each in self._versions(name[0]) if record_type in each.sizes}
        facts, item = record.get("facts") or {}, self._items.get(name, Item())
        told = {_weight(facts[each]) for each in fields if each in facts}
        if not told <= item.weights:
            self._put(name, item._replace(weights=item.weights | told))

    def _miscounted(self, name: Name, give: Give, terms: Terms) -> Iterator[str]:
        """The record itself counts for nobody at that moment, or still for whoever has it and is to keep it."""
        own = self._items.get(name, Item()).counted(name[0], give.record_type)
        for of, per, at_most, count in give.told:
            if per != "open":
                continue
            meant = (each for each in terms.bounds if (each.of, each.per, each.at_most) == (of, per, at_most))
            ranges = [self._counted(bound, give, terms, own) for bound in meant if give.counts_for(bound)]
            if ranges and not any(least <= count <= most for least, most in ranges):
                yield f"counts {count} open of a {of} for {give.person} of {give.pool}; it was {ranges}"

    def _counted(self, bound: Bound, give: Give, terms: Terms, own: Mapping[Place, tuple[int, int]]) -> tuple[int, int]:
        """How many were open for a limit, at least and at most."""
        division, person = give.division, give.person
        circle = terms.circles[give.pool]
        places: list[Place] = [(division, "", person, each) for each in bound.types]
        if bound.of == "member" and not circle.counts_own:
            places = [(division, "", person, circle.record_type)]
        elif not places:
            places = [(division, give.pool, person if bound.of == "member" else "", "")]
        least = sum(self._least[each] - own.get(each, (0, 0))[0] for each in places)
        return least, sum(self._most[each] for each in places)

    def _put(self, name: Name, item: Item | None) -> None:
        record_type = name[1].partition("/")[0]
        for sign, each in ((-1, self._items.pop(name, None)), (1, item)):
            for place, (least, most) in ({} if each is None else each.counted(name[0], record_type)).items():
                self._least[place] += sign * least
                self._most[place] += sign * most
        if item is not None:
            self._items[name] = item


def _by_decision(item: Item, said: Mapping[str, Any]) -> Item:
    """Whose it is by one decision. That somebody has it again after it was deleted is told without the pool."""
    match said["kind"]:
        case "assigned" if said["owner"]["kind"] != "user":
            return item.held_by(NOBODY)
        case "assigned" if not said["trace"]["question"]:
            former = [each for each in item.holders if each[0] == said["owner"]["id"]]
            return item.held_by(*(former or [(said["owner"]["id"], "")]))._replace(is_open=True)
        case "assigned":
            return item.held_by((said["owner"]["id"], said["pool"] or ""))._replace(is_open=True)
        case "pending":
            return item.held_by(NOBODY)
        case "released" if said["reason"] in ("deleted", "merged"):
            return item._replace(is_open=False)
        case "released":
            return item.held_by(NOBODY)
        case _:
            return item


def _by_event(
    item: Item | None,
    record: Mapping[str, Any],
    reasons: Sequence[str],
    decided: Sequence[Mapping[str, Any]],
    *,
    may_close: bool,
) -> Item:
    """What an event tells besides what was decided of it."""
    is_new, item = item is None, item or Item()
    if not decided and set(reasons) <= UNCHANGED:
        return item
    if record["kind"] == "deleted":
        return item._replace(is_open=False)
    item = _owned(item, record, reasons, decided, is_new=is_new)
    is_given = bool(decided) and decided[-1]["kind"] == "assigned"
    if "closed" in reasons:
        return item._replace(is_open=False)
    if "reopened" in reasons:
        return item._replace(is_open=True)
    if is_given or not (decided or item.is_open is False):
        return item
    told_status = record.get("status")
    if decided and (told_status is not None or may_close):
        return item._replace(is_open=None)
    is_back = item.is_open is False and record["kind"] in REVIVING and not set(reasons) <= KEPT
    return item._replace(is_open=None) if is_back else item


def _owned(
    item: Item, record: Mapping[str, Any], reasons: Sequence[str], decided: Sequence[Mapping[str, Any]], *, is_new: bool
) -> Item:
    """Who has it by the choice of a person."""
    owner = record.get("owner")
    if owner is None or owner["kind"] != "user":
        is_silent = not (decided or set(reasons) <= KEPT) and (owner or record["kind"] == "owner_changed")
        return item.maybe(NOBODY) if is_silent else item
    person = owner["id"]
    released = [each for each in decided if each["kind"] == "released"]
    if released and released[-1]["reason"] == "owner_chosen":
        return item.held_by((person, ""))
    if released and released[-1]["reason"] == "taken":
        return item.held_by((person, released[-1]["pool"]))
    if not decided and "owner_kept" in reasons and (record["kind"] == "owner_changed" or is_new):
        return item.held_by((person, ""))
    return item if not decided and set(reasons) <= KEPT else item.maybe((person, ""))


def _converted(record: Mapping[str, Any]) -> Iterable[str]:
    """The lead that a record came of."""
    for linked in (record.get("linked"), record.get("facts")):
        lead = linked.get("lead") if isinstance(linked, dict) else None
        if isinstance(lead, dict) and "id" in lead and record.get("channel") == "conversion":
            yield f"lead/{lead['id']}"


def _weight(told: object) -> int:
    is_number = isinstance(told, int | float) and not isinstance(told, bool) and told >= 0
    return ceil(float(str(told))) if is_number else 1
