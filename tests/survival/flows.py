"""What the divisions of a run have workflows do, and how their people want to be told.

There is every action and every trigger, caps that are reached soon, quiet hours that open and close within minutes by
the clocks of several zones, and summaries. Another generation has other caps, so that what was paused goes on, and
other hours, or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

CATALOGUE: Final[Mapping[str, Any]] = {
    "fields": {
        "deal": {"score": "number", "stage": "text", "grade": "number"},
        "lead": {"budget": "number", "note": "text", "score": "number"},
    },
    "processes": {"hunt": {"record_type": "lead", "steps": ["found", "called"]}},
}
FOUND: Final = {"process": "hunt", "step": "found"}
CALLED: Final = {"process": "hunt", "step": "called"}
PLAIN: Final[Mapping[str, Any]] = {
    "budget": {"active": True, "trigger": {"field_filled": "budget"}, "action": {"mark_step": FOUND}},
    "note": {"active": True, "trigger": {"step_marked": CALLED}, "action": {"require_field": "note"}},
}
"""The two directions, which every build knows."""
TASK: Final = {"create_record": {"type": "task", "fields": {"subject": "Call", "score": {"field": "score"}}}}


def workflows(generation: int) -> dict[str, Any]:
    """All workflows by name."""
    few = {"per_record": 2 + generation % 2, "per_day": 60 + generation}
    return {
        **PLAIN,
        "greet": _flow(
            "deal",
            "created",
            {"set_field": {"field": "stage", "value": "new"}},
            {"set_field": {"field": "grade", "value": 1}},
            {"notify": {"user": "joe"}},
        ),
        "won": _flow(
            "deal",
            {"on": "updated", "changed": "score"},
            {"set_field": {"field": "grade", "value": {"field": "score"}}},
            at_most=few,
        ),
        "fell": _flow(
            "deal",
            {"on": "updated", "changed": "score", "before": {"criteria": ["score greater than 50"]}},
            TASK,
            at_most=few,
        ),
        "given": _flow("deal", "assigned", TASK, at_most=few),
        "moved": _flow("lead", "owner_changed", {"notify": "owner"}, {"notify": {"user": "eve"}}),
        "gone": _flow("deal", "deleted", {"notify": {"user": "kim"}}),
        "emptied": _flow("lead", {"field_cleared": "budget"}, {"notify": {"user": "bob"}}),
        "stuck": _flow("lead", {"waiting_for": "1m"}, TASK, {"notify": {"user": "bob"}}, {"assign": {"user": "joe"}}),
    }


def notify_of(generation: int) -> dict[str, Any]:
    """How people want to be told, by name: bob has quiet hours that end within a minute, kim some that begin within one
    and end in the next, eve both and summaries, joe summaries; zoe hears nothing, ann by means of their own. In every
    other generation bob and kim have no quiet hours.
    """
    quiet = generation % 2 == 0
    return {
        "ann": {"means": ["email", "chat"], "kinds": {"workflow": ["push"], "reassigned": "off"}, "language": "de"},
        "bob": {"quiet": _quiet("UTC", -60, 1), "language": "pl"} if quiet else {"language": "de"},
        "eve": {"quiet": _quiet("America/Los_Angeles", -30, 1), "digest": {"from": 4, "within": "2m"}},
        "joe": {"digest": {"from": 3, "within": "1m"}},
        "kim": {"quiet": _quiet("UTC", 1, 2)} if quiet else {},
        "zoe": [],
    }


def _quiet(zone: str, begin: int, end: int) -> dict[str, str]:
    """Quiet hours from so many minutes from now to so many, by the clock of a zone."""
    now = datetime.now(UTC).astimezone(ZoneInfo(zone))
    return {"from": f"{now + timedelta(minutes=begin):%H:%M}", "until": f"{now + timedelta(minutes=end):%H:%M}"}


def _flow(record_type: str, trigger: object, *actions: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An active workflow about records of one type."""
    return {"active": True, "record_type": record_type, "trigger": trigger, "actions": list(actions), **more}
