"""When people are told: at once, when their quiet hours are over, or in one summary.

Every verdict passes here once, after all is decided. News that come in somebody's quiet hours wait in their line, and
are told in their order when these end, unless they are not true by then (somebody else has the record, or it is closed
or deleted) or a later one says the same of the record. Words are found for them only then. News of a pool are for who
manages it: where that is somebody else by then it is they who are told, or for whom it is kept.
Of what comes faster than somebody wants to hear it, the first pieces are told and the rest is one summary for each kind
of news. Where a line is as long as it may be, what comes on top is in such a summary, too, so that nothing is lost and
no night takes more than its room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, cast

from msgspec.structs import replace

from service.core.case import NO_FACTS
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.held import HELD_LIMIT, NAMED_LIMIT, HeldBack
from service.core.model import Decision, LateNews, NewsSummary, Nothing, Notification, NotificationKind, Outcome
from service.core.reasons import NothingReason
from service.core.record import UNHEARD, Record
from service.core.retold import sayable
from service.core.state import State
from service.core.telling.notify import means_for
from service.core.telling.why import DELETED, UNAWARE, parted, pool_of, why
from service.core.tracking import recall
from service.core.wishes import Wishes

HUSH_PREFIX: Final = "hush/"
"""Begins the name of the timer that ends somebody's quiet hours."""

SUMMARY_PREFIX: Final = "summary/"
"""Begins the name of the timer that ends the time of a summary: of whom it is for, and of which kind of news. It sorts
behind `hush/`: first the pieces, then how many more there were.
"""

GIVEN: Final = frozenset[NotificationKind]({"assigned", "offered"})
LOST: Final = frozenset[NotificationKind]({"reassigned", "withdrawn"})
LINED: Final = frozenset[NotificationKind]({"queued", "waiting"})
"""News that somebody has a record, that they have it no more, and that it is in a line."""
MANAGED: Final = frozenset[NotificationKind]({"waiting", "escalated", "skewed"})
"""News of a pool, for whoever manages it."""
SUMMED: Final = 0
"""No time to which anything is kept: it is counted by then."""
STANDING: Final = GIVEN | LINED
"""News of what is so until it ends, which it does where the record is closed."""


class Numbers:
    """How the decisions of a verdict are numbered: their ids are the `prefix` and numbers from `first` on."""

    __slots__ = ("first", "prefix")

    def __init__(self, prefix: str = "", first: int = 0) -> None:
        self.prefix = prefix
        self.first = first

    def id(self, number: int) -> str:
        """The id of the decision with this number."""
        return f"{self.prefix}{number}"


UNNUMBERED: Final = Numbers()


def passed_on(
    decisions: tuple[Decision, ...], draft: Draft, config: Config, now_ms: int, numbers: Numbers
) -> tuple[Decision, ...]:
    """The decisions with those of their notifications that are told at once. The others are kept, in the draft."""
    if not any(each.notifications for each in decisions):
        return decisions
    decisions = tuple(_without_returned(each, draft, config, now_ms) for each in decisions)
    if not config.holds_back and draft.hushes.is_empty:
        return decisions
    return tuple(
        _timed(each, numbers.id(number), draft, config, now_ms) for number, each in enumerate(decisions, numbers.first)
    )


def tell_held(person: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """Somebody's quiet hours are over: tell them what was held back, as far as its records are loaded."""
    hush = draft.hushes.get(person)
    if hush is None:
        return ()
    quiet_until_ms = _quiet_until(person, config, now_ms)
    if quiet_until_ms is not None:
        draft.set_timer(HUSH_PREFIX + person, quiet_until_ms)
        return ()
    decisions: list[Decision] = []
    line = list(_line(person, draft))
    for (number, held), untold in zip(line, _reasons(person, line, draft, config), strict=True):
        if draft.records.get(held.record) is None:
            draft.hushes.edit(person).first = number
            draft.set_timer(HUSH_PREFIX + person, now_ms)
            return tuple(decisions)
        decisions.append(_late(person, held, untold, draft, config, now_ms))
        draft.held.drop(_held_field(person, number))
    draft.hushes.drop(person)
    return tuple(decisions)


def held_records(person: str, draft: Draft) -> tuple[str, ...]:
    """The records that `tell_held` looks at, in order."""
    return tuple(dict.fromkeys(held.record for _, held in _line(person, draft)))


def tell_digest(about: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """The time of a summary is over, of which `about` says for whom and of which kind."""
    digest = draft.digests.get(about)
    if digest is None:
        return ()
    person, _, kind = about.rpartition("/")
    quiet_until_ms = _quiet_until(person, config, now_ms) if digest.summed else None
    if quiet_until_ms is not None:
        draft.set_timer(SUMMARY_PREFIX + about, quiet_until_ms)
        return ()
    draft.digests.drop(about)
    if not digest.summed:
        return ()
    via = means_for(cast("NotificationKind", kind), person, config)
    if not via:
        return (_nothing("", "untold_unwanted", person),)
    summary = NewsSummary(digest.summed, digest.since_ms, now_ms, digest.records)
    told = Notification(cast("NotificationKind", kind), person, via, summary=summary)
    return (replace(_nothing("", "told_late", person), notifications=(told,)),)


def kept_timers(state: State) -> list[str]:
    """The timers of all that is told later, by name."""
    lines, summaries = map(HUSH_PREFIX.__add__, state.hushes), map(SUMMARY_PREFIX.__add__, state.digests)
    return sorted((*lines, *summaries))


def bring_forward(names: Iterable[str], draft: Draft, config: Config, now_ms: int) -> None:
    """Have these timers go off as soon as a new configuration has them told what is kept for them. One that is to go
    off later than before finds that out when its time has come.
    """
    for name in names:
        kind, slash, about = name.partition("/")
        person, due_ms = about, now_ms
        if kind + slash == SUMMARY_PREFIX:
            person, digest = about.rpartition("/")[0], draft.digests.get(about)
            user = config.users.get(person)
            if digest is None:
                continue
            if user is not None and user.wishes.digest is not None:
                due_ms = max(now_ms, digest.since_ms + user.wishes.digest.within_ms)
        elif draft.hushes.get(person) is None:
            continue
        draft.set_timer(name, _quiet_until(person, config, due_ms) or due_ms)


def _without_returned(decision: Decision, draft: Draft, config: Config, now_ms: int) -> Decision:
    """Who lost a record and has it again by the same event has not lost it. In quiet hours that is kept all the same:
    should they lose it again before these end, it is all that says that they had known of it.
    """
    record = draft.records.get(decision.record)
    owner = "" if record is None else record.owner
    left = tuple(
        each
        for each in decision.notifications
        if each.kind != "reassigned" or each.person != owner or _is_held_back(owner, draft, config, now_ms)
    )
    return decision if len(left) == len(decision.notifications) else replace(decision, notifications=left)


def _is_held_back(person: str, draft: Draft, config: Config, now_ms: int) -> bool:
    """Whether somebody's news are kept one by one now."""
    user = config.users.get(person)
    has_summaries = user is not None and user.wishes.digest is not None
    return not has_summaries and _held_until(person, draft, config, now_ms) is not None


def _timed(decision: Decision, decision_id: str, draft: Draft, config: Config, now_ms: int) -> Decision:
    """The decision with those of its notifications that are told at once."""
    at_once = [
        each for each in decision.notifications if not _is_kept(each, decision, decision_id, draft, config, now_ms)
    ]
    if len(at_once) == len(decision.notifications):
        return decision
    return replace(decision, notifications=tuple(at_once))


def _is_kept(
    told: Notification, decision: Decision, decision_id: str, draft: Draft, config: Config, now_ms: int
) -> bool:
    """Whether somebody hears of it later only; it is kept until then."""
    until_ms = _put_off(told, decision.record, draft, config, now_ms)
    if until_ms:
        _hold(told, decision, decision_id, draft, now_ms, until_ms)
    return until_ms is not None


def _put_off(told: Notification, record: str, draft: Draft, config: Config, now_ms: int) -> int | None:
    """Until when news of a record are to be kept for somebody (milliseconds); `SUMMED`: they are in a summary now;
    none: they are told at once.
    """
    user = config.users.get(told.person)
    if user is None:
        return None
    if _is_summed(told, record, user.wishes, draft, now_ms):
        return SUMMED
    return _held_until(told.person, draft, config, now_ms)


def _is_summed(told: Notification, record: str, wishes: Wishes, draft: Draft, now_ms: int) -> bool:
    """Whether it goes into the summary of its kind, since enough was told one by one."""
    if wishes.digest is None:
        return False
    about = f"{told.person}/{told.kind}"
    digest = draft.digests.edit(about)
    if not digest.since_ms:
        digest.since_ms = now_ms
        draft.set_timer(SUMMARY_PREFIX + about, now_ms + wishes.digest.within_ms)
    if digest.told < wishes.digest.alone:
        digest.told += 1
        return False
    _sum_up(about, record, draft)
    return True


def _hold(told: Notification, decision: Decision, decision_id: str, draft: Draft, now_ms: int, until_ms: int) -> None:
    """Keep the news of a decision for who is to be told of it."""
    is_unaware = told.kind in LOST and _is_to_hear_of_getting(told.person, decision.record, draft)
    held = HeldBack(
        kind=told.kind,
        record=decision.record,
        decision=decision_id,
        why=UNAWARE if is_unaware else why(decision, told),
        pool=pool_of(decision, told),
        correlation_id=decision.correlation_id,
        depth=decision.depth,
    )
    _keep(told.person, held, draft, now_ms, until_ms)


def _keep(person: str, held: HeldBack, draft: Draft, now_ms: int, until_ms: int) -> None:
    """Put the news at the end of the person's line; if that is full, into the summary of its kind."""
    hush = draft.hushes.edit(person)
    if hush.next - hush.first >= HELD_LIMIT:
        about = f"{person}/{held.kind}"
        digest = draft.digests.edit(about)
        digest.since_ms = digest.since_ms or now_ms
        draft.set_timer(SUMMARY_PREFIX + about, until_ms)
        _sum_up(about, held.record, draft)
        return
    draft.held.put(_held_field(person, hush.next), held)
    hush.next += 1
    draft.set_timer(HUSH_PREFIX + person, until_ms)


def _sum_up(about: str, record: str, draft: Draft) -> None:
    """One piece more in the summary."""
    digest = draft.digests.edit(about)
    digest.summed += 1
    if len(digest.records) < NAMED_LIMIT and record not in digest.records:
        digest.records = (*digest.records, record)


def _held_until(person: str, draft: Draft, config: Config, now_ms: int) -> int | None:
    """Until when what somebody would be told now is held back: for their quiet hours, or behind what was before it."""
    until_ms = _quiet_until(person, config, now_ms)
    return now_ms if until_ms is None and draft.hushes.get(person) is not None else until_ms


def _quiet_until(person: str, config: Config, now_ms: int) -> int | None:
    """When the quiet hours end that somebody has now (milliseconds); none: they have none now."""
    user = config.users.get(person)
    if user is None or user.wishes.quiet is None:
        return None
    phase = user.wishes.quiet.phase(now_ms)
    return phase.until_ms if phase.is_on else None


def _line(person: str, draft: Draft) -> Iterator[tuple[int, HeldBack]]:
    """What is held back for somebody, in order, each with its number."""
    hush = draft.hushes.get(person)
    for number in range(hush.first, hush.next) if hush is not None else ():
        held = draft.held.get(_held_field(person, number))
        if held is not None:
            yield number, held


def _is_to_hear_of_getting(person: str, record: str, draft: Draft) -> bool:
    """Whether it is in somebody's line that they have the record: then they need not hear that they lost it."""
    return any(held.record == record and held.kind in GIVEN for _, held in _line(person, draft))


def _held_field(person: str, number: int) -> str:
    return f"{person}/{number}"


def _late(
    person: str, held: HeldBack, untold: NothingReason | None, draft: Draft, config: Config, now_ms: int
) -> Decision:
    """Tell somebody of what was held back, in the words of what is known by now; or say why not."""
    decision = _nothing(held.record, untold or "told_late", person)
    decision = replace(decision, correlation_id=held.correlation_id, depth=held.depth)
    if untold not in (None, "untold_replaced"):
        return decision
    kind, late = cast("NotificationKind", held.kind), LateNews(held.decision, held.why, held.pool)
    hearer, record = _hearer(person, held, config), draft.records.get(held.record) or UNHEARD
    told = Notification(kind, hearer, means_for(kind, hearer, config), late)
    if untold is not None and not _is_for_successor(told, held, record, draft, config, now_ms):
        return decision
    facts = NO_FACTS
    if config.fields_told:
        record_type = held.record.partition("/")[0]
        facts = sayable(recall(record.facts), record.facts, record_type, draft, config)
    return replace(decision, notifications=(told,), facts=facts)


def _hearer(person: str, held: HeldBack, config: Config) -> str:
    """Who is to be told by now of what was held back for a person; empty: nobody. Of a pool that is its manager."""
    if held.kind not in MANAGED:
        return person
    escalated_by = parted(held.why)[1]
    if held.kind == "escalated" and not escalated_by:
        return person  # kept by a build that did not know of which pool they are told
    spec = config.pools.get(escalated_by or held.pool)
    return "" if spec is None else spec.manager


def _is_for_successor(
    told: Notification, held: HeldBack, record: Record, draft: Draft, config: Config, now_ms: int
) -> bool:
    """Whether who manages the pool by now is told at once of what was held back for who managed it. Else it is kept for
    them, or counted, or they were told of that decision already: that they have the record.
    """
    if told.person not in config.users or (held.kind == "escalated" and record.owner == told.person):
        return False
    until_ms = _put_off(told, held.record, draft, config, now_ms)
    if until_ms:
        _keep(told.person, held, draft, now_ms, until_ms)
    return until_ms is None


def _reasons(
    person: str, line: Sequence[tuple[int, HeldBack]], draft: Draft, config: Config
) -> Iterable[NothingReason | None]:
    """Why each piece of a line is not told to the person, none: it is. Of several that are true and say the same of a
    record the last one is told.
    """
    found: list[NothingReason | None] = []
    said: set[tuple[str, str, str]] = set()
    for _, held in reversed(line):
        kind, hearer = cast("NotificationKind", held.kind), _hearer(person, held, config)
        about = (hearer, held.record, "given" if kind in GIVEN else "lost" if kind in LOST else kind)
        untold = _untold(person, held, draft, config)
        if hearer and not means_for(kind, hearer, config):
            untold = "untold_unwanted"
        if untold is None and about in said:
            untold = "untold_repeated"
        if untold is None:
            said.add(about)
            untold = None if hearer == person else "untold_replaced"
        found.append(untold)
    return reversed(found)


def _untold(person: str, held: HeldBack, draft: Draft, config: Config) -> NothingReason | None:
    """Why what was held back is not true any more; none: it is. Of a record that was deleted, or forgotten since, only
    that somebody lost it, that it was deleted, and what it showed of its pool.
    """
    kind, record = held.kind, draft.records.get(held.record) or UNHEARD
    if record.closed and kind in STANDING:
        return "untold_closed"
    parked, reservation = draft.parked.get(held.record), draft.reservations.get(held.record)
    is_gone = record.deleted or record is UNHEARD
    is_true = not is_gone or held.why == DELETED
    if kind == "assigned":
        is_true = is_true and record.owner == person
    elif kind == "offered":
        is_true = reservation is not None and reservation.person == person
    elif kind in LINED:
        is_true = parked is not None and parked.pool == held.pool
    elif kind in LOST:
        is_true = held.why != UNAWARE and record.owner != person
    elif kind == "refused":
        is_true = is_true and record.owner != person
    elif kind == "skewed":
        pool = config.pools.get(held.pool)
        is_true = pool is not None and pool.skewed_after is not None
    return None if is_true else "untold_moved"


def _nothing(record: str, reason: NothingReason, person: str) -> Decision:
    outcome: Outcome = Nothing(reason, person)
    return Decision(record=record, outcome=outcome)
