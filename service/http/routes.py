"""What the process says over HTTP: whether it lives, whether it works, its numbers, and its events.

Live means that the event loop turns: restart what is not. Ready means that the process does its work: look at the
reasons of what is not. The description is a plain page without scripts: it needs nothing from elsewhere and can do
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self

import orjson
from faststream.asgi import AsgiResponse, get
from faststream.asgi.types import ASGIApp, Scope

from schemas.asyncapi import Deployment
from service.http.description import described
from service.telemetry.metrics import METRICS_CONTENT_TYPE

JSON: Final = {"Content-Type": "application/json"}
HTML: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}


class OngoingTrouble(NamedTuple):
    """One thing that keeps the process from its work: its kind, what is wrong, what to do, and since when.

    `since` counts seconds since 1970 (UTC), `seconds` how long that is by now. `worker`: whose it is, of several.
    """

    name: str
    what: str
    todo: str
    since: float
    seconds: float
    worker: int | None = None


class LaneShown(NamedTuple):
    """A lane of the process: its state, and what it is doing where that takes long. `worker`: whose it is."""

    state: str
    doing: str
    worker: int | None = None


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
                "lanes": {str(number): _told(lane._asdict()) for number, lane in self.lanes.items()},
            }
        )

    @classmethod
    def from_json(cls, said: bytes) -> Self:
        """What `/ready` of another process answered, maybe of a newer build: what is not known here is left out.

        Raises `ValueError` where it is something else.
        """
        try:
            found = orjson.loads(said)
            lanes = {
                int(number): LaneShown(**_known(lane, LaneShown._fields)) for number, lane in found["lanes"].items()
            }
            return cls([_read(problem) for problem in found["problems"]], lanes)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("it is no answer of `/ready`") from error


def _shown(problem: OngoingTrouble) -> Mapping[str, object]:
    since = datetime.fromtimestamp(problem.since, UTC).isoformat(timespec="seconds")
    return _told(problem._asdict() | {"since": since, "seconds": round(problem.seconds, 1)})


def _read(problem: Mapping[str, Any]) -> OngoingTrouble:
    said = _known(problem, OngoingTrouble._fields)
    return OngoingTrouble(**{**said, "since": datetime.fromisoformat(said["since"]).timestamp()})


def _known(said: Mapping[str, Any], fields: Collection[str]) -> Mapping[str, Any]:
    return {name: value for name, value in said.items() if name in fields}


def _told(shown: Mapping[str, object]) -> Mapping[str, object]:
    """A process that is alone names no worker."""
    return {name: value for name, value in shown.items() if name != "worker" or value is not None}


def routes(
    readiness: Callable[[], Awaitable[Readiness]],
    numbers: Callable[[], Awaitable[bytes]],
    deployment: Deployment,
) -> Sequence[tuple[str, ASGIApp]]:
    """All paths of the process. `numbers`: the page of metrics. Lanes work on while its description is made."""

    @get
    async def live(scope: Scope) -> AsgiResponse:
        return AsgiResponse(b'{"live":true}', 200, JSON)

    @get
    async def ready(scope: Scope) -> AsgiResponse:
        found = await readiness()
        return AsgiResponse(found.as_json(), 503 if found.problems else 200, JSON)

    @get
    async def metrics(scope: Scope) -> AsgiResponse:
        return AsgiResponse(await numbers(), 200, {"Content-Type": METRICS_CONTENT_TYPE})

    @get
    async def docs(scope: Scope) -> AsgiResponse:
        found = await asyncio.to_thread(described, deployment)
        return AsgiResponse(found.page, 200, HTML)

    @get
    async def asyncapi(scope: Scope) -> AsgiResponse:
        found = await asyncio.to_thread(described, deployment)
        return AsgiResponse(found.asyncapi, 200, {"Content-Type": "application/yaml"})

    return [("/live", live), ("/ready", ready), ("/metrics", metrics), ("/docs", docs), ("/asyncapi.yaml", asyncapi)]
