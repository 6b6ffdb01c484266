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
from service.config.texts import shipped
from service.core.calendar import DAY_MINUTES, MINUTE_MS, WEEKDAYS, Block, WorkCalendar
from service.core.wishes import NO_WISHES, Digesting, Wishes
from service.language.nearest import nearest
from service.nouns import counted

MEANS: Final = ("email", "chat", "push", "webhook", "in-app")
"""The usual means. Which of them a message really takes is for the service that sends it, so others are allowed."""


LEAST_MINUTES: Final = 60
"""Quiet hours that leave less of a day are hardly meant."""


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
    """Means that are perhaps misspelt, hours, languages and managers by which nobody is told as it seems."""
    common = document.settings.notifications
    yield from _of_means(("settings", "notifications"), common.means, common.kinds.values())
    for name, user in document.users.items():
        yield from _of_means(("users", name, "notify"), user.notify.means or (), user.notify.kinds.values())
        if isinstance(user.notify.quiet, QuietHours):
            yield from _of_quiet(("users", name, "notify"), user.notify.quiet)
    if common.quiet is not None:
        yield from _of_quiet(("settings", "notifications"), common.quiet)
    yield from _of_languages(document)
    for pool_id, pool in document.pools.items():
        manager = document.users.get(pool.manager or "")
        if manager is not None and not means_of(manager, common) and not any(manager.notify.kinds.values()):
            message = f'"{pool.manager}" is told by no means, so they hear of nothing here: give them some'
            yield Finding(("pools", pool_id, "manager"), message)


def _of_languages(document: Document) -> Iterator[Finding]:
    """Languages in which nothing is written: each once, where it is first asked for."""
    written = {tag.lower() for letters in document.templates.values() for tag in letters} | {*shipped()}
    asked: dict[str, Steps] = {}
    asked.setdefault(document.settings.notifications.language.lower(), ("settings", "notifications", "language"))
    for name, user in document.users.items():
        if user.notify.language is not None:
            asked.setdefault(user.notify.language.lower(), ("users", name, "notify", "language"))
    for tag, path in asked.items():
        if not any(tag == each or tag.startswith(f"{each}-") for each in written):
            message = f'nothing is written in "{tag}", so another language is read: add texts under "templates"'
            yield Finding(path, message)


def _of_quiet(path: Steps, quiet: QuietHours) -> Iterator[Finding]:
    """Hours that leave next to nothing of a day."""
    left = (_minutes(quiet.from_) - _minutes(quiet.until)) % DAY_MINUTES
    if 0 < left < LEAST_MINUTES:
        message = f"this leaves {counted(left, 'minute')} of a day in which somebody is told: write fewer hours"
        yield Finding((*path, "quiet"), message)


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
