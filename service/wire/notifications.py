"""What people are told, as messages: one for each person and decision, or one summary of many.

The texts are filled in here, with the decision that tells them, in the reader's language: what was held back is worded
as the record is by then. Whatever a record says is a value in them and never markup; a subject is one line, a link
leads to where the configuration says. A text that cannot be filled in is replaced by the shipped one, counted and
logged, without a word of the record.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import structlog

from schemas.envelope import ID_LIMIT
from service.config.templates import is_link
from service.config.texts import SUMMARY, Chosen, letter_for, shipped
from service.core.letters import NotWritten, Template, Values
from service.core.model import Decision, NewsSummary, Notification
from service.core.telling.clock import clock_time
from service.core.telling.why import parted, pool_of, why
from service.telemetry.metrics import METERS
from service.telemetry.sieve import Sieve
from service.wire.messages import Headers, Message
from service.wire.times import iso_time

if TYPE_CHECKING:
    from service.core.configuration import Config
    from service.wire.outputs import Context

log = structlog.get_logger()

NOTIFICATION: Final = ("ce_type", b"notification.requested.v1")
SUMMARY_REQUESTED: Final = ("ce_type", b"notification.summary_requested.v1")
SUBJECT_CHARACTERS: Final = 200
DIGEST_BYTES: Final = 16

FAILURES: Final = Sieve()
"""Which lines of texts that could not be filled in are written: of kind of news, language and part, each."""

_TURNING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""What turns the direction of what follows, beyond the text that it stands in."""
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROL_IN_BODY: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_SPACE_AT_END: Final = re.compile(r"[ \t]+(?=\n|$)")

_write: Final = msgspec.json.Encoder().encode
Header = tuple[str, bytes | None]


def notifications_of(decision: Decision, decision_id: str, context: Context, common: Headers) -> list[Message]:
    """What people are told of the decision. `common` are the headers that all its messages have."""
    return [
        _summary(each, each.summary, decision_id, context, common)
        if each.summary is not None
        else _notification(each, decision, decision_id, context, common)
        for each in decision.notifications
    ]


class _Reader(NamedTuple):
    """Somebody who is told, as texts name them, and the letter that they get of such news."""

    name: str
    found: Chosen


def _reader(kind: str, person: str, config: Config) -> _Reader:
    """Found once for each person of a configuration and kind of news."""
    known = config.made_once.get((kind, person))
    if isinstance(known, _Reader):
        return known
    user = config.users.get(person)
    language = "" if user is None else user.wishes.language
    found = letter_for(kind, language, config.letters, config.language)
    reader = _Reader((user.name if user is not None else "") or person, found)
    if user is not None:
        config.made_once[kind, person] = reader
    return reader


def _notification(
    told: Notification, decision: Decision, decision_id: str, context: Context, common: Headers
) -> Message:
    record_type, _, record_id = decision.record.partition("/")
    kind, person, late, config = told.kind, told.person, told.late, context.config
    about = decision_id if late is None else late.decision
    said_why, pool = (why(decision, told), pool_of(decision, told)) if late is None else (late.why, late.pool)
    spec = config.pools.get(pool)
    pool = (spec.name if spec is not None else "") or pool
    name, found = _reader(kind, person, config)
    own: dict[str, object] = {
        "decision": about,
        "kind": kind,
        "person.id": person,
        "person.name": name,
        "pool": pool,
        "reason": _reason(said_why, pool, found.language.tag, config),
        "record.type": record_type,
        "record.id": record_id,
        "record.name": f"{found.language.types.get(record_type, record_type)} {record_id}",
    }
    own["link"] = _link(config.link, own)
    value = _write(
        {
            "decision": about,
            "kind": kind,
            "person": person,
            "via": told.via,
            "record": {"type": record_type, "id": record_id},
            "reason": own["reason"],
            "link": own["link"],
            **_texts(found, kind, Values(own, decision.facts, found.language.spoken)),
        }
    )
    key = key_of(person, context)
    headers = (NOTIFICATION, *_headers(_identity(f"{about}/{kind}/", person), key, about), *common)
    return Message(context.topics.notifications, key, value, headers)


def _summary(told: Notification, summary: NewsSummary, decision_id: str, context: Context, common: Headers) -> Message:
    config, kind, person = context.config, told.kind, told.person
    name, found = _reader(SUMMARY, person, config)
    types = found.language.types
    parts = [name.partition("/") for name in summary.records]
    names = [f"{types.get(record_type, record_type)} {record_id}" for record_type, _, record_id in parts]
    more = summary.count - len(names)
    since = datetime.fromtimestamp(summary.since_ms / 1000, UTC)
    own: dict[str, object] = {
        "count": summary.count,
        "kind": kind,
        "news": found.language.news.get(kind, kind),
        "names": ", ".join(names) + (f", … (+{more})" if more > 0 else ""),
        "records": names,
        "person.id": person,
        "person.name": name,
        "since": clock_time(since, config.zone_of(person), found.language.spoken.days_short),
    }
    value = _write(
        {
            "kind": kind,
            "person": person,
            "via": told.via,
            "count": summary.count,
            "since": iso_time(summary.since_ms),
            "until": iso_time(summary.until_ms),
            "records": [{"type": record_type, "id": record_id} for record_type, _, record_id in parts],
            **_texts(found, kind, Values(own, spoken=found.language.spoken)),
        }
    )
    key = key_of(person, context)
    identity = _identity(context.key_prefix, person, f"/{kind}/{summary.since_ms}")
    headers = (SUMMARY_REQUESTED, *_headers(identity, key, decision_id), *common)
    return Message(context.topics.notifications, key, value, headers)


def _headers(identity: bytes, key: bytes, cause: str) -> Headers:
    """The headers that are a message's own, behind the one that names its kind."""
    return ("ce_id", identity), ("ce_partitionkey", key), ("ce_causationid", cause.encode())


def key_of(person: str, context: Context) -> bytes:
    """What keeps all that a person is told in order."""
    return (context.key_prefix + person).encode()


def _texts(found: Chosen, kind: str, values: Values) -> dict[str, str]:
    """Subject and body, and the body as HTML where there is one, with the language that they are in."""
    said = {"language": found.tag}
    for part, template in found.letter.parts:
        cleaned = one_line if part == "subject" else _body
        try:
            said[part] = cleaned(template.write(values))
        except NotWritten as error:
            _note_failed(kind, found.tag, part, error)
            if part != "html":
                said[part] = cleaned(getattr(_ready(found, kind), part).write(Values(values.own)))
    return said


def _ready(found: Chosen, kind: str) -> object:
    letters = found.language.letters
    return letters.get(kind) or letters[SUMMARY]


def _reason(said_why: str, pool: str, language: str, config: Config) -> str:
    """The sentence for why it is so in a language that is shipped, with what pool and workflow are called by now."""
    word, about = parted(said_why)
    workflow = config.workflows.all.get(about) if about else None
    return _sentence(word, pool, about if workflow is None else workflow.called, language)


@lru_cache(maxsize=4_096)
def _sentence(word: str, pool: str, workflow: str, language: str) -> str:
    """Kept, for it is about nothing but the pool and the workflow."""
    sentence = shipped()[language].reasons.get(word)
    return "" if sentence is None else one_line(sentence.write(Values({"pool": pool, "workflow": workflow or None})))


def _link(template: Template | None, own: dict[str, object]) -> str:
    """Where the record is seen; empty: it is not said, or the values make no address of it."""
    if template is None:
        return ""
    try:
        link = template.write(Values(own))
    except NotWritten as error:
        _note_failed(str(own["kind"]), "", "link", error)
        return ""
    return link if is_link(link) else ""


def _note_failed(kind: str, language: str, part: str, error: NotWritten) -> None:
    """Count a text that could not be filled in. It is so for each person who would have it: one line a minute names it
    and says how many were left out.
    """
    METERS.count("texts_failed", part=part)
    left_out = FAILURES.left_out((kind, language, part))
    if left_out is not None:
        log.warning("text.failed", kind=kind, language=language, part=part, error=str(error), left_out=left_out)


def one_line(text: str) -> str:
    """The text as one line, without what a terminal or a mail's head obeys."""
    if not text.isprintable() or "  " in text or text != text.strip():
        text = " ".join(_CONTROL.sub(" ", _TURNING.sub("", text)).split())
    return text if len(text) <= SUBJECT_CHARACTERS else text[: SUBJECT_CHARACTERS - 1] + "…"


def _body(text: str) -> str:
    if not text.replace("\n", "").isprintable():
        text = _SPACE_AT_END.sub("", _CONTROL_IN_BODY.sub("", _TURNING.sub("", text.replace("\r\n", "\n"))))
    elif " \n" in text or text.endswith(" "):
        text = _SPACE_AT_END.sub("", text)
    return text.strip("\n")


def _identity(before: str, person: str, behind: str = "") -> bytes:
    """An id that names a person; where it would be longer than an id may be, by a digest."""
    found = f"{before}{person}{behind}"
    if len(found) > ID_LIMIT:
        found = f"{before}{blake2b(person.encode(), digest_size=DIGEST_BYTES).hexdigest()}{behind}"
    return found.encode()
