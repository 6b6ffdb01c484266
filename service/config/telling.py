"""How people are told: from what documents say to what the core asks.

What somebody says of themselves stands above what the settings say for all. Quiet hours are a calendar of the person's
zone, with one block that begins each day, so that they are right over midnight and when clocks are changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from schemas.config import Document, User
from schemas.config_settings import Settings
from schemas.config_telling import Digest, Notifications, Notify, QuietHours, minutes_in
from service.config.findings import Finding
from service.config.nodes import Steps
from service.core.calendar import DAY_MINUTES, MINUTE_MS, WEEKDAYS, Block, WorkCalendar
from service.core.wishes import NO_WISHES, Digesting, Wishes
from service.language.nearest import nearest

MEANS: Final = ("email", "chat", "push", "webhook", "in-app")
"""The usual means. Which of them a message really takes is for the service that sends it, so others are allowed."""


def without_the_usual(document: Document) -> Document:
    """The same document where nobody says for themselves what the settings say for all: equal content is one hash."""
    means = document.settings.notifications.means
    usual = Notify(means=means)
    saying = [name for name, user in document.users.items() if means and user.notify == usual]
    if not saying:
        return document
    silent = {name: document.users[name].model_copy(update={"notify": Notify()}) for name in saying}
    return document.model_copy(update={"users": {**document.users, **silent}})


def means_of(user: User, settings: Notifications) -> tuple[str, ...]:
    """By which means somebody is told of what has no means of its own."""
    return settings.means if user.notify.means is None else user.notify.means


def wishes_of(user: User, zone: str, settings: Settings) -> Wishes:
    """How else somebody wants to be told. `zone` is that of their clock; empty: the settings'."""
    own, common = user.notify, settings.notifications
    quiet = common.quiet if own.quiet is None else own.quiet
    digest = common.digest if own.digest is None else own.digest
    is_told = own.means is None or own.means
    wishes = Wishes(
        by_kind={
            kind: means for kinds in (common.kinds if is_told else {}, own.kinds) for kind, means in kinds.items()
        },
        quiet=None if quiet is None or quiet == "off" else _hours(quiet.from_, quiet.until, zone or settings.zone),
        digest=None if digest is None or digest == "off" else _digesting(digest),
        language=own.language or "",
    )
    return NO_WISHES if wishes == NO_WISHES else wishes


@lru_cache(maxsize=1_000)
def _hours(start: str, end: str, zone: str) -> WorkCalendar:
    """One calendar for all who have the same hours."""
    first, last = _minutes(start), _minutes(end)
    last += DAY_MINUTES if last <= first else 0
    return WorkCalendar(zone, tuple(Block(weekday, first, last) for weekday in range(WEEKDAYS)))


def _digesting(digest: Digest) -> Digesting:
    return Digesting(digest.from_ - 1, minutes_in(digest.within) * MINUTE_MS)


def _minutes(time: str) -> int:
    hour, _, minute = time.partition(":")
    return int(hour) * 60 + int(minute)


def of_telling(document: Document) -> Iterator[Finding]:
    """Quiet hours that never end."""
    common = document.settings.notifications.quiet
    if common is not None and _is_endless(common):
        yield _endless(("settings", "notifications", "quiet"))
    for name, user in document.users.items():
        if isinstance(user.notify.quiet, QuietHours) and _is_endless(user.notify.quiet):
            yield _endless(("users", name, "notify", "quiet"))


def notes_on_telling(document: Document) -> Iterator[Finding]:
    """Means that are perhaps misspelt."""
    common = document.settings.notifications
    yield from _of_means(("settings", "notifications"), common.means, common.kinds.values())
    for name, user in document.users.items():
        yield from _of_means(("users", name, "notify"), user.notify.means or (), user.notify.kinds.values())


def _is_endless(quiet: QuietHours) -> bool:
    return quiet.from_ == quiet.until


def _endless(path: Steps) -> Finding:
    return Finding(path, "these hours begin and end at one time, so nobody is ever told: write another end, or off")


def _of_means(path: Steps, means: tuple[str, ...], of_kinds: Iterable[tuple[str, ...]]) -> Iterator[Finding]:
    for each in dict.fromkeys((*means, *(word for words in of_kinds for word in words))):
        if each not in MEANS:
            near = nearest(each, MEANS)
            hint = f'did you mean "{near}"?' if near else f"the usual ones are {', '.join(MEANS)}"
            yield Finding(path, f'"{each}" is a means that only your own service can know; {hint}')
