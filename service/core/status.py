"""Whether a record is open or closed: what an event tells of that, compared with what was told before (D33).

The status is a thing of its own, with an order of its own: it may be news in an event whose fields came too late, and
what is older than the last telling never closes or reopens. An event says it in words, or the condition `closed_when`
says it of the record's fields. The words win: what was told in words stands until the condition changes its answer,
so that a record which somebody reopened is not closed by the next change of something else.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from service.core.case import Case
from service.core.events import RecordEvent, RecordStatus
from service.core.hearing import moment_of
from service.core.news import Deleted, News
from service.core.order import NO_MOMENT, Moment, act_of, compare
from service.core.record import StatusTold
from service.core.tracking import recall, together
from service.language.predicate import Predicate
from service.language.tree import Facts

NEVER_TOLD = StatusTold(NO_MOMENT, in_words=False)


def hear_status(event: RecordEvent, news: News, case: Case) -> News:
    """The news, with what the event tells of the record being open or closed, if nothing newer is known of that."""
    condition = case.config.closed_when.get(event.record_type)
    if event.status is None and condition is None:
        return news
    told, at = case.before.status or NEVER_TOLD, moment_of(event)
    if compare(at, told.at) == "older":
        return news
    if event.status is not None:
        return replace(news, at=at, before=recall(case.before.facts), status=event.status, in_words=True)
    if condition is None or not news.is_newest or isinstance(news, Deleted):
        return news
    answer = _answer(condition, event.facts, told, case)
    return news if answer is None else replace(news, at=at, status=answer)


def take_note_of_status(news: News, case: Case) -> None:
    """Remember whether the record is closed, and what the next event that tells of it is to be compared with.

    Where the condition only says once more what is known, there is nothing to remember.
    """
    if news.status is None:
        return
    record, told = case.record, case.before.status or NEVER_TOLD
    is_closed = news.status == "closed"
    if news.in_words or is_closed != record.closed:
        record.closed = is_closed
        record.status = told._replace(at=_later(news.at, told.at), in_words=news.in_words)


def is_closed_while_waiting(case: Case) -> bool:
    """Whether `closed_when` says of a record that waits, by all that it said of itself, that it is closed: a condition
    that was published later sees that, too (D31). What was told in words stands.
    """
    condition, told = case.config.closed_when.get(case.record_type), case.record.status or NEVER_TOLD
    if condition is None or told.in_words:
        return False
    return _knows_all(condition, case.facts) and condition.test(case.facts, case.now_ms)


def note_closed_while_waiting(case: Case) -> None:
    """Remember that it is closed, as if the newest event of the record had told it."""
    told = case.record.status or NEVER_TOLD
    case.record.closed = True
    case.record.status = told._replace(at=_later(case.record.moment, told.at))


def close_converted(event: RecordEvent, lead: Case) -> bool:
    """Note that a lead was converted, and so closed; whether that is news.

    A conversion is told by several events of one chain: the first closes the lead. Its version is not the lead's.
    """
    told = lead.before.status or NEVER_TOLD
    act = act_of(event.correlation_id)
    has_time = event.time_ms is not None
    at = Moment(None, event.time_ms, "" if has_time else act)
    if compare(at, told.at) == "older" or (act and act == told.conversion):
        return False
    lead.record.status = StatusTold(_later(at, told.at), in_words=True, conversion=act)
    lead.record.closed = True
    return not lead.before.closed and not lead.before.deleted


def _later(at: Moment, told: Moment) -> Moment:
    """The moment of a telling that is not older, with what an earlier one said of order and this one does not."""
    version = told.version if at.version is None else at.version
    return Moment(version, told.time_ms if at.time_ms is None else at.time_ms, at.act)


def _answer(condition: Predicate, told_now: Facts, told: StatusTold, case: Case) -> RecordStatus | None:
    """What the condition says of the fields, where all that it reads are known; none: nothing that counts."""
    before = recall(case.before.facts)
    now = together(before, told_now)
    if not _knows_all(condition, now):
        return None
    is_closed = condition.test(now, case.now_ms)
    if told.in_words:
        was_known = _knows_all(condition, before)
        if not was_known or condition.test(before, case.now_ms) == is_closed:
            return None
    return "closed" if is_closed else "open"


def _knows_all(condition: Predicate, facts: Facts) -> bool:
    return all(_is_told(path, facts) for path in condition.reads)


def _is_told(path: str, facts: Facts) -> bool:
    """Whether something stands at the path, and be it that it is unset. Of a link to nothing all is known."""
    if path in facts:
        return True
    step, dot, rest = path.partition(".")
    if not dot or step not in facts:
        return False
    inside = facts[step]
    return _is_told(rest, inside) if isinstance(inside, Mapping) else True
