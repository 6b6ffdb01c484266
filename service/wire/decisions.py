"""From a published decision back to the core's: for explanations, scenarios and replay.

Reads what `outputs.render` writes. Which outcome it was shows in what the event says, so the value alone is enough to
explain it. What stands only in headers (the chain it belongs to) is read where they are given; notifications and
actions are messages of their own and are not part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from service.core.events import Target
from service.core.given import USUAL
from service.core.model import (
    AskedPool,
    Candidate,
    Decision,
    Label,
    LimitCount,
    Outcome,
    StepSeen,
    Trace,
    Tried,
    Weighed,
)
from service.wire.input_fields import milliseconds
from service.wire.messages import Headers
from service.wire.outcomes import read_outcome


class NotADecision(Exception):
    """The bytes are not those of a published decision."""


def read_decision(value: bytes, headers: Headers = ()) -> Decision:
    """The decision that `value` tells of, without its notifications and actions. Raises `NotADecision`."""
    named = dict(headers)
    try:
        said = orjson.loads(value)
        return Decision(
            record=f"{said['record']['type']}/{said['record']['id']}",
            outcome=_outcome(said),
            trace=_trace(said["trace"]),
            sequence=said["sequence"],
            expected_owner=_target(said["expected_owner"]),
            expected_version=said["expected_version"],
            correlation_id=(named.get("ce_correlationid") or b"").decode(),
            depth=int(named.get("ce_chaindepth") or b"1") - 1,
            plan=said.get("plan", ""),
            label=_label(said.get("label")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotADecision(f"not a decision: {error!r}") from error


def _outcome(said: Mapping[str, Any]) -> Outcome:
    outcome = read_outcome(said)
    if outcome is None:
        raise NotADecision("it names no outcome")
    return outcome


def _trace(said: Mapping[str, Any]) -> Trace:
    return Trace(
        question=said["question"],
        rule_set=said["rule_set"],
        tried=tuple(
            Tried(each["entry"], each["matched"], each["criterion"], each.get("unresolved")) for each in said["tried"]
        ),
        target=_target(said["target"]),
        candidates=tuple(
            Candidate(
                person=each["person"],
                excluded=each["excluded"],
                load=each["load"],
                last_turn=each["last_turn"],
                open_items=each["open_items"],
                behind=each.get("behind", 0),
                preferred=each.get("preferred", False),
                back=_time(each.get("back")),
                limits=_limits(each),
            )
            for each in said["candidates"]
        ),
        omitted=said["omitted"],
        not_looked_at=said.get("not_looked_at", 0),
        earlier=said.get("earlier", 0),
        score=said.get("score"),
        size=said.get("size", USUAL),
        cut=tuple(said.get("cut", ())),
        workflows=tuple(
            Weighed(each["workflow"], each["withheld"], each.get("criterion")) for each in said.get("workflows", ())
        ),
        through=said.get("through", ""),
        workflow=said.get("workflow", ""),
        link=said.get("link"),
        contacted_ms=_moment(said.get("contacted")),
        asked=tuple(AskedPool(each["pool"], each["reason"]) for each in said.get("asked", ())),
        limits=_limits(said),
        steps=tuple(
            StepSeen(
                target=each["target"],
                since=_time(each.get("since")),
                begins=_time(each.get("begins")),
                skipped=each.get("skipped"),
            )
            for each in said.get("steps", ())
        ),
    )


def _time(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)


def _limits(said: Mapping[str, Any]) -> tuple[LimitCount, ...]:
    return tuple(LimitCount(each["of"], each["per"], each["count"], each["at_most"]) for each in said.get("limits", ()))


def _moment(said: str | None) -> int | None:
    moment = _time(said)
    return None if moment is None else milliseconds(moment)


def _label(said: Mapping[str, Any] | None) -> Label | None:
    return None if said is None else Label(said["text"], said["colour"])


def _target(said: Mapping[str, Any] | None) -> Target | None:
    return None if said is None else Target(said["kind"], said["id"])
