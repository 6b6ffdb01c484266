"""The core as one function: what an event means for a division.

`decide(event, state, configuration, now)` gives the decisions and the changes, and touches nothing. An event about a
record is heard first: `hearing` says what of it is news. Then it is asked whether that is allowed at all, and what is
done follows from the news alone, with the questions in the order of D8.
"""

from __future__ import annotations

from typing import Final, assert_never

from service.core import catalogue, plans, questions, workflows
from service.core.case import NO_TRACE, Case, Verdict, told_owner
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.hearing import counts_as_nobody, hear, take_note
from service.core.holding import load, presence
from service.core.holding.assign import EXPLICIT, REOPENED, close, give, give_back, hand_over, release, take
from service.core.holding.clients import recount
from service.core.holding.waiting import hear_while_waiting
from service.core.model import (
    CHANNELS,
    CatalogueEvent,
    Decision,
    EmptyEvent,
    Event,
    MemberEvent,
    Nothing,
    RecordEvent,
    Rejected,
    Target,
    Trace,
)
from service.core.naming import as_declared, missed
from service.core.news import Contacted, Created, Deleted, FieldsNow, News, NoNews, Offered, OwnerNow, Restored
from service.core.parked import Parked
from service.core.past import NOTHING_TOLD, Past, brought_up
from service.core.plans import Way
from service.core.reasons import NothingReason
from service.core.rights import may_give, may_not_give
from service.core.score import scored
from service.core.state import State, seat_field
from service.core.status import close_converted, hear_status, take_note_of_status
from service.core.targets import refusal, resolve, too_deep
from service.core.telling import notify
from service.core.tracking import remember, together
from service.language.tree import Facts

OVERTAKEN: Final[frozenset[NothingReason]] = frozenset({"deleted", "older_version"})
"""What came too late to change anything, whatever it is about."""


def decide(event: Event, state: State, config: Config, now_ms: int) -> Verdict:
    """Decide one event of a division at `now_ms` (milliseconds since 1970, UTC). Pure: the state stays as it is."""
    draft = Draft(state)
    event = as_declared(event, config)
    match event:
        case RecordEvent():
            case = Case(event.record, draft, config, now_ms, event.correlation_id, event.depth)
            case.facts = event.facts
            decisions = _decide_record(event, case)
        case MemberEvent():
            decisions = (presence.change(event, draft, config, now_ms),)
        case CatalogueEvent():
            decisions = (catalogue.change(event, draft, config, now_ms),)
        case EmptyEvent():
            decisions = (Decision(record="", outcome=Nothing("no_value")),)
        case _:
            assert_never(event)
    recount(draft)
    return Verdict(decisions, draft.changes())


def _decide_record(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    past = case.draft.past.get(case.name) or NOTHING_TOLD
    news = hear(event, case.before, past, case.config)
    if isinstance(news, NoNews) and news.reason == "duplicate_event":
        return (case.conclude(Nothing(news.reason)),)
    news = hear_status(event, news, case)
    take_note(event, news, case.record)
    take_note_of_status(news, case)
    _keep_past(news.past, case)
    if event.kind == "created":
        case.record.created = True
    is_overtaken = isinstance(news, NoNews) and news.reason in OVERTAKEN
    news, occasions = (news, ()) if is_overtaken else workflows.hear(event, news, past, case)
    decisions = workflows.follow(occasions, _decide_news(event, news, case), case)
    return (*decisions, *_convert(event, case))


def _decide_news(event: RecordEvent, news: News, case: Case) -> tuple[Decision, ...]:
    """What is decided of the record itself. Its status may be news in an event that came too late for all else."""
    has_turned = case.has_turned
    if isinstance(news, NoNews) and news.reason in OVERTAKEN and (case.before.deleted or not has_turned):
        return (case.conclude(Nothing(news.reason)),)
    case.record.deleted = False
    left = None
    if has_turned and not isinstance(news, Deleted | Restored):
        left = _turn(case)
    refused = _not_allowed(event, news, case)
    if refused is not None:
        decisions: tuple[Decision, ...] = (case.conclude(refused),)
    else:
        case.facts, case.change = _known_facts(event, news, case), news.change
        decisions = _act(event, news, case)
    if isinstance(decisions[-1].outcome, Rejected) and (isinstance(news, Restored) or not case.before.created):
        case.record.created = False
    if has_turned and isinstance(decisions[-1].outcome, Nothing) and not isinstance(news, Deleted):
        turned = case.conclude(Nothing("closed" if case.record.closed else "reopened", case.record.owner))
        decisions = (*decisions[:-1], *(() if left else (turned,)))
    return decisions if left is None else (left, *decisions)


def _turn(case: Case) -> Decision | None:
    """The record was closed, or is open again: it leaves its line, and it is an open item no more, or once more."""
    if case.record.closed:
        return close(case)
    load.count_on(case)
    return None


def _convert(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    """A conversion closes the lead that it is told of, the first of its events does (D25, D33)."""
    name = event.converted_lead
    if name is None:
        return ()
    lead = Case(name, case.draft, case.config, case.now_ms, case.correlation_id, case.depth)
    if not close_converted(event, lead):
        return ()
    return (close(lead) or lead.conclude(Nothing("closed", event.record)),)


def _keep_past(past: Past, case: Case) -> None:
    """Remember the newest values of the fields that conditions on change ask for, or that there are none."""
    case.record.has_past = bool(past.values)
    if past.values:
        case.draft.past.put(case.name, past)
    elif case.draft.past.get(case.name) is not None:
        case.draft.past.drop(case.name)


def _act(event: RecordEvent, news: News, case: Case) -> tuple[Decision, ...]:
    """What follows from the news."""
    if (news.is_newest or news.change.changed) and isinstance(news, FieldsNow | OwnerNow | NoNews):
        hear_while_waiting(case)
    told = plans.way_in(event, news, case)
    way = told if isinstance(told, Way) else None
    if _needs_somebody(news, case):
        if way is not None:
            plans.note(case, way)
        return _given_again(event, news, case)
    match news:
        case NoNews() | FieldsNow() | Offered() | Contacted():
            return _brought_in(way, case) or _unmoved(event, news, told, case)
        case Created(owner=owner):
            return (_answer(event, owner, way, case),)
        case OwnerNow(owner=owner):
            return _owner_now(event, owner, way, case)
        case Deleted():
            return _deleted(event, case)
        case Restored():
            return _restored(event, news, way, case)
        case _:
            assert_never(news)


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


def _known_facts(event: RecordEvent, news: News, case: Case) -> Facts:
    """All that is known of the record by now, with its score. What later decisions need is kept."""
    facts, config = event.facts, case.config
    tracked = config.tracked.get(event.record_type)
    if tracked is not None:
        facts = together(news.before, facts) if news.is_newest else together(facts, news.before)
        facts = brought_up(facts, news.past)
        case.record.facts = remember(facts, tracked)
    rows = config.scores.get(event.record_type)
    return scored(facts, rows, case.now_ms) if rows else facts


def _not_allowed(event: RecordEvent, news: News, case: Case) -> Rejected | None:
    channels = CHANNELS.get(event.record_type)
    if channels is None:
        known = ", ".join(CHANNELS)
        return Rejected("unknown_record_type", f"{event.record_type} is not a record type; there are {known}")
    if case.record.closed or not (_needs_somebody(news, case) or _asks_for_somebody(event, news, case.config)):
        return None
    if event.channel is not None and event.channel not in channels:
        return Rejected("channel_not_allowed", f"a {event.record_type} does not come in through {event.channel}")
    if case.depth > case.config.depth_limit:
        return too_deep(case)
    return None


def _asks_for_somebody(event: RecordEvent, news: News, config: Config) -> bool:
    """What only tells what was done in the CRM (a deletion, a person chosen) is noted however it came about (D35)."""
    match news:
        case Created(owner=owner):
            return owner is None or owner.kind != "user" or counts_as_nobody(event, config)
        case Restored(owner=owner, names_owner=names_owner):
            return not names_owner or (owner is not None and owner.kind != "user")
        case OwnerNow(owner=owner):
            return owner is not None and owner.kind != "user"
        case _:
            return False


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
    if way is not None:
        return plans.brought_in(case, way)[-1]
    return questions.on_creation(case)


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


def _needs_somebody(news: News, case: Case) -> bool:
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
    former, told = case.before.pool, told_owner(case.record.told)
    released = release(case, "owner_removed" if isinstance(news, OwnerNow) else "owner_inactive")
    left = () if released is None else (released,)
    if isinstance(news, OwnerNow):
        case.record.outstanding = ()
    if told is not None and told.kind != "user" and refusal(told, case) is None:
        return (*left, hand_over(case, told, Trace(question=REOPENED)))
    if not _is_known(event, case):
        return left or (case.conclude(Nothing("reopened")),)
    target = resolve(case.config.pools[former].target, case) if former in case.config.pools else None
    if isinstance(target, Target):
        return (*left, hand_over(case, target, Trace(question=REOPENED)))
    return (*left, questions.on_creation(case))


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

    A closed one is back as the CRM has it: nobody is given anything.
    """
    former = case.before
    if case.record.closed and not news.names_owner:
        load.hold(case, former.owner)
        return (case.conclude(Nothing("closed", former.owner)),)
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
    return (_answer(event, told if told is not None and told.kind != "user" else None, way, case),)
