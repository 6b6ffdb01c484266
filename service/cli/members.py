"""Say that somebody is away, off shift, on leave or back: publish what a CRM or a calendar would publish.

The event is checked before it is sent: that the person is one of the division's, that the end is still to come, and,
as ingest will read it, that it can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple
from uuid import uuid4

import orjson
import typer

from service.cli.exits import WrongUsage
from service.cli.reach import MAIN, DivisionName, KafkaAddress, Reach, agreed, in_reach, not_configured
from service.cli.speech import OUT, AsJson, write_json
from service.cli.times import time_to_come
from service.cli.told import told_event
from service.config.history import History
from service.core.events import Availability
from service.core.holding.presence import ABSENT
from service.core.state import ByKind
from service.kafka.publisher import Publisher
from service.language.nearest import nearest
from service.wire.messages import Message

command = typer.Typer()

CHANGED: Final = "crm.member.changed.v1"
SOURCE: Final = "fairlead/cli"
STATES: Final[Mapping[Availability, str]] = {
    "available": "available again",
    "away": "away",
    "leave": "on leave",
    "leave_ended": "back from leave",
    "off_shift": "off shift",
}

From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="TIME",
        help="When it begins where that is still to come, with its zone or from now (+2h). Without: now.",
        show_default=False,
    ),
]
CalledOff = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="TIME",
        help="Call off what was told to begin then, and nothing else; the time as it was told.",
        show_default=False,
    ),
]
Person = Annotated[str, typer.Argument(metavar="PERSON", help="Their id in the configuration.")]
Until = Annotated[
    str,
    typer.Option(
        "--until",
        metavar="TIME",
        help="When they are expected back, with its zone (2026-12-24T08:00+01:00) or from now (+2h). Without: until "
        "they are back.",
        show_default=False,
    ),
]


class Telling(NamedTuple):
    """What is said of a person, times in UTC. `until` none: until something else is said; `begins` none: now."""

    person: str
    availability: Availability
    until: datetime | None = None
    begins: datetime | None = None


def _goes(name: str, availability: Availability, what: str) -> None:
    """A command for who goes: with the time of their return, where it is known."""

    def tell(
        person: Person,
        begins: From = "",
        until: Until = "",
        division: DivisionName = MAIN,
        as_json: AsJson = False,
        kafka: KafkaAddress = "",
    ) -> None:
        change = Telling(
            person,
            availability,
            time_to_come("--until", until) if until else None,
            time_to_come("--from", begins) if begins else None,
        )
        _tell(change, division, kafka, as_json=as_json)

    command.command(name, help=what)(tell)


def _comes(name: str, availability: Availability, what: str) -> None:
    """A command for who comes back."""

    def tell(
        person: Person,
        begins: CalledOff = "",
        division: DivisionName = MAIN,
        as_json: AsJson = False,
        kafka: KafkaAddress = "",
    ) -> None:
        told = time_to_come("--from", begins, may_be_from_now=False) if begins else None
        _tell(Telling(person, availability, begins=told), division, kafka, as_json=as_json)

    command.command(name, help=what)(tell)


_goes("away", "away", "Somebody is away and gets nothing; nobody gets a double share for it.")
_goes("off-shift", "off_shift", "Somebody's shift is over: they get nothing until the next one.")
_goes("leave", "leave", "Somebody is on leave, whatever their presence and shift say.")
_comes("back", "available", "Somebody is there again, and what waits for them is shared out; a leave goes on.")
_comes("leave-ended", "leave_ended", "Somebody is back from leave before its end.")


def event_of(change: Telling, division: str, attribute: str, topic: str) -> Message:
    """The event, whose `attribute` names the division. Raises `WrongUsage` where ingest could not read it."""
    data: dict[str, object] = {"person": change.person, "availability": change.availability}
    data |= {name: time.isoformat() for name, time in _times(change).items() if time is not None}
    attributes = {
        "id": str(uuid4()),
        "source": SOURCE,
        "type": CHANGED,
        "time": datetime.now(UTC).isoformat(),
        attribute: division,
    }
    return told_event(topic, change.person, attributes, data, attribute)


def _tell(change: Telling, division: str, kafka: str, *, as_json: bool) -> None:
    async def send(reach: Reach) -> None:
        async with reach.feed() as feed:
            _refuse_strangers(change.person, division, feed.history)
            if change.begins is not None:
                _refuse_below_level(feed.history.source_state.level)
            attribute = agreed(feed).division_attribute
        message = event_of(change, division, attribute, reach.topics.sources[-1])
        publisher = Publisher(reach.connection)
        try:
            await publisher.publish([message])
        finally:
            await publisher.close()
        if as_json:
            write_json(_as_json(change, division, message))
        else:
            OUT.print(f"{change.person} {_as_words(change)}: told to {message.topic}", markup=False)

    in_reach(send, kafka)


def _times(change: Telling) -> dict[str, datetime | None]:
    """As the event calls them."""
    return {"begins": change.begins, "until": change.until}


def _refuse_below_level(level: int) -> None:
    """Lanes below it would not remember what is to come."""
    if level < ByKind.planned.level:
        raise WrongUsage(
            f"lanes below level {ByKind.planned.level} remember nothing that is to come: see `fairlead level show`. "
            "Nothing was sent"
        )


def _refuse_strangers(person: str, division: str, history: History) -> None:
    """A misspelt name would be noted of nobody, and the one who is meant would go on getting records."""
    document = history.document(division)
    if document is None:
        raise WrongUsage(f"{not_configured(division, history.divisions())}. Nothing was sent")
    users = orjson.loads(document).get("users", {})
    if person not in users:
        near = nearest(person, users)
        hint = f"did you mean {near}?" if near else "`fairlead config show` lists them."
        raise WrongUsage(f"{person} is not a user of {division}; {hint} Nothing was sent")


def _as_words(change: Telling) -> str:
    begins, until = (None if time is None else f"{time:%Y-%m-%d %H:%M} UTC" for time in (change.begins, change.until))
    if begins is not None and change.availability not in ABSENT:
        return f"is not away from {begins} on, as it was planned"
    when = "".join([f" from {begins}" if begins else "", f" until {until}" if until else ""])
    return f"is {STATES[change.availability]}{when}"


def _as_json(change: Telling, division: str, message: Message) -> dict[str, object]:
    return {
        "person": change.person,
        "availability": change.availability,
        **{name: None if time is None else time.isoformat() for name, time in _times(change).items()},
        "division": division,
        "topic": message.topic,
        "id": (dict(message.headers)["ce_id"] or b"").decode(),
    }
