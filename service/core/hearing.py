"""Hear first, then act: an event about a record is compared with what we know, and one piece of news comes of it.

`hear` is the only place that asks what came before what. It settles five things that used to depend on who asked:

* *Told again* is no news (D27): an owner is compared with the owner last told, and one act told twice is one act.
* *Our echo* is no news (D44): being told whom we hold, or one of the latest choices that we have not been told of yet.
* *What is older* changes nothing (D19), except where it shows that what came after it was news, after all.
* *What was changed* is asked of each field by itself (D43): see `past`.
* *A deletion* ends a life; what is known to be newer begins the next one (D34). The tombstone goes on listening, so
  that a record that comes back is as it would be if everything had come in its order.

`take_note` is its other half: what of the news is remembered for the next comparison.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from service.core.configuration import Config
from service.core.events import ANSWER_KINDS, RESULT_KINDS, RecordEvent, RecordEventKind, Target
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
from service.core.order import NO_MOMENT, Moment, Order, act_of, compare, short_id
from service.core.past import Past, brought_up, change_between, creation_of, heard, noted_created, noted_early
from service.core.reasons import NothingReason
from service.core.record import NOBODY, Record
from service.core.tracking import recall

REMEMBERED_EVENTS: Final = 8
"""So many of the latest event ids of a record are kept, to recognise repeats."""

REVIVING: Final[frozenset[RecordEventKind]] = frozenset({"created", "updated", "owner_changed"})
"""What brings a deleted record back, where it is known to be newer than the deletion."""


def hear(event: RecordEvent, known: Record, past: Past, config: Config) -> News:
    """What the event tells that is not known of the record yet. What was known of its fields stays known, whatever the
    news is.
    """
    if short_id(event.id) in known.seen:
        return NoNews(reason="duplicate_event", past=past)
    at = moment_of(event)
    news = _heard(event, at, known, config)
    if known.facts:
        news = replace(news, before=recall(known.facts))
    asked = config.asked_before.get(event.record_type)
    if asked is None or isinstance(news, Deleted) or (known.deleted and not isinstance(news, Restored)):
        return news
    return _with_change(event, news, known, _Fields(at, past, asked, config.zone))


class _Fields(NamedTuple):
    """Fields that are asked for as they were: when they are told, what is known of them, and whose days dates mean."""

    at: Moment
    past: Past
    asked: frozenset[str]
    zone: str


def _with_change(event: RecordEvent, news: News, known: Record, fields: _Fields) -> News:
    """The news with what was changed. A field has an order of its own, so what is late for the record may be new."""
    is_creation = event.kind == "created" and not known.created
    past = heard(event.facts, fields.at, fields.past, fields.asked, is_creation=is_creation)
    if is_creation:
        change = creation_of(brought_up(event.facts, past), past, fields.asked)
        past = noted_created(past)
    else:
        change = change_between(fields.past, past, fields.zone)
        past = past if known.created else noted_early(past, change)
    if event.kind == "updated" and change.changed and isinstance(news, NoNews) and news.reason == "older_version":
        news = FieldsNow(at=fields.at, names_former=news.names_former, before=news.before)
    return replace(news, change=change, past=past)


def _heard(event: RecordEvent, at: Moment, known: Record, config: Config) -> News:
    """What the event tells of the record and its owner."""
    if known.deleted:
        return _after_deletion(event, at, known, config)
    if event.kind == "created" and not known.created:
        return _creation(event, at, known, config)
    is_newest = compare(at, known.moment) != "older"
    if event.kind in REVIVING:
        return _change(event, at, known, config)
    if event.kind == "step_marked" or event.kind in RESULT_KINDS:
        reason: NothingReason = "step_told" if event.kind == "step_marked" else "action_told"
        return NoNews(at=at, is_newest=is_newest, reason=reason)
    if event.kind == "contacted":
        return Contacted(at=at, is_newest=is_newest)
    if event.kind in ANSWER_KINDS:
        return Answered(at=at, is_newest=is_newest)
    if event.kind != "deleted":
        return Offered(at=at, is_newest=is_newest)
    if not is_newest:
        return NoNews(reason="older_version")
    return Deleted(at=at, is_newest=True)


def moment_of(event: RecordEvent) -> Moment:
    """When it happened. The chain of events it belongs to settles only what has no other order."""
    has_order = event.version is not None or event.time_ms is not None
    return Moment(event.version, event.time_ms, "" if has_order else act_of(event.correlation_id))


def counts_as_nobody(event: RecordEvent, config: Config) -> bool:
    """Whether a creation's owner means nobody: there is none, or it is one that counts as none (D18)."""
    owner = event.owner
    if owner is None:
        return True
    if owner.kind != "user":
        return False
    return event.by_rules or owner.id in config.unowned_users or event.channel in config.unowned_channels


def take_note(event: RecordEvent, news: News, record: Record) -> None:
    """Remember what the next event is to be compared with. A repeated event is not noted once more."""
    record.seen = (*record.seen[-REMEMBERED_EVENTS + 1 :], short_id(event.id))
    at, owner = news.at, event.owner
    if news.is_newest:
        version, time_ms = at.version, at.time_ms
        if version is not None:
            record.version = version
        if time_ms is not None:
            record.time_ms = time_ms
    if record.outstanding and (owner is None or owner.kind == "user") and (owner or event.kind == "owner_changed"):
        record.outstanding = _without(owner.id if owner else NOBODY, record.outstanding)
    if news.tells_owner:
        _note_owner(owner, at, record)
    elif news.names_former:
        record.nobody_since = None
    elif isinstance(news, Created):
        record.nobody_since = at


def _note_owner(owner: Target | None, at: Moment, record: Record) -> None:
    told = "" if owner is None else str(owner)
    if told or record.told:
        record.nobody_since = None
    elif record.told_moment == NO_MOMENT and at != NO_MOMENT:
        record.nobody_since = at
    if record.deleted and told != record.told:
        _note_former(owner, record)
    record.told, record.told_act = told, at.act
    version, time_ms = at.version, at.time_ms
    if version is not None:
        record.told_version = version
    if time_ms is not None:
        record.told_time_ms = time_ms


def _note_former(owner: Target | None, record: Record) -> None:
    """A tombstone hears of an owner that the record had before it was deleted."""
    person = owner.id if owner is not None and owner.kind == "user" else ""
    if person != record.owner:
        record.owner, record.by_us, record.pool = person, False, ""


def _creation(event: RecordEvent, at: Moment, known: Record, config: Config) -> News:
    """A creation is decided once, however late it comes; whom the CRM named since then has the record (D5)."""
    order = compare(at, known.told_moment)
    is_newest = compare(at, known.moment) != "older"
    if known.owner or known.parked:
        if _is_named_at_last(event, order, known, config):
            return OwnerNow(at=at, is_newest=is_newest, tells_owner=True, owner=event.owner)
        tells_owner = order == "newer" or (order != "older" and not known.told)
        reason: NothingReason = "parked_already" if known.parked else "owner_kept"
        return NoNews(at=at, is_newest=is_newest, tells_owner=tells_owner, reason=reason, detail=known.owner)
    if order != "older":
        return Created(at=at, is_newest=is_newest, tells_owner=True, owner=event.owner)
    if known.nobody_since is not None and counts_as_nobody(event, config):
        return Created(at=at, is_newest=is_newest, owner=None)
    return NoNews(at=at, is_newest=is_newest, reason="owner_unchanged")


def _is_named_at_last(event: RecordEvent, order: Order, known: Record, config: Config) -> bool:
    """Whether a creation names another person for a record that has somebody, or waits.

    It tends to name the owner of the first day: it counts where none was named before it, or where it is newer.
    """
    owner = event.owner
    if owner is None or owner.kind != "user" or counts_as_nobody(event, config):
        return False
    if str(owner) == known.told or _is_echo(event, owner.id, known):
        return False
    return order == "newer" or (order != "older" and not known.told)


def _change(event: RecordEvent, at: Moment, known: Record, config: Config) -> News:
    """An update, a change of owner, or a creation that is told again."""
    is_newest = compare(at, known.moment) != "older"
    if not _tells_owner(event, known, config):
        if event.kind == "owner_changed":
            return NoNews(at=at, is_newest=is_newest, reason="owner_unchanged", detail=known.owner)
        return FieldsNow(at=at, is_newest=True) if is_newest else NoNews(reason="older_version")
    order = compare(at, known.told_moment)
    if order == "older":
        if _shows_a_removal(event, at, known):
            return OwnerNow(at=at, names_former=True, owner=None)
        return NoNews(at=at, names_former=event.owner is not None, reason="older_version")
    if _is_first_days(event, order, known):
        return FieldsNow(at=at, is_newest=is_newest)
    no_news = _no_news_of_owner(event, order, known, config)
    if no_news is None:
        return OwnerNow(at=at, is_newest=is_newest, tells_owner=True, owner=event.owner)
    if event.kind == "owner_changed":
        return NoNews(at=at, is_newest=is_newest, tells_owner=True, reason=no_news.reason, detail=no_news.detail)
    echo = no_news.detail if no_news.reason == "echo" else ""
    return FieldsNow(at=at, is_newest=is_newest, tells_owner=True, echo=echo)


def _no_news_of_owner(event: RecordEvent, order: Order, known: Record, config: Config) -> NoNews | None:
    """Why the owner that is told is no news (D27, D44); none: it is."""
    owner = event.owner
    is_told_already = ("" if owner is None else str(owner)) == known.told
    if owner is None:
        if is_told_already or known.told.removeprefix("user:") in config.unowned_users:
            return NoNews(reason="owner_unchanged", detail=known.owner)
        if NOBODY in known.outstanding:
            return NoNews(reason="echo")
        return NoNews(reason="parked_already") if known.parked else None
    if is_told_already and event.kind != "owner_changed":
        return NoNews(reason="owner_unchanged", detail=known.owner)
    if owner.kind == "user":
        if owner.id == known.owner and not known.by_us:
            return NoNews(reason="owner_unchanged", detail=owner.id)
        if _is_echo(event, owner.id, known):
            return NoNews(reason="echo", detail=owner.id)
    is_answered = owner.kind == "user" or known.by_us or known.parked
    if is_told_already and order == "same" and is_answered:
        return NoNews(reason="owner_unchanged", detail=known.owner)
    return None


def _tells_owner(event: RecordEvent, known: Record, config: Config) -> bool:
    """Whether an event that begins no life tells of the owner.

    One that is not named is no news, except on a change of owner; of who counts as none nothing is told (D38).
    """
    owner = event.owner
    if owner is None:
        return event.kind == "owner_changed"
    if owner.kind != "user":
        return True
    is_to_be_chosen = event.by_rules and not known.created
    return owner.id not in config.unowned_users and not is_to_be_chosen


def _is_first_days(event: RecordEvent, order: Order, known: Record) -> bool:
    """A creation that is told again tends to name the owner of the first day (see `_is_named_at_last`)."""
    owner = event.owner
    if event.kind != "created" or owner is None or str(owner) == known.told:
        return False
    return owner.kind != "user" or not (order == "newer" or not known.told)


def _is_echo(event: RecordEvent, person: str, known: Record) -> bool:
    """Whether the CRM tells us a choice of ours. Who takes a waiting record for themselves made their own; a correction
    names whom the CRM has at last, and not an earlier choice that is told late.
    """
    if known.by_us and person == known.owner:
        return True
    if event.if_unchanged is not None:
        return False
    return person in known.outstanding and not (known.parked and event.actor == person)


def _shows_a_removal(event: RecordEvent, at: Moment, known: Record) -> bool:
    """Whether somebody is named, late, between two tellings that nobody has the record.

    So the second was news: the person had been taken away again, and with them whomever we gave the record to since.
    """
    if event.owner is None or known.nobody_since is None or not (known.by_us or known.parked):
        return False
    return compare(at, known.nobody_since) == "newer"


def _after_deletion(event: RecordEvent, at: Moment, known: Record, config: Config) -> News:
    """What is not known to be newer than the deletion came late; what is brings the record back (D34)."""
    order = compare(at, known.moment)
    owner, is_creation = event.owner, event.kind == "created"
    tells_owner = owner is not None if is_creation else event.kind in REVIVING and _tells_owner(event, known, config)
    is_newer = order == "newer" or (order == "unknown" and event.if_unchanged is not None)
    if event.kind in REVIVING and is_newer:
        is_nobody = counts_as_nobody(event, config) if is_creation else owner is None and known.nobody_since is not None
        return Restored(
            at=at,
            is_newest=True,
            tells_owner=tells_owner,
            owner=owner,
            names_owner=tells_owner and not is_nobody,
        )
    is_told = tells_owner and (compare(at, known.told_moment) == "newer" or _is_first_told(at, known))
    return NoNews(
        at=at,
        is_newest=event.kind == "deleted" and order == "newer",
        tells_owner=is_told,
        names_former=tells_owner and owner is not None,
        reason="deleted",
    )


def _is_first_told(at: Moment, known: Record) -> bool:
    return known.told_moment == NO_MOMENT and at != NO_MOMENT


def _without(person: str, outstanding: tuple[str, ...]) -> tuple[str, ...]:
    """One of our choices was told: it is outstanding no more. That nobody had the record before it is not told by who
    goes from one owner to the next, so it is not waited for.
    """
    if person not in outstanding:
        return outstanding
    at = outstanding.index(person)
    return tuple(each for each in outstanding[:at] if each != NOBODY) + outstanding[at + 1 :]
