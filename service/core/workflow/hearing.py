"""What an event tells that workflows care for, and which open actions it answers.

Like everything else it is heard first, then acted on (see `following`). An action is *open* until the CRM tells that it
is done: that telling is its echo and no news, and everything else in the same event is (D49). What one workflow asks
for sets off no other (S106): nothing here is heard but what the CRM tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from service.core.case import Case
from service.core.events import RecordEvent
from service.core.filled import is_filled
from service.core.in_process import InProcess
from service.core.news import Deleted, FieldsNow, News, OwnerNow
from service.core.order import compare
from service.core.past import Past, known_in
from service.core.reasons import Withheld
from service.core.workflow.echoes import Echo, made_for_us, says_more
from service.core.workflow.echoes import hear as hear_echo
from service.core.workflow.process import drop, keep, progress_of, with_mark, with_process
from service.core.workflow_specs import NOBODY, Caring, TriggerKind, Workflow

NONE: Final[frozenset[str]] = frozenset()


class Occasion(NamedTuple):
    """Something that sets a workflow off, with the values before and after: of its field, of the fields that it asks
    about, whether its step was marked, or who had the record.
    """

    workflow: Workflow
    kind: TriggerKind
    before: Any = None
    after: Any = None


class Occasions(NamedTuple):
    """The same for all that care for it. `reason`: why it is none, after all. `news`: each is told the values of the
    fields that it asks about.
    """

    caring: Caring
    kind: TriggerKind
    before: Any = None
    after: Any = None
    reason: Withheld | None = None
    news: News | None = None

    def of(self, workflow: Workflow) -> Occasion:
        """The occasion of one of them."""
        if self.news is None:
            return Occasion(workflow, self.kind, self.before, self.after)
        change, known = self.news.change, known_in(self.news.past)
        paths = sorted(workflow.asked_before & change.changed)
        before = {path: change.before.get(path) for path in paths}
        return Occasion(workflow, self.kind, before or None, {path: known.get(path) for path in paths} or None)


class Hearing(NamedTuple):
    """An event, what is news of it, the fields as they were until now, and what of it we had asked for."""

    event: RecordEvent
    news: News
    before: Past
    known: InProcess
    echo: Echo


def hear(event: RecordEvent, news: News, before: Past, case: Case) -> tuple[News, tuple[Occasions, ...]]:
    """The news without echoes of actions, and what workflows care for. `before`: the fields as they were until now."""
    workflows = case.config.workflows
    made = made_for_us(event, case) if event.record_type in workflows.types_made else NONE
    if event.record_type not in workflows.record_types:
        if case.record.has_progress and isinstance(news, Deleted):
            drop(case)
        return news, ()
    if isinstance(news, Deleted):
        drop(case)
        return news, tuple(_cared(Occasions(workflows.cares("deleted", event.record_type), "deleted")))
    known = progress_of(case)
    now = with_process(event, news.at, known)
    if event.step is not None and workflows.is_to_be_marked(event.step, event.record_type):
        now = with_mark(event, news.at, now)
    echo = hear_echo(event, news, now, case)
    heard = Hearing(event, news, before, known, echo._replace(fields=echo.fields | made) if made else echo)
    news = _without(echo.fields, news)
    occasions = [*_fields(heard, case), *_steps(heard, case), *_whole(heard._replace(news=news), case)]
    if echo.progress != known:
        keep(echo.progress, case)
    if made:
        occasions = [_as_ours(each) if each.kind == "created" else each for each in occasions]
    return news, tuple(occasions)


def hear_late(event: RecordEvent, news: News, case: Case) -> None:
    """What an event that came too late for all else tells of the record's process: that has an order of its own."""
    if event.process is None or case.record.deleted or event.record_type not in case.config.workflows.record_types:
        return
    known = progress_of(case)
    now = with_process(event, news.at, known)
    if now != known:
        keep(now, case)


def _cared(occasions: Occasions) -> Iterator[Occasions]:
    """The same if anybody cares."""
    if occasions.caring:
        yield occasions


def _as_ours(occasions: Occasions) -> Occasions:
    """The same where it is what we asked for: then it is none."""
    return occasions._replace(reason=occasions.reason or "own_action")


def _without(echoed: frozenset[str], news: News) -> News:
    """The news, in which these fields are none."""
    if not echoed & news.change.changed:
        return news
    return replace(news, change=news.change._replace(changed=news.change.changed - echoed))


def _fields(heard: Hearing, case: Case) -> Iterator[Occasions]:
    """Fields that are filled or empty now. One that was too long to keep is told by the event alone."""
    event, news = heard.event, heard.news
    named = case.config.workflows.named
    asked = named.get(("field_filled", event.record_type), NONE) | named.get(("field_cleared", event.record_type), NONE)
    if not asked:
        return
    kept, past = news.past.values, heard.before.values
    for field in sorted({*news.change.changed, *event.facts} & asked):
        was, now = past.get(field), kept.get(field)
        if field in news.change.changed:
            value = event.facts.get(field) if now is None or not now.text else now.value
            found = _filling(field, news.change.before.get(field), value, case)
        elif was is not None and was.text and now is not None and not now.text:
            found = _filling(field, was.value, event.facts.get(field), case)
        else:
            continue
        yield from map(_as_ours, found) if field in heard.echo.fields else found


def _filling(field: str, before: object, after: object, case: Case) -> Iterator[Occasions]:
    """A field with another value, which is an occasion where it was empty and is filled, or the other way round."""
    workflows = case.config.workflows
    for filled in _cared(
        Occasions(workflows.cares("field_filled", case.record_type, field), "field_filled", before, after)
    ):
        kind = filled.caring[0].trigger.field_type
        reason: Withheld | None = "left_empty"
        if is_filled(kind, after):
            reason = "filled_before" if is_filled(kind, before) else None
        yield filled._replace(reason=reason)
    for cleared in _cared(
        Occasions(workflows.cares("field_cleared", case.record_type, field), "field_cleared", before, after)
    ):
        kind = cleared.caring[0].trigger.field_type
        reason = "not_cleared"
        if not is_filled(kind, after):
            reason = None if is_filled(kind, before) else "empty_before"
        yield cleared._replace(reason=reason)


def _steps(heard: Hearing, case: Case) -> Iterator[Occasions]:
    """A step that is marked and was not. The echo of our own action is no occasion, nor is what came late."""
    event = heard.event
    caring = NOBODY if event.step is None else case.config.workflows.cares("step_marked", event.record_type, event.step)
    if not caring or event.step is None or not event.marked:
        return
    mark = heard.known.mark_of(event.step)
    if mark is not None and compare(heard.news.at, mark.moment) == "older":
        return
    is_marked = mark is not None and mark.marked
    found = Occasions(caring, "step_marked", is_marked, event.marked, "marked_before" if is_marked else None)
    yield _as_ours(found) if heard.echo.is_of_step else found


def _whole(heard: Hearing, case: Case) -> Iterator[Occasions]:
    """What happens to the record as a whole. An event that says nothing but what we asked for is no update."""
    event, news, workflows = heard.event, heard.news, case.config.workflows

    def caring(kind: TriggerKind, name: str = "") -> Caring:
        return workflows.cares(kind, event.record_type, name)

    if event.kind == "created" and not case.before.created:
        yield from _cared(Occasions(caring("created"), "created", news=news))
    elif event.kind == "updated":
        for path in sorted(workflows.named.get(("updated", event.record_type), NONE) & news.change.changed):
            yield Occasions(caring("updated", path), "updated", news=news)
        for found in _cared(Occasions(caring("updated"), "updated", news=news)) if news.is_newest else ():
            is_answer = heard.echo.is_any or (isinstance(news, FieldsNow) and bool(news.echo))
            is_ours = is_answer and not says_more(event, heard.echo, news, heard.before, case)
            yield _as_ours(found) if is_ours else found
    if isinstance(news, OwnerNow) and news.tells_owner and event.kind != "created":
        owner = None if news.owner is None else str(news.owner)
        yield from _cared(Occasions(caring("owner_changed"), "owner_changed", case.before.told or None, owner))
