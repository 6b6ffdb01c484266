"""What the published configurations say of giving, read from their documents, in the words of the checker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

import orjson

from schemas.reasons import NotificationKind
from service.kafka.configuration import ConfigurationFeed
from service.kafka.connection import KafkaConnection
from tests.giving_words import UNITS_MS, Accept, Bound, Circle, Hearer, Known, Quiet, Stage, Stages, Terms

ALL_TYPES: Final = ("contact", "deal", "lead")
NEWS: Final = get_args(NotificationKind)
DAY_MINUTES: Final = 24 * 60


async def published_terms(connection: KafkaConnection, topic: str, *, is_mixed: bool) -> Known:
    """Of each version of each division that was ever published, to builds that are `is_mixed`. Raises `KafkaError`."""
    feed = ConfigurationFeed(connection, topic)
    try:
        await feed.start()
        return {
            (division, number): terms_of(orjson.loads(document))._replace(is_mixed=is_mixed)
            for division in feed.history.divisions()
            for number, document in (await feed.documents(feed.history.versions(division))).items()
        }
    finally:
        await feed.stop()


def terms_of(document: Mapping[str, Any]) -> Terms:
    """What one document says."""
    pools, users = document.get("pools", {}), document.get("users", {})
    return Terms(
        tuple(_bounds(document)),
        {
            name: Accept(_ms(pool["accept_within"]), pool.get("hand_on", 3), pool.get("ask_again", False))
            for name, pool in pools.items()
            if "accept_within" in pool
        },
        {name: _ms(pool["escalate"]["after"]) for name, pool in pools.items() if "escalate" in pool},
        hearers={name: _hearer(user) for name, user in users.items()},
        caps={name: _cap(workflow) for name, workflow in document.get("workflows", {}).items()},
        circles={name: _circle(pool) for name, pool in pools.items()}
        | {name: Circle("lead", tuple(plan["managers"])) for name, plan in document.get("plans", {}).items()},
        stages=tuple(_stages(document)),
        people=frozenset(name for name, user in users.items() if user.get("active", True)),
        timed=frozenset(name for name, user in users.items() if user.keys() & {"hours", "leave", "holidays"}),
        skewed={name: pool["skewed_after"] for name, pool in pools.items() if "skewed_after" in pool},
    )


def _hearer(user: Mapping[str, Any]) -> Hearer:
    """What no settings say is as it is for everybody: by mail, at once, one by one."""
    notify = user.get("notify", {})
    told = notify if isinstance(notify, dict) else {"means": notify}
    means, kinds = told.get("means", ["email"]), told.get("kinds", {})
    heard = {kind for kind in NEWS if kinds.get(kind, means) not in ([], "off")}
    quiet, digest = told.get("quiet", "off"), told.get("digest", "off")
    return Hearer(
        frozenset(heard),
        None if quiet == "off" else Quiet(user.get("zone", "UTC"), tuple(_nights(quiet))),
        None if digest == "off" else digest["from"] - 1,
    )


def _nights(quiet: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """Of each day of the week, in minutes since Monday; over midnight where the end is the earlier time."""
    first, last = (int(time[:2]) * 60 + int(time[3:]) for time in (quiet["from"], quiet["until"]))
    last += DAY_MINUTES if last <= first else 0
    for day in range(7):
        yield day * DAY_MINUTES + first, day * DAY_MINUTES + last


def _cap(workflow: Mapping[str, Any]) -> tuple[int, int]:
    cap = workflow.get("at_most", {})
    return cap.get("per_record", 20), cap.get("per_day", 10_000)


def _circle(pool: Mapping[str, Any]) -> Circle:
    members = tuple(each["user"] if isinstance(each, dict) else each for each in pool["members"])
    fallback = pool.get("nobody_eligible", {}).get("fallback", {})
    helped_by = next((f"{kind}:{name}" for kind, name in fallback.items()), "")
    with_conditions = {each["user"] for each in pool["members"] if isinstance(each, dict) and "criteria" in each}
    choosy = frozenset(members if pool.keys() & {"criteria", "requires"} else with_conditions)
    return Circle(pool["record_type"], members, helped_by, pool.get("count") == "own", choosy)


def _stages(document: Mapping[str, Any]) -> Iterator[Stages]:
    """Entries are known by their place in their set, from 1."""
    for name, rule_set in document.get("rule_sets", {}).items():
        for place, entry in enumerate(rule_set["entries"], 1):
            if "steps" in entry["target"]:
                yield Stages(f"{name}/{entry.get('id', place)}", tuple(map(_stage, entry["target"]["steps"])))
    for record_type, target in document.get("defaults", {}).items():
        if "steps" in target:
            yield Stages(f"/{record_type}", tuple(map(_stage, target["steps"])))


def _stage(step: Mapping[str, Any]) -> Stage:
    ((kind, named),) = ((kind, named) for kind, named in step.items() if kind not in ("wait", "skip_if"))
    target = named if isinstance(named, str) else f"{{{named['field']}}}"
    return Stage(f"{kind}:{target}", _ms(step.get("wait", "0s")), "skip_if" in step)


def _bounds(document: Mapping[str, Any]) -> Iterator[Bound]:
    users = document.get("users", {})
    for name, pool in document.get("pools", {}).items():
        for limit in pool.get("limits", ()):
            yield Bound("pool", name, "", _per(limit), limit["at_most"])
        for member in pool["members"]:
            told = member if isinstance(member, dict) else {"user": member}
            for limit in told.get("limits", ()):
                zone = users.get(told["user"], {}).get("zone", "UTC")
                yield Bound("member", name, told["user"], _per(limit), limit["at_most"], (), zone)
    for name, user in users.items():
        for limit in user.get("limits", ()):
            types = tuple(limit.get("types", ALL_TYPES))
            yield Bound("person", "", name, _per(limit), limit["at_most"], types, user.get("zone", "UTC"))


def _per(limit: Mapping[str, Any]) -> str:
    return "open" if limit.get("open") else limit["per"]


def _ms(span: str) -> int:
    return int(span[:-1]) * UNITS_MS[span[-1]]
