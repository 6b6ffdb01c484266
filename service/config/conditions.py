"""A condition of a document, in whichever of the three notations it was written, and the mistakes in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from schemas.config_rules import Condition, RuleSet
from schemas.config_settings import Settings
from service.config.nodes import Steps
from service.language import criteria, expression, logic
from service.language.changes import CHANGED, asked_before
from service.language.moments import WEEKDAYS
from service.language.odoo import domains
from service.language.predicate import Predicate
from service.language.printing import in_words, leaf_text
from service.language.tree import All, Always, Any, Calendar, Compare, ConditionError, in_past
from service.language.tree import Condition as Tree


class Mistake(NamedTuple):
    """Where in it, what, and at which character of the text there (from 1; 0: the whole of it)."""

    path: Steps
    message: str
    character: int


def calendar_of(settings: Settings) -> Calendar:
    """Where the division's days begin, and on which day its weeks do."""
    return Calendar(settings.zone, WEEKDAYS.index(settings.week_starts))


def predicates(written: Condition, calendar: Calendar) -> tuple[Predicate, ...]:
    """What must hold, all of it (empty: always), in days of the calendar. Raises `ConditionError` on a mistake."""
    if written.domain is not None:
        domain = domains.parse(written.domain, calendar)
        return (Predicate(written.domain if isinstance(written.domain, str) else in_words(domain), domain),)
    if written.when is not None:
        return (Predicate(written.when, expression.parse(written.when, calendar)),)
    comparisons = [criteria.parse(text, calendar) for text in written.criteria]
    if written.logic is None:
        return tuple(Predicate(leaf_text(comparison), comparison) for comparison in comparisons)
    combined = logic.parse(written.logic, comparisons)
    return (Predicate(in_words(combined), combined),)


def predicate(written: Condition, calendar: Calendar) -> Predicate | None:
    """All that must hold as one; none: always. Raises `ConditionError` on a mistake."""
    parts = predicates(written, calendar)
    if len(parts) < 2:
        return parts[0] if parts else None
    condition = All(tuple(part.condition for part in parts))
    return Predicate(" and ".join(part.source for part in parts), condition)


class AllAsked(NamedTuple):
    """What is asked of a record, of what was changed, and of the values before."""

    criteria: tuple[Predicate, ...]
    changed: tuple[Predicate, ...]
    before: tuple[Predicate, ...]


def asked_of(written: Condition, changed: Sequence[str], before: Condition | None, calendar: Calendar) -> AllAsked:
    """All that is asked where these fields are to be `changed`, each by itself. Raises `ConditionError`."""
    criteria = predicates(written, calendar)
    others = Any(tuple(Compare(tuple(path.split(".")), CHANGED, None) for path in changed))
    past = [in_past(predicate.condition) for predicate in (() if before is None else predicates(before, calendar))]
    return AllAsked(
        criteria,
        (Predicate(in_words(others), others),) if changed else (),
        tuple(Predicate(in_words(condition), condition) for condition in past),
    )


def comparisons(written: Condition, calendar: Calendar) -> Iterator[tuple[Steps, Tree]]:
    """Each text of it that compares fields, with its place. Raises `ConditionError` on a mistake."""
    for path, read in _readings(written, calendar):
        if path != ("logic",):
            yield path, read()


def mistakes(written: Condition, calendar: Calendar) -> Iterator[Mistake]:
    """Every text of it that cannot be read."""
    for path, read in _readings(written, calendar):
        try:
            read()
        except ConditionError as error:
            is_list = path == ("domain",) and not isinstance(written.domain, str)
            yield Mistake(path, str(error), 0 if is_list else error.column)


def asking_for_changes(written: Condition, calendar: Calendar) -> Iterator[tuple[Steps, frozenset[str]]]:
    """Each text of it that asks what was changed or was before, with the fields. One with a mistake asks nothing."""
    for path, tree in _without_mistakes(written, calendar):
        asked = asked_before(tree)
        if asked:
            yield path, asked


def asked_before_by(rule_set: RuleSet, calendar: Calendar) -> frozenset[str]:
    """The fields, as dotted paths, whose values before some entry asks for."""
    asked: set[str] = set()
    for entry in rule_set.entries:
        asked.update(entry.changed, *(fields for _, fields in asking_for_changes(entry, calendar)))
        for _, tree in () if entry.before is None else _without_mistakes(entry.before, calendar):
            asked |= asked_before(in_past(tree))
    return frozenset(asked)


def _without_mistakes(written: Condition, calendar: Calendar) -> Iterator[tuple[Steps, Tree]]:
    for path, read in _readings(written, calendar):
        with suppress(ConditionError):
            yield path, read()


def _readings(written: Condition, calendar: Calendar) -> Iterator[tuple[Steps, Callable[[], Tree]]]:
    """Each text of it, and what reads it."""
    for number, text in enumerate(written.criteria):
        yield ("criteria", number), partial(criteria.parse, text, calendar)
    if written.logic is not None:
        yield ("logic",), partial(logic.parse, written.logic, [Always()] * len(written.criteria))
    if written.domain is not None:
        yield ("domain",), partial(domains.parse, written.domain, calendar)
    if written.when is not None:
        yield ("when",), partial(expression.parse, written.when, calendar)
