"""What the process says over HTTP: whether it lives, whether it works, its numbers, and its events.

Live means that the event loop turns: restart what is not. Ready means that the process does its work: look at the
reasons of what is not. The description is a plain page without scripts: it needs nothing from elsewhere and can do
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import orjson
from faststream.asgi import AsgiResponse, get
from faststream.asgi.types import ASGIApp, Scope

from service.http.description import Description
from service.telemetry.metrics import METRICS_CONTENT_TYPE, metrics_page

JSON: Final = {"Content-Type": "application/json"}
HTML: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}


class OngoingTrouble(NamedTuple):
    """One thing that keeps the process from its work: its kind, what is wrong, what to do, and since when.

    `since` counts seconds since 1970 (UTC), `seconds` how long that is by now.
    """

    name: str
    what: str
    todo: str
    since: float
    seconds: float


class LaneShown(NamedTuple):
    """A lane of the process: its state, and what it is doing where that takes long."""

    state: str
    doing: str


class Readiness(NamedTuple):
    """What keeps the process from its work (nothing: it is ready), and how each of its lanes is."""

    problems: Sequence[OngoingTrouble]
    lanes: Mapping[int, LaneShown]

    def as_json(self) -> bytes:
        """What `/ready` answers."""
        return orjson.dumps(
            {
                "ready": not self.problems,
                "problems": [_shown(problem) for problem in self.problems],
                "lanes": {str(number): lane._asdict() for number, lane in self.lanes.items()},
            }
        )


def _shown(problem: OngoingTrouble) -> Mapping[str, object]:
    since = datetime.fromtimestamp(problem.since, UTC).isoformat(timespec="seconds")
    return problem._asdict() | {"since": since, "seconds": round(problem.seconds, 1)}


def routes(readiness: Callable[[], Readiness], description: Description) -> Sequence[tuple[str, ASGIApp]]:
    """All paths of the process."""

    @get
    async def live(scope: Scope) -> AsgiResponse:
        return AsgiResponse(b'{"live":true}', 200, JSON)

    @get
    async def ready(scope: Scope) -> AsgiResponse:
        found = readiness()
        return AsgiResponse(found.as_json(), 503 if found.problems else 200, JSON)

    @get
    async def metrics(scope: Scope) -> AsgiResponse:
        return AsgiResponse(metrics_page(), 200, {"Content-Type": METRICS_CONTENT_TYPE})

    @get
    async def docs(scope: Scope) -> AsgiResponse:
        return AsgiResponse(description.page, 200, HTML)

    @get
    async def asyncapi(scope: Scope) -> AsgiResponse:
        return AsgiResponse(description.asyncapi, 200, {"Content-Type": "application/yaml"})

    return [("/live", live), ("/ready", ready), ("/metrics", metrics), ("/docs", docs), ("/asyncapi.yaml", asyncapi)]
