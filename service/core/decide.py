"""The core as one function: what an event means for a division.

`decide(event, state, configuration, now)` gives the decisions and the changes, and touches nothing. An event about a
record is heard first: `hearing` says what of it is news. Then it is asked whether that is allowed at all, and what is
done follows from the news alone, with the questions in the order of D8.
"""

from __future__ import annotations

from typing import Final, assert_never

from service.core import catalogue
from service.core.case import NO_FACTS, Case, Verdict
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.events import (
    CHANNELS,
    CatalogueEvent,
    EmptyEvent,
    Event,
    MemberEvent,
    RecordEvent,
)
from service.core.following import act, needs_somebody
from service.core.hearing import counts_as_nobody, hear, take_note
from service.core.holding import load, presence, reservations
from service.core.holding.assign import close, tell_owed
from service.core.holding.clients import recount
from service.core.model import Decision, Nothing, Rejected
from service.core.naming import as_declared
from service.core.news import Created, Deleted, News, NoNews, OwnerNow, Restored
from service.core.past import NOTHING_TOLD, Past, brought_up
from service.core.reasons import NothingReason
from service.core.retold import retold
from service.core.score import scored
from service.core.state import State
from service.core.status import close_converted, hear_status, take_note_of_status
from service.core.targets import too_deep
from service.core.telling import notify
from service.core.telling.timing import UNNUMBERED, Numbers, passed_on
from service.core.tracking import remember, together
from service.core.unchanged import mark_of
from service.core.workflow.following import follow
from service.core.workflow.hearing import Occasions, hear_late
from service.core.workflow.hearing import hear as hear_for_workflows
from service.language.tree import Facts

OVERTAKEN: Final[frozenset[NothingReason]] = frozenset({"deleted", "older_version"})
"""What came too late to change anything, whatever it is about."""


NOTHING_TRACKED: Final[frozenset[str]] = frozenset()


def decide(event: Event, state: State, config: Config, now_ms: int, numbers: Numbers = UNNUMBERED) -> Verdict:
    """Decide one event of a division at `now_ms` (milliseconds since 1970, UTC). Pure: the state stays as it is. The
    decisions will be known by these `numbers`.
    """
    draft = Draft.over(state)
    event = as_declared(event, config)
    match event:
        case RecordEvent() if _is_outdated(event, draft):
            decisions: tuple[Decision, ...] = (_nothing_left(event),)
        case RecordEvent():
            case = Case(event.record, draft, config, now_ms, event.correlation_id, event.depth)
            case.facts, case.actor = event.facts, event.actor or ""
            decisions = _decide_record(event, case)
        case MemberEvent():
            decisions = (presence.change(event, draft, config, now_ms),)
        case CatalogueEvent():
            decisions = (catalogue.change(event, draft, config, now_ms),)
        case EmptyEvent():
            decisions = (Decision(record="", outcome=Nothing("no_value")),)
        case _:
            assert_never(event)
    decisions = passed_on(decisions, draft, config, now_ms, numbers)
    reservations.note_decisions(decisions, draft, numbers)
    recount(draft)
    return Verdict(decisions, draft.finish())


def _is_outdated(event: RecordEvent, draft: Draft) -> bool:
    """Whether it corrects what was seen of a record that has changed since."""
    return event.if_unchanged is not None and event.if_unchanged != mark_of(draft.records.get(event.record))


def _nothing_left(event: RecordEvent) -> Decision:
    nothing = Nothing("changed_meanwhile")
    return Decision(record=event.record, outcome=nothing, correlation_id=event.correlation_id, depth=event.depth)


def _decide_record(event: RecordEvent, case: Case) -> tuple[Decision, ...]:
    past = case.draft.past.get(case.name) or NOTHING_TOLD
    news = hear(event, case.before, past, case.config)
    if type(news) is NoNews and news.reason == "duplicate_event":
        return (case.conclude(Nothing(news.reason)),)
    news = hear_status(event, news, case)
    take_note(event, news, case.record)
    take_note_of_status(news, case)
    _keep_past(news.past, case)
    if event.kind == "created":
        case.record.created = True
    is_overtaken = type(news) is NoNews and news.reason in OVERTAKEN
    occasions: tuple[Occasions, ...] = ()
    if is_overtaken:
        hear_late(event, news, case)
    else:
        news, occasions = hear_for_workflows(event, news, past, case)
    decisions = follow(occasions, _decide_news(event, news, case), case)
    return (*decisions, *_convert(event, case))


def _decide_news(event: RecordEvent, news: News, case: Case) -> tuple[Decision, ...]:
    """What is decided of the record itself. Its status may be news in an event that came too late for all else."""
    has_turned = case.has_turned
    if type(news) is NoNews and news.reason in OVERTAKEN and (case.before.deleted or not has_turned):
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
        load.weigh(case)
        decisions = act(event, news, case)
    if type(decisions[-1].outcome) is Rejected and (isinstance(news, Restored) or not case.before.created):
        case.record.created = False
    if has_turned and not isinstance(news, Deleted):
        decisions = _told_of_turn(decisions, left, case)
    return decisions if left is None else (left, *decisions)


def _told_of_turn(decisions: tuple[Decision, ...], left: Decision | None, case: Case) -> tuple[Decision, ...]:
    """The decisions, with what the turn itself says where nothing else came of the event. Who hears of that does all
    the same.
    """
    is_all = isinstance(decisions[-1].outcome, Nothing)
    others, told = (decisions[:-1], decisions[-1].notifications) if is_all else (decisions, ())
    if case.record.owed and not case.record.closed:
        return (*others, notify.also(tell_owed(case), told))
    if not is_all or left is not None:
        return others
    turned = case.conclude(Nothing("closed" if case.record.closed else "reopened", case.record.owner))
    return (*others, notify.also(turned, told))


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


def _known_facts(event: RecordEvent, news: News, case: Case) -> Facts:
    """All that is known of the record by now, with its score. What later decisions need is kept: of a closed record
    that nobody has that is all that is asked once it is open, for the event that opens it need not tell it again.
    """
    facts, config, record = event.facts, case.config, case.record
    is_to_be_given = record.closed and not record.owner
    tracked = (config.read_anew if is_to_be_given else config.tracked).get(event.record_type, NOTHING_TRACKED)
    if tracked or record.facts:
        facts = together(news.before, facts) if news.is_newest else together(facts, news.before)
        facts = brought_up(facts, news.past)
        again = retold(event.facts if news.is_newest else NO_FACTS, record.facts, event.record_type, case.draft, config)
        record.facts = remember({**facts, **again}, tracked.union(again)) if again else remember(facts, tracked)
    rows = config.scores.get(event.record_type)
    return scored(facts, rows, case.now_ms) if rows else facts


def _not_allowed(event: RecordEvent, news: News, case: Case) -> Rejected | None:
    channels = CHANNELS.get(event.record_type)
    if channels is None:
        known = ", ".join(CHANNELS)
        return Rejected("unknown_record_type", f"{event.record_type} is not a record type; there are {known}")
    if case.record.closed or not (needs_somebody(news, case) or _asks_for_somebody(event, news, case.config)):
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
