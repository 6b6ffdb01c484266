"""The core as one function: what an event means for a division.

`decide(event, state, configuration, now)` gives the decisions and the changes, and touches nothing. The questions are
asked in the order of D8; each record event first passes the same few gates (has it been seen, is it older than what
we know, is it allowed at all), then goes to the function of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from service.core import questions
from service.core.case import NO_TRACE, Case, Verdict
from service.core.configuration import Config, User
from service.core.draft import Draft
from service.core.holding import load, presence
from service.core.holding.assign import give, release, take
from service.core.holding.waiting import hear_while_waiting
from service.core.model import (
    CHANNELS,
    Decision,
    Event,
    MemberEvent,
    Nothing,
    RecordEvent,
    RecordEventKind,
    Rejected,
    Target,
    Trace,
)
from service.core.score import scored
from service.core.state import Parked, Record, State, seat_field
from service.core.targets import refusal
from service.core.telling import notify
from service.core.tracking import recall, remember, together
from service.language.tree import Facts

REMEMBERED_EVENTS: Final = 8
"""So many of the latest event ids of a record are kept, to recognise repeats."""


def decide(event: Event, state: State, config: Config, now_ms: int) -> Verdict:
    """Decide one event of a division at `now_ms` (milliseconds since 1970, UTC). Pure: the state stays as it is."""
    draft = Draft(state)
    match event:
        case RecordEvent():
            case = Case(event.record, draft, config, now_ms, event.correlation_id, event.depth)
            case.facts = event.facts
            decisions = _decide_record(event, case)
        case MemberEvent():
            decisions = (presence.change(event, draft, config, now_ms),)
        case _:
            assert_never(event)
    return Verdict(decisions, draft.changes())


def _decide_record(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    before, record = case.before, case.record
    stopped = _known_already(event, before) or _not_allowed(event, case)
    if isinstance(stopped, Nothing):
        if stopped.reason != "duplicate_event":
            _remember(event, record)
        return (case.conclude(stopped),)
    _note(event, record)
    if stopped is not None:
        return (case.conclude(stopped),)
    if event.kind == "created":
        record.created = True
    case.facts = _known_facts(event, case)
    return HANDLERS[event.kind](event, case)


def _known_facts(event: RecordEvent, case: Case) -> Facts:
    """All that is known of the record by now, with its score. What later decisions need is kept."""
    facts, config, before = event.facts, case.config, case.before
    tracked = config.tracked.get(event.record_type)
    if tracked is not None:
        is_old = _is_older(event, before.version, before.time_ms)
        known = recall(before.facts)
        facts = together(facts, known) if is_old else together(known, facts)
        case.record.facts = remember(facts, tracked)
    rows = config.scores.get(event.record_type)
    return scored(facts, rows, case.now_ms) if rows else facts


def _remember(event: RecordEvent, record: Record) -> None:
    record.seen = (*record.seen[-REMEMBERED_EVENTS + 1 :], event.id)


def _known_already(event: RecordEvent, record: Record) -> Nothing | None:
    """A repeat, or something that newer knowledge has overtaken (D19). A creation is only old once it was decided.

    What is not known to be newer than a deletion came late. News of the owner are old only beside newer such news.
    """
    if event.id in record.seen:
        return Nothing("duplicate_event")
    if record.deleted:
        is_back = event.kind == "created" and _is_newer(event, record.version, record.time_ms)
        return None if is_back else Nothing("deleted")
    if event.kind == "created" and not record.created:
        return None
    if _tells_owner(event, record):
        is_old = _is_older(event, record.told_version, record.told_time_ms)
    else:
        is_old = _is_older(event, record.version, record.time_ms)
    return Nothing("older_version") if is_old else None


def _is_older(event: RecordEvent, version: int | None, time_ms: int | None) -> bool:
    if event.version is not None and version is not None:
        return event.version < version
    return event.time_ms is not None and time_ms is not None and event.time_ms < time_ms


def _is_newer(event: RecordEvent, version: int | None, time_ms: int | None) -> bool:
    if event.version is not None and version is not None:
        return event.version > version
    return event.time_ms is not None and time_ms is not None and event.time_ms > time_ms


def _tells_owner(event: RecordEvent, record: Record) -> bool:
    """An owner that is not named is no news, except on a change of owner and at a record's beginning."""
    if event.kind == "created" and not record.created:
        return True
    return event.kind == "owner_changed" or (event.owner is not None and event.kind != "deleted")


def _not_allowed(event: RecordEvent, case: Case) -> Rejected | None:
    if case.config.version == 0:
        return Rejected("no_configuration", f"division {case.config.division} has no configuration")
    channels = CHANNELS.get(event.record_type)
    if channels is None:
        known = ", ".join(CHANNELS)
        return Rejected("unknown_record_type", f"{event.record_type} is not a record type; there are {known}")
    if not _asks_for_somebody(event):
        return None
    if event.channel is not None and event.channel not in channels:
        return Rejected("channel_not_allowed", f"a {event.record_type} does not come in through {event.channel}")
    if case.depth > case.config.depth_limit:
        return questions.too_deep(case)
    return None


def _asks_for_somebody(event: RecordEvent) -> bool:
    """What only tells what was done in the CRM (a deletion, a person chosen) is taken note of however it came about."""
    return event.kind == "created" or (event.owner is not None and event.owner.kind != "user")


def _note(event: RecordEvent, record: Record) -> None:
    """Take over what the event tells of the record, as far as newer news have not overtaken it."""
    tells_owner = _tells_owner(event, record) and not _is_older(event, record.told_version, record.told_time_ms)
    if not _is_older(event, record.version, record.time_ms):
        if event.version is not None:
            record.version = event.version
        if event.time_ms is not None:
            record.time_ms = event.time_ms
    if tells_owner:
        record.told = "" if event.owner is None else str(event.owner)
        if event.version is not None:
            record.told_version = event.version
        if event.time_ms is not None:
            record.told_time_ms = event.time_ms
    _remember(event, record)
    record.deleted = False


def _created(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    before = case.before
    if before.created:
        return _updated(event, case)
    if not (before.parked or before.owner):
        decisions: tuple[Decision, ...] = (_answer(event, case),)
    elif _names_another_owner(event, case.config, before):
        decisions = _owner_changed(event, case)
    else:
        decisions = (case.conclude(Nothing("parked_already" if before.parked else "owner_kept", before.owner)),)
    if isinstance(decisions[-1].outcome, Rejected):
        case.record.created = False
    return decisions


def _answer(event: RecordEvent, case: Case) -> Decision:
    """Ask the questions of D8 until one answers."""
    owner = event.owner
    if owner is not None and owner.kind != "user":
        return give(case, owner, Trace(question="explicit_target"))
    if owner is not None and not _counts_as_unowned(event, owner, case.config):
        return _adopt(case, owner.id)
    return questions.on_creation(case)


def _counts_as_unowned(event: RecordEvent, owner: Target, config: Config) -> bool:
    """Most CRMs store the creator as owner: the event or the configuration may say that this one means nobody (D18)."""
    return event.by_rules or owner.id in config.unowned_users or event.channel in config.unowned_channels


def _adopt(case: Case, person: str) -> Decision:
    """A person was chosen in the CRM: that stands (D5). A name we do not know is reported, and stands as well."""
    load.hold(case, person)
    if person not in case.config.users:
        return case.conclude(Rejected("unknown_user", f"the owner {person} is not a user of ours"), NO_TRACE)
    return case.conclude(Nothing("owner_kept", person), NO_TRACE)


def _updated(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    """An update in which the CRM names another owner than it did before is a change of owner (D25).

    Any other gives the record to nobody, unless an entry that is asked on updates says so (S41). A creation that is
    told again is no reason to ask, nor is an update of a record of which nothing was decided yet.
    """
    before = case.before
    if not _is_older(event, before.version, before.time_ms):
        hear_while_waiting(case)
    if _names_another_owner(event, case.config, before):
        return _owner_changed(event, case)
    is_known = before.created or before.sequence > 0 or event.by_rules
    given = questions.on_update(case) if is_known and event.kind == "updated" else ()
    return given or (case.conclude(Nothing("record_updated")),)


def _names_another_owner(event: RecordEvent, config: Config, before: Record) -> bool:
    """Whether an update, or a repeated creation, tells of a change of owner.

    A repeated creation tends to name the owner of the first day: it counts where no owner was named before it, or
    where it is known to be newer. An update that overtakes the creation may name an owner who counts as none (D18).
    """
    owner = event.owner
    if owner is None or str(owner) == before.told:
        return False
    if before.created and event.kind != "created":
        return True
    if owner.kind == "user" and _counts_as_unowned(event, owner, config):
        return False
    if event.kind != "created":
        return True
    return owner.kind == "user" and (not before.told or _is_newer(event, before.told_version, before.told_time_ms))


def _owner_changed(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    owner = event.owner
    if owner is None:
        released = release(case, "owner_removed")
        return (released or case.conclude(Nothing("owner_unchanged")),)
    if owner.kind == "user":
        return _given_to_person(event, owner.id, case)
    return _given_to_target(event, owner, case)


def _taken(event: RecordEvent, person: str, case: Case, parked: Parked) -> Decision | None:
    """A record that lies in a queue goes to who is a member; another may not have it (S55).

    None: somebody with the right to reassign chose them, and that choice stands (D5).
    """
    queue = Target("queue", parked.pool)
    seat = case.draft.seats.get(seat_field(parked.pool, person))
    if seat is not None and seat.is_taken:
        return take(case, person, Trace(question="explicit_target", target=queue))
    actor = case.config.users.get(event.actor or "")
    if actor is not None and _may_give(actor):
        return None
    refused = Rejected(
        "not_a_member", f"{person} is no member of the queue {parked.pool}, and only members take from it"
    )
    told = notify.of_refusal(person, case.config)
    return case.conclude(refused, Trace(question="explicit_target", target=queue), told)


def _given_to_person(event: RecordEvent, person: str, case: Case) -> tuple[Decision, ...]:
    before = case.before
    if person == before.owner:
        return (case.conclude(Nothing("echo" if before.by_us else "owner_unchanged", person)),)
    parked = case.draft.parked.get(case.name)
    if parked is not None and parked.queued:
        taken = _taken(event, person, case, parked)
        if taken is not None:
            return (taken,)
    released = release(case, "owner_chosen")
    adopted = _adopt(case, person)
    if released is None:
        return (adopted,)
    return (released, adopted) if isinstance(adopted.outcome, Rejected) else (released,)


def _given_to_target(event: RecordEvent, target: Target, case: Case) -> tuple[Decision, ...]:
    before, parked = case.before, case.draft.parked.get(case.name)
    is_there = parked is not None and target.kind != "plan" and target.id == parked.pool
    if parked is not None and is_there and parked.queued:
        return (case.conclude(Nothing("echo", parked.pool)),)
    refused = _may_not_give(event, target, case)
    if refused is not None:
        return (case.conclude(refused, Trace(question="explicit_target", target=target)),)
    if before.by_us and _is_told_twice(event, target, before):
        return (case.conclude(Nothing("owner_unchanged", before.owner)),)
    if parked is not None and is_there:
        return (case.conclude(Nothing("parked_already", parked.pool)),)
    released = release(case, "given_to_pool")
    given = give(case, target, Trace(question="explicit_target"))
    return (given,) if released is None else (released, given)


def _is_told_twice(event: RecordEvent, target: Target, before: Record) -> bool:
    """A second message about one change: the same version of the record named this target before."""
    return event.version is not None and event.version == before.told_version and str(target) == before.told


def _may_not_give(event: RecordEvent, target: Target, case: Case) -> Rejected | None:
    """Giving a record to a pool needs the right to reassign (S7, S8), and a pool that can take it."""
    config = case.config
    if event.actor is None:
        if config.require_actor:
            return Rejected("not_permitted", "the event names no actor, and the settings require one")
    else:
        user = config.users.get(event.actor)
        if user is None or not _may_give(user):
            return Rejected("not_permitted", f"{event.actor} may not give records to a {target.kind}")
    return refusal(target, case)


def _may_give(user: User) -> bool:
    return not user.roles.isdisjoint({"admin", "reassign"})


def _deleted(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    released = release(case, "deleted")
    case.forget()
    return (released or case.conclude(Nothing("deleted")),)


def _offered(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    return (case.conclude(Nothing("no_plan", event.offer or "")),)


HANDLERS: Final[Mapping[RecordEventKind, Callable[[RecordEvent, Case], tuple[Decision, ...]]]] = {
    "created": _created,
    "owner_changed": _owner_changed,
    "updated": _updated,
    "deleted": _deleted,
    "ordered": _offered,
    "paid": _offered,
    "payment_failed": _offered,
}
