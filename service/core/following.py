"""What follows from the news of a record: who keeps it, who gets it, and who is asked.

The questions have the order of D8. Whether anything may be done at all was asked before (see `decide`).
"""

from __future__ import annotations

from typing import Final, assert_never

from msgspec.structs import replace

from service.core import accepting, plans, questions
from service.core.case import NO_TRACE, Case, told_owner
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.events import RecordEvent, Target
from service.core.hearing import counts_as_nobody
from service.core.holding import climbing, load, reservations
from service.core.holding.assign import EXPLICIT, REOPENED, give, give_back, hand_over, keep_closed, release, take
from service.core.holding.waiting import hear_while_waiting, is_fit, unpark, waiting_case
from service.core.model import (
    Decision,
    Nothing,
    Rejected,
    Trace,
)
from service.core.naming import missed
from service.core.news import (
    Answered,
    Contacted,
    Created,
    Deleted,
    FieldsNow,
    News,
    NoNews,
    Offered,
    OwnerNow,
    Restored,
)
from service.core.parked import Parked
from service.core.plans import Way
from service.core.rights import may_give, may_not_give
from service.core.state import seat_field
from service.core.status import is_closed_while_waiting, note_closed_while_waiting
from service.core.targets import meant, refusal
from service.core.telling import notify

HEARD_WHILE_WAITING: Final[frozenset[type[News]]] = frozenset({FieldsNow, OwnerNow, NoNews})
"""The news that leave a record that waits in its line."""


def act(event: RecordEvent, news: News, case: Case) -> tuple[Decision, ...]:
    """What follows from the news."""
    if type(news) in HEARD_WHILE_WAITING and (news.is_newest or news.change.changed):
        hear_while_waiting(case)
    told = plans.way_in(event, news, case)
    way = told if isinstance(told, Way) else None
    if needs_somebody(news, case):
        if way is not None:
            plans.note(case, way)
        return _given_again(event, news, case)
    match news:
        case Created(owner=owner):
            return (_answer(event, owner, way, case),)
        case NoNews() | FieldsNow() | Offered() | Contacted():
            return _brought_in(way, case) or _unmoved(event, news, told, case)
        case Answered():
            return accepting.answer(event, case)
        case OwnerNow(owner=owner):
            return _owner_now(event, owner, way, case)
        case Deleted():
            return _deleted(event, case)
        case Restored():
            return _restored(event, news, way, case)
        case _:
            assert_never(news)


def anew(name: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """Ask for a record that waits where it does not fit any more, or whose target has steps by now (D31): its tool and
    its offers, then the rules. One that is closed by now waits no more (D33).

    Rejected is only what nothing takes; it names the pool that let it go, and why where it cannot take it at all.
    """
    parked = draft.parked.get(name)
    if parked is None:
        return ()
    case = waiting_case(name, parked, draft, config, now_ms)
    has_steps = questions.has_steps_now(case, parked)
    if is_fit(case, parked.pool, named=parked.named) and not has_steps:
        return ()
    if is_closed_while_waiting(case):
        note_closed_while_waiting(case)
        left_line = release(case, "closed")
        return () if left_line is None else (left_line,)
    left = Target("pool", parked.pool)
    refused = refusal(left, case)
    if has_steps or climbing.climb_of(case) is not None:
        reservations.remember_place(case, parked)
    unpark(case)
    decision = plans.as_new(plans.known_way(case), case)
    if isinstance(decision.outcome, Rejected):
        trace = replace(decision.trace, question="parked", target=left)
        decision = replace(decision, outcome=refused or decision.outcome, trace=trace)
    return (decision,)


def _brought_in(way: Way | None, case: Case) -> tuple[Decision, ...]:
    """What follows where the event brings a lead into a plan; nothing where it does not, or changes no owner."""
    return () if way is None else plans.brought_in(case, way)


def _unmoved(
    event: RecordEvent, news: NoNews | FieldsNow | Offered | Contacted, told: Way | Nothing | None, case: Case
) -> tuple[Decision, ...]:
    """What follows where nothing that the event tells gave a lead to somebody of a plan."""
    match news:
        case NoNews(reason=reason, detail=detail):
            return (case.conclude(Nothing(reason, detail)),)
        case FieldsNow():
            return _fields_now(event, news, case)
        case Offered() | Contacted():
            return (case.conclude(plans.unmoved(event, told, case)),)
        case _:
            assert_never(news)


def _answer(event: RecordEvent, owner: Target | None, way: Way | None, case: Case) -> Decision:
    """Ask the questions of D8 until one answers. Most CRMs store the creator as owner: some mean nobody (D18).

    Whoever gets it, a lead that came in through a plan's tool is in that plan, unless the event names another.
    """
    is_chosen = owner is not None and owner.kind == "user" and not counts_as_nobody(event, case.config)
    is_named = owner is not None and owner.kind != "user"
    if way is not None and (is_chosen or is_named or case.record.closed):
        plans.note(case, way)
    if is_chosen and owner is not None:
        return _adopt(case, owner.id)
    if case.record.closed:
        return case.conclude(Nothing("closed"))
    if is_named and owner is not None:
        return give(case, owner, Trace(question=EXPLICIT))
    return plans.as_new(way, case)


def _adopt(case: Case, person: str) -> Decision:
    """A person was chosen in the CRM: that stands (D5). A name we do not know is reported, and stands as well."""
    load.hold(case, person)
    if person not in case.config.users:
        return case.conclude(
            Rejected("unknown_user", f"the owner {person} is not a user of ours{missed(person, case.config)}"), NO_TRACE
        )
    return case.conclude(Nothing("owner_kept", person), NO_TRACE)


def _fields_now(event: RecordEvent, news: FieldsNow, case: Case) -> tuple[Decision, ...]:
    """The record is given to nobody, unless an entry that is asked on updates says so (S41).

    A creation that is told again is no reason to ask, nor is an update of a record that is closed, or of which nothing
    was decided yet, unless it is seen to change something.
    """
    is_closed = case.record.closed
    is_known = _is_known(event, case) or bool(news.change.changed)
    given = questions.on_update(case) if event.kind == "updated" and is_known and not is_closed else ()
    nothing = Nothing("echo", news.echo) if news.echo else Nothing("closed" if is_closed else "record_updated")
    return given or (case.conclude(nothing),)


def _is_known(event: RecordEvent, case: Case) -> bool:
    """Whether something was decided of the record before. Else its creation is still to come, and asks."""
    return case.before.created or case.before.sequence > 0 or event.by_rules


def needs_somebody(news: News, case: Case) -> bool:
    """Whether the record is open again, and has nobody, or somebody who is switched off, and the CRM names nobody."""
    if not case.has_turned or case.record.closed:
        return False
    match news:
        case OwnerNow(owner=None):
            return True
        case NoNews() | FieldsNow() | Offered():
            user = case.config.users.get(case.record.owner)
            return not case.record.owner or (user is not None and not user.active)
        case _:
            return False


def _given_again(event: RecordEvent, news: News, case: Case) -> tuple[Decision, ...]:
    """Ask the pool that was named last, else the pool that had given the record, else as for a new one (D33).

    One that is not there any more, or cannot take it, is not asked: an open record is not refused for that.
    """
    handing, told = case.handing, told_owner(case.record.told)
    former = handing.home if handing is not None and handing.named else case.before.pool
    released = release(case, "owner_removed" if isinstance(news, OwnerNow) else "owner_inactive")
    left = () if released is None else (released,)
    if isinstance(news, OwnerNow):
        case.record.outstanding = ()
    if told is not None and told.kind != "user" and refusal(told, case) is None:
        return (*left, hand_over(case, told, Trace(question=REOPENED)))
    if not _is_known(event, case):
        return left or (case.conclude(Nothing("reopened")),)
    target = meant(case.config.pools[former].target, case) if former in case.config.pools else None
    if isinstance(target, Target):
        return (*left, hand_over(case, target, Trace(question=REOPENED)))
    return (*left, plans.as_new(plans.known_way(case), case))


def _owner_now(event: RecordEvent, owner: Target | None, way: Way | None, case: Case) -> tuple[Decision, ...]:
    """The CRM names another owner than it did before, whatever event tells of it (D25)."""
    if owner is None:
        released = release(case, "owner_removed")
        case.record.outstanding = ()
        told = () if released is None else (released,)
        return (*told, *_brought_in(way, case)) or (case.conclude(Nothing("owner_unchanged")),)
    if way is not None:
        plans.note(case, way)
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
    if actor is not None and may_give(actor):
        return None
    refused = Rejected(
        "not_a_member", f"{person} is no member of the queue {parked.pool}, and only members take from it"
    )
    told = notify.of_refusal(person, case.config)
    return case.conclude(refused, Trace(question="explicit_target", target=queue), told)


def _given_to_person(event: RecordEvent, person: str, case: Case) -> tuple[Decision, ...]:
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
    parked = case.draft.parked.get(case.name)
    is_there = parked is not None and target.id == parked.pool
    if parked is not None and is_there and parked.queued:
        return (case.conclude(Nothing("echo", parked.pool)),)
    refused = may_not_give(event, target, case)
    if refused is not None:
        return (case.conclude(refused, Trace(question="explicit_target", target=target)),)
    if parked is not None and is_there:
        return (case.conclude(Nothing("parked_already", parked.pool)),)
    released = release(case, "given_to_pool")
    if case.record.closed:
        return (released or case.conclude(Nothing("closed")),)
    given = give(case, target, Trace(question="explicit_target"))
    return (given,) if released is None else (released, given)


def _deleted(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    """The record is gone, maybe into another one, of which this tells nothing."""
    released = release(case, "deleted" if event.merged_into is None else "merged")
    case.forget()
    return (released or case.conclude(Nothing("deleted")),)


def _restored(event: RecordEvent, news: Restored, way: Way | None, case: Case) -> tuple[Decision, ...]:
    """A deleted record is back: with the owner it names, else with its former one if active, else D8 is asked (D34).

    A closed one is back as the CRM has it: nobody is given anything, and who has it has it by whose choice it was.
    """
    former = case.before
    if case.record.closed and not news.names_owner:
        return (keep_closed(case, former),)
    load.let_go(case)
    if news.names_owner and event.kind == "created":
        return (_answer(event, news.owner, way, case),)
    if news.names_owner:
        return _owner_now(event, news.owner, way, case)
    user = case.config.users.get(former.owner)
    if user is not None and user.active:
        if way is not None:
            plans.note(case, way)
        return (give_back(case, former),)
    told = told_owner(case.record.told)
    way = way or plans.known_way(case)
    return (_answer(event, told if told is not None and told.kind != "user" else None, way, case),)
