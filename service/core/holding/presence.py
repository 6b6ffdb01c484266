"""Who is there today: news of people, by what keeps them away.

Presence, shift and leave are three causes, told by three systems that know nothing of each other: the end of a shift
ends no leave. Each has its own end and its own newest time, so that news which overtook each other lead to one result
(D28). People belong to a division; of those whom its configuration does not know, it remembers the latest (D42).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.events import Availability, MemberEvent
from service.core.holding.climbing import wake_for
from service.core.holding.planning import begin, next_ms, plan
from service.core.holding.waiting import wake_served_by
from service.core.model import Decision, Nothing
from service.core.order import Moment, compare, id_in_short
from service.core.person import CAUSES, Absence, Cause, Person
from service.core.sharing.attendance import back_ms, is_there, there_until
from service.core.state import Timer

RETURN_PREFIX: Final = "back/"
"""Sorts before `drain/`: of those who come back at one time nobody gets what waits before the others are there."""

LEAVE_PREFIX: Final = "left/"
"""Begins the name of the timer that takes from somebody who is not there what they have not accepted."""

REMEMBERED_EVENTS: Final = 4
"""So many of the latest event ids of a person are kept, to recognise repeats. What is overtaken by news of a later time
needs no id to be older; and with more a person would take three times the memory (see `wire.people`).
"""

REMEMBERED_UNTIMED: Final = 8
"""So many are kept where the latest news have no time: a repeat of these is known by nothing else."""

STRANGERS_LIMIT: Final = 1_000
"""Of so many people who are not configured a division remembers news at most, the latest."""

STRANGERS_PER_STEP: Final = 1_000
"""So many of them are looked after in one step of a switch."""

CONCERNED: Final[Mapping[Availability, tuple[Cause, ...]]] = {
    "available": ("presence", "shift"),
    "away": ("presence",),
    "leave": ("leave",),
    "leave_ended": ("leave",),
    "off_shift": ("shift",),
}
"""What each word is news of."""

ABSENT: Final = frozenset[Availability]({"away", "leave", "off_shift"})


def change(event: MemberEvent, draft: Draft, config: Config, now_ms: int) -> Decision:
    """Somebody comes or goes. Who comes back gets what waits for them; a known return sets a timer.

    It is remembered of people who are not configured, too: they may be, later, and be away then.
    """
    outcome = _hear(event, draft, config, now_ms)
    if outcome.reason == "member_changed":
        _set_timer(event.person, draft)
        _follow(event.person, draft, config, now_ms)
        if event.person not in config.users:
            _remember_stranger(event.person, draft, now_ms)
            outcome = Nothing("unknown_user", event.person)
    return Decision(record=f"member/{event.person}", outcome=outcome, correlation_id=event.correlation_id)


def come_back(person: str, draft: Draft, config: Config, now_ms: int) -> Decision:
    """The time is over until which something kept somebody away, or has come from which something does."""
    known = draft.people.edit(person)
    for cause in CAUSES:
        absence: Absence = getattr(known, cause)
        if absence.is_absent and absence.until_ms is not None and absence.until_ms <= now_ms:
            setattr(known, cause, Absence(time_ms=absence.time_ms))
    begin(person, known, draft, now_ms)
    _set_timer(person, draft)
    _follow(person, draft, config, now_ms)
    return Decision(record=f"member/{person}", outcome=Nothing("member_changed", known.absence or "available"))


def present_until(person: str, draft: Draft, config: Config, now_ms: int) -> int | None:
    """When somebody who is there now is known to go (milliseconds): what was told of them begins, or their calendar
    ends. None: it is not known.
    """
    known = draft.planned.get(person)
    told_ms = next((each.begins_ms for each in known.spells if not each.is_off), None) if known is not None else None
    ends = (told_ms, there_until(person, config, now_ms))
    return min((moment for moment in ends if moment is not None), default=None)


def meet_strangers(draft: Draft, config: Config, now_ms: int) -> bool:
    """Under a new configuration others may be strangers: note who is, and forget the oldest of too many.

    At most `STRANGERS_PER_STEP` at once; whether some are left.
    """
    strangers: dict[str, int] = {}
    room = STRANGERS_PER_STEP
    for name, person in list(draft.people.items()):
        is_stranger = name not in config.users
        if is_stranger != (person.heard_ms > 0):
            if not room:
                return True
            room -= 1
            draft.people.edit(name).heard_ms = now_ms if is_stranger else 0
        if is_stranger:
            strangers[name] = person.heard_ms or now_ms
    too_many = max(0, len(strangers) - STRANGERS_LIMIT)
    for name in sorted(strangers, key=lambda name: (strangers[name], name))[: min(too_many, room)]:
        _forget(name, draft)
    return too_many > room


def _hear(event: MemberEvent, draft: Draft, config: Config, now_ms: int) -> Nothing:
    """Take over what is news of any cause, and say what it was."""
    word = config.presence_word(event.availability)
    if word is None:
        return Nothing("unknown_availability", event.availability)
    known = draft.people.get(event.person) or Person()
    if event.id in known.seen or id_in_short(event.id) in known.seen:
        return Nothing("duplicate_event")
    is_absent = word in ABSENT
    if event.begins_ms is not None and event.begins_ms > now_ms:
        is_news = plan(event, event.begins_ms, CONCERNED[word], draft, is_off=not is_absent)
    else:
        is_news = _change_now(event, [getattr(known, cause) for cause in CONCERNED[word]], word, draft)
    if not is_news:
        return Nothing("older_news", word)
    person = draft.people.edit(event.person)
    kept = REMEMBERED_UNTIMED if event.time_ms is None else REMEMBERED_EVENTS
    person.seen = (*person.seen[1 - kept :], event.id)
    return Nothing("member_changed", word)


def _change_now(event: MemberEvent, known: Sequence[Absence], word: Availability, draft: Draft) -> bool:
    """Let it hold of each cause of which it is the newest; whether there was any."""
    is_absent, is_news = word in ABSENT, False
    for cause, before in zip(CONCERNED[word], known, strict=True):
        if compare(Moment(time_ms=event.time_ms), Moment(time_ms=before.time_ms)) != "older":
            time_ms = before.time_ms if event.time_ms is None else event.time_ms
            absence = Absence(is_absent, event.until_ms if is_absent else None, time_ms)
            setattr(draft.people.edit(event.person), cause, absence)
            is_news = True
    return is_news


def _set_timer(person: str, draft: Draft) -> None:
    """Have the next end of a cause heeded, or what begins before it, and nothing else."""
    name = RETURN_PREFIX + person
    known = draft.people.get(person) or Person()
    times = [next_ms(person, draft), *(each.until_ms for each in known.causes)]
    draft.timers.drop(name)
    due = min((time for time in times if time is not None), default=None)
    if due is not None:
        draft.timers.put(name, Timer(due))


def _remember_stranger(person: str, draft: Draft, now_ms: int) -> None:
    """As one of the latest; of too many the oldest is forgotten."""
    draft.people.edit(person).heard_ms = max(now_ms, 1)
    others = {name: heard_ms for name, heard_ms in draft.strangers_before().items() if name != person}
    if len(others) >= STRANGERS_LIMIT:
        _forget(min(others, key=lambda name: (others[name], name)), draft)


def _forget(person: str, draft: Draft) -> None:
    draft.people.drop(person)
    draft.planned.drop(person)
    draft.timers.drop(RETURN_PREFIX + person)


def _follow(person: str, draft: Draft, config: Config, now_ms: int) -> None:
    """Who is there gets what waits for them; who is not loses what they have not accepted."""
    _wake_pools_of(person, draft, config, now_ms)
    if not is_there(person, draft, config, now_ms) and draft.reserved_for(person):
        draft.set_timer(LEAVE_PREFIX + person, now_ms)


def _wake_pools_of(person: str, draft: Draft, config: Config, now_ms: int) -> None:
    """Have the lines looked at in which records wait for somebody: now, if they are there, or when their shift begins.
    The end of what was told has a timer of its own.
    """
    wake_for(person, draft, config, now_ms)
    told = draft.people.get(person)
    if told is not None and not told.is_present:
        return
    due_ms = back_ms(person, draft, config, now_ms)
    if due_ms is None:
        return
    for pool in draft.pools_of(person):
        spec = config.pools.get(pool)
        if spec is not None and not spec.is_queue:
            wake_served_by(pool, config, draft, due_ms)
