"""What the workflows of one event have done so far: later ones see what earlier ones set (D49)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from service.core.case import Case
from service.core.configuration import Config, User
from service.core.in_process import OPEN_MAX, Asked
from service.core.model import ActionRequest, Decision, Notification
from service.core.rights import may_give
from service.core.telling.workflows import sentence
from service.core.workflow.hearing import Occasion
from service.core.workflow.process import keep, progress_of
from service.core.workflow_specs import ACTOR, NO_STEP, Action, AskedKind, FromField, StepName, Value, Workflow
from service.language.changes import UNTOLD, told_at
from service.language.tree import Facts

NO_ACTOR: Final[Facts] = {}
ASKED_OF_ACTORS: Final = ("role", "profile")


class Doing:
    """What is decided of an event, and what workflows add to it. `facts` are what conditions see: all that is known of
    the record, what was set since, and who did it.
    """

    __slots__ = ("case", "decisions", "facts", "is_assigned", "marked", "notifications", "requests", "set_now")

    def __init__(self, case: Case, decisions: tuple[Decision, ...]) -> None:
        self.case = case
        self.decisions = decisions
        self.facts: Facts = {**case.facts, ACTOR: actor_facts(case.actor, case.config)}
        self.is_assigned = False
        self.marked: set[StepName] = set()
        self.set_now: dict[str, object] = {}
        self.requests: list[ActionRequest] = []
        self.notifications: list[Notification] = []

    def value_of(self, value: Value) -> object:
        """The value itself, or what the record says there by now; none: nothing."""
        if not isinstance(value, FromField):
            return value
        found = told_at(value.path, self.facts)
        return None if found is UNTOLD else found

    def numbered(self) -> Iterator[ActionRequest]:
        """What is asked for, each with the record's next sequence number, behind those of all that was decided."""
        record = self.case.record
        for request in self.requests:
            record.sequence += 1
            yield replace(request, sequence=record.sequence)

    def set_field(self, field: str, value: object) -> None:
        """What comes behind sees this value."""
        self.set_now[field] = value
        self.facts = {**self.facts, field: value}


class Turn(NamedTuple):
    """One action of a workflow whose occasion has come, with its number among the workflow's own."""

    occasion: Occasion
    action: Action
    number: int
    doing: Doing

    @property
    def workflow(self) -> Workflow:
        """Whose action it is."""
        return self.occasion.workflow

    @property
    def case(self) -> Case:
        """The record."""
        return self.doing.case

    def open(self, kind: AskedKind) -> None:
        """The action is open from now on."""
        trigger, action, case = self.workflow.trigger, self.action, self.case
        step = trigger.step if action.step == NO_STEP else action.step
        asked = Asked(self.workflow.id, kind, action.field or trigger.field, step)
        progress = progress_of(case)
        others = tuple(each for each in progress.open if each != asked)
        keep(replace(progress, open=(*others, asked)[-OPEN_MAX:]), case)

    def request(self, *, value: object = None, fields: Facts | None = None) -> None:
        """Ask the CRM for the action. It is numbered when all is decided."""
        trigger, action = self.workflow.trigger, self.action
        step = trigger.step if action.step == NO_STEP else action.step
        self.doing.requests.append(
            ActionRequest(
                workflow=self.workflow.id,
                number=self.number,
                action=action.kind,
                step=step,
                field=action.field or trigger.field,
                enforcement=action.enforcement,
                value=value,
                record_type=action.record_type,
                fields=fields,
                before=self.occasion.before,
                after=self.occasion.after,
                reason=sentence(self.workflow, self.action, self.occasion.kind),
            )
        )


def actor_facts(actor: str, config: Config) -> Facts:
    """Who did it, as conditions see them: `id`, `role` and `profile` as users have them, and their highest `right`."""
    if not actor:
        return NO_ACTOR
    person = config.person(actor)
    user = config.users.get(person)
    if user is None:
        return {"id": person}
    found: dict[str, object] = {kind: name for kind, name in user.traits if kind in ASKED_OF_ACTORS}
    return {**found, "id": person, "right": _right(user)}


def _right(user: User) -> str:
    if "admin" in user.roles:
        return "admin"
    return "reassign" if may_give(user) else "member"
