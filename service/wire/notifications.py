"""What people are told, as messages: one for each person and decision, or one summary of many.

The texts are filled in here, when the decision is made, in the reader's language. Whatever a record says is a value in
them and never markup; a subject is one line, a link leads to where the configuration says. A text that cannot be filled
in is replaced by the shipped one, counted and logged, without a word of the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from schemas.envelope import ID_LIMIT
from service.config.templates import FIELDS, is_link
from service.config.texts import SUMMARY, Chosen, Language, letter_for
from service.core.letters import NotWritten, Template
from service.core.model import Decision, NewsSummary, Notification
from service.core.telling.clock import clock_time
from service.core.telling.why import pool_of, why
from service.telemetry.metrics import METERS
from service.wire.messages import Headers, Message
from service.wire.times import iso_time

if TYPE_CHECKING:
    from service.wire.outputs import Context

log = structlog.get_logger()

NOTIFICATION: Final = ("ce_type", b"notification.requested.v1")
SUMMARY_REQUESTED: Final = ("ce_type", b"notification.summary_requested.v1")
SUBJECT_CHARACTERS: Final = 200
DIGEST_BYTES: Final = 16

_TURNING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""What turns the direction of what follows, beyond the text that it stands in."""
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROL_IN_BODY: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_SPACE_AT_END: Final = re.compile(r"[ \t]+(?=\n|$)")

_write: Final = msgspec.json.Encoder().encode
Values = dict[str, object]
Header = tuple[str, bytes | None]


def notifications_of(decision: Decision, decision_id: str, context: Context, common: Headers) -> list[Message]:
    """What people are told of the decision. `common` are the headers that all its messages have."""
    return [
        _summary(each, each.summary, decision_id, context, common)
        if each.summary is not None
        else _notification(each, decision, decision_id, context, common)
        for each in decision.notifications
    ]


def _notification(
    told: Notification, decision: Decision, decision_id: str, context: Context, common: Headers
) -> Message:
    record_type, _, record_id = decision.record.partition("/")
    late = told.late
    about = decision_id if late is None else late.decision
    sentence, pool = (why(decision, told.kind), pool_of(decision)) if late is None else (late.why, late.pool)
    config = context.config
    user, spec = config.users.get(told.person), config.pools.get(pool)
    found = letter_for(told.kind, "" if user is None else user.wishes.language, config.letters, config.language)
    values: Values = {
        "decision": about,
        "kind": told.kind,
        "person": {"id": told.person, "name": (user.name if user is not None else "") or told.person},
        "pool": (spec.name if spec is not None else "") or pool,
        "record": {
            "type": record_type,
            "id": record_id,
            "name": f"{found.language.types.get(record_type, record_type)} {record_id}",
        },
    }
    values["reason"] = _reason(sentence, values, found.language)
    values["link"] = _link(config.link, values)
    value = _write(
        {
            "decision": about,
            "kind": told.kind,
            "person": told.person,
            "via": told.via,
            "record": {"type": record_type, "id": record_id},
            "reason": values["reason"],
            "link": values["link"],
            **_texts(found, told.kind, values, decision),
        }
    )
    identity = _identity(lambda person: f"{about}/{told.kind}/{person}", told.person)
    headers = _headers(NOTIFICATION, identity, told.person, about, context)
    return Message(context.topics.notifications, key_of(told.person, context), value, headers + common)


def _summary(told: Notification, summary: NewsSummary, decision_id: str, context: Context, common: Headers) -> Message:
    config = context.config
    user = config.users.get(told.person)
    found = letter_for(SUMMARY, "" if user is None else user.wishes.language, config.letters, config.language)
    types = found.language.types
    parts = [name.partition("/") for name in summary.records]
    names = [f"{types.get(record_type, record_type)} {record_id}" for record_type, _, record_id in parts]
    more = summary.count - len(names)
    values: Values = {
        "count": summary.count,
        "kind": told.kind,
        "news": found.language.news.get(told.kind, told.kind),
        "names": ", ".join(names) + (f", … (+{more})" if more > 0 else ""),
        "records": names,
        "person": {"id": told.person, "name": (user.name if user is not None else "") or told.person},
        "since": clock_time(datetime.fromtimestamp(summary.since_ms / 1000, UTC), config.zone_of(told.person)),
    }
    value = _write(
        {
            "kind": told.kind,
            "person": told.person,
            "via": told.via,
            "count": summary.count,
            "since": iso_time(summary.since_ms),
            "until": iso_time(summary.until_ms),
            "records": [{"type": record_type, "id": record_id} for record_type, _, record_id in parts],
            **_texts(found, told.kind, values, None),
        }
    )
    identity = _identity(lambda person: f"{context.key_prefix}{person}/{told.kind}/{summary.since_ms}", told.person)
    headers = _headers(SUMMARY_REQUESTED, identity, told.person, decision_id, context)
    return Message(context.topics.notifications, key_of(told.person, context), value, headers + common)


def _headers(kind: Header, identity: bytes, person: str, cause: str, context: Context) -> Headers:
    """The headers that are a message's own."""
    return (
        kind,
        ("ce_id", identity),
        ("ce_partitionkey", key_of(person, context)),
        ("ce_causationid", cause.encode()),
    )


def key_of(person: str, context: Context) -> bytes:
    """What keeps all that a person is told in order."""
    return (context.key_prefix + person).encode()


def _texts(found: Chosen, kind: str, values: Values, decision: Decision | None) -> dict[str, str]:
    """Subject and body, and the body as HTML where there is one, with the language that they are in."""
    facts: Mapping[str, object] = {} if decision is None else decision.facts
    everything = {**facts, FIELDS: facts, **values} if facts else values
    letter, said = found.letter, {"language": found.tag}
    for part, template in (("subject", letter.subject), ("body", letter.body), ("html", letter.html)):
        if template is None:
            continue
        try:
            said[part] = _cleaned(part, template.write(everything))
        except NotWritten as error:
            METERS.count("texts_failed", part=part)
            log.warning("text.failed", kind=kind, language=found.tag, part=part, error=str(error))
            if part != "html":
                said[part] = _cleaned(part, getattr(_ready(found, kind), part).write(values))
    return said


def _ready(found: Chosen, kind: str) -> object:
    letters = found.language.letters
    return letters.get(kind) or letters[SUMMARY]


def _reason(word: str, values: Values, language: Language) -> str:
    sentence = language.reasons.get(word)
    return "" if sentence is None else one_line(sentence.write(values))


def _link(template: Template | None, values: Values) -> str:
    """Where the record is seen; empty: it is not said, or the values make no address of it."""
    if template is None:
        return ""
    try:
        link = template.write(values)
    except NotWritten as error:
        METERS.count("texts_failed", part="link")
        log.warning("text.failed", kind=values["kind"], language="", part="link", error=str(error))
        return ""
    return link if is_link(link) else ""


def _cleaned(part: str, text: str) -> str:
    return one_line(text) if part == "subject" else _body(text)


def one_line(text: str) -> str:
    """The text as one line, without what a terminal or a mail's head obeys."""
    if not text.isprintable():
        text = _CONTROL.sub(" ", _TURNING.sub("", text))
    text = " ".join(text.split())
    return text if len(text) <= SUBJECT_CHARACTERS else text[: SUBJECT_CHARACTERS - 1] + "…"


def _body(text: str) -> str:
    if not text.replace("\n", "").isprintable():
        text = _CONTROL_IN_BODY.sub("", _TURNING.sub("", text.replace("\r\n", "\n")))
    if " \n" in text or "\t\n" in text or text.endswith((" ", "\t")):
        text = _SPACE_AT_END.sub("", text)
    return text.strip("\n")


def _identity(name: Callable[[str], str], person: str) -> bytes:
    """An id that names a person; where it would be longer than an id may be, by a digest."""
    found = name(person)
    if len(found) > ID_LIMIT:
        found = name(blake2b(person.encode(), digest_size=DIGEST_BYTES).hexdigest())
    return found.encode()
