"""Workflows as configured: what sets each off, what it asks of the record, what it does then, and how often it may.

Who cares for what happened is looked up, never searched: every active workflow stands in one table under what sets it
off, by the name of a field or step where there is one, and among those by the values that its condition needs, so that
a thousand others cost nothing.

Two directions are the plain ones: a field that is filled has a step marked; a step that is marked has a field asked
for. Among those each field and each step is used once (D17, D48); all others may share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from service.language import compiling
from service.language.by_value import ByValue
from service.language.changes import asked_before
from service.language.compiling import Ask
from service.language.predicate import Predicate
from service.language.tree import All, Always, Condition

if TYPE_CHECKING:
    from service.core.rule_sets import EntryTarget

Enforcement = Literal["ask", "required"]
"""How firmly a person is asked for a field."""
AskedKind = Literal["mark_step", "require_field"]
"""What the plain directions ask the CRM to do."""
ActionKind = Literal[AskedKind, "set_field", "create_record", "assign", "notify"]
"""What a workflow does: it asks the CRM for something, gives the record to somebody, or tells somebody."""
Occurrence = Literal["created", "updated", "deleted", "owner_changed", "assigned"]
"""What happens to a record as a whole."""
OCCURRENCES: Final[tuple[Occurrence, ...]] = get_args(Occurrence)
TriggerKind = Literal[Occurrence, "waiting_for", "step_marked", "field_filled", "field_cleared"]
"""What sets a workflow off."""

PLAIN: Final[frozenset[TriggerKind]] = frozenset({"field_filled", "step_marked"})
DIRECTIONS: Final[frozenset[tuple[TriggerKind, ActionKind]]] = frozenset(
    {("field_filled", "mark_step"), ("step_marked", "require_field")}
)
ACTOR: Final = "actor"
"""The link by which conditions ask about the person who did what happened."""


class StepName(NamedTuple):
    """A step of a process."""

    process: str
    step: str

    def __str__(self) -> str:
        return f"{self.process}/{self.step}"


NO_STEP: Final = StepName("", "")


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process that records of one type go through, and those of its steps that take more than marking them."""

    id: str
    record_type: str
    steps: frozenset[str]
    requires_note: frozenset[str] = frozenset()
    generates_task: frozenset[str] = frozenset()


class Trigger(NamedTuple):
    """What sets a workflow off: one of these happens (`on`), to this field or step, or after so long in a line.

    `changed`: only updates that really change one of these fields (empty: any). `field_type`: one of `filled.FILLED`.
    """

    on: tuple[TriggerKind, ...]
    field: str = ""
    field_type: str = ""
    step: StepName = NO_STEP
    changed: tuple[str, ...] = ()
    after_ms: int = 0


class FromField(NamedTuple):
    """What the record says there, by dotted path."""

    path: str


Value = str | int | float | bool | None | FromField
"""What a field is set to."""


class Hearers(NamedTuple):
    """Who is told: the record's owner, a person, everybody with a role, or whom a field of the record names."""

    owner: bool = False
    person: str = ""
    role: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a workflow does; what does not belong to its kind is empty.

    `step` is to be marked. `field` is asked for, as firmly as `enforcement` says, or set to `value`; `field_type`: its
    type (empty: not declared). A record of `record_type` with these `fields` is to be made. `target` gets the record,
    `told` are those who hear of it.
    """

    kind: ActionKind
    step: StepName = NO_STEP
    field: str = ""
    field_type: str = ""
    enforcement: Enforcement | None = None
    value: Value = None
    record_type: str = ""
    fields: tuple[tuple[str, Value], ...] = ()
    target: EntryTarget | None = None
    told: Hearers = Hearers()

    @property
    def values(self) -> tuple[Value, ...]:
        """All values that it sets."""
        return (self.value, *(value for _, value in self.fields))


class Cap(NamedTuple):
    """How many actions a workflow may do in a day (UTC): for one record, and for all of a division."""

    per_record: int = 20
    per_day: int = 10_000


@dataclass(frozen=True)
class Workflow:
    """A workflow. All `criteria` must hold; `changed` is asked where the record was created or updated, and `before` of
    the values before an update. A trace counts the leaves of all of them from 0, in this order. `revision` is another
    one where anything but its name, its description or `active` was changed: then one that was paused goes on.
    """

    id: str
    record_type: str
    trigger: Trigger
    actions: tuple[Action, ...]
    name: str = ""
    active: bool = False
    criteria: tuple[Predicate, ...] = ()
    changed: tuple[Predicate, ...] = ()
    before: tuple[Predicate, ...] = ()
    cap: Cap = Cap()
    revision: str = ""

    @property
    def called(self) -> str:
        """What people read."""
        return self.name or self.id

    @property
    def is_direction(self) -> bool:
        """Whether it is one of the two directions, whatever else it does: its field and step are its own (D48)."""
        return any((kind, action.kind) in DIRECTIONS for kind in self.trigger.on for action in self.actions)

    @property
    def is_plain(self) -> bool:
        """Whether one field or step has one other asked for, and nothing else is said: that needs no more memory than
        the first workflows did.
        """
        kinds = {action.kind for action in self.actions}
        is_one = len(self.actions) == 1 and kinds <= set(get_args(AskedKind)) and PLAIN.issuperset(self.trigger.on)
        return is_one and not (self.asked or self.cap != Cap())

    @cached_property
    def steps(self) -> tuple[StepName, ...]:
        """The steps that it uses."""
        found = (self.trigger.step, *(action.step for action in self.actions))
        return tuple(dict.fromkeys(step for step in found if step != NO_STEP))

    @property
    def fields(self) -> tuple[str, ...]:
        """The record's fields that it is set off by, asks for or sets."""
        found = (self.trigger.field, *(action.field for action in self.actions))
        return tuple(dict.fromkeys(name for name in found if name))

    @cached_property
    def condition(self) -> Condition:
        """All that is asked of the record, and of its change, as one condition."""
        return _all(self.asked)

    @cached_property
    def asked(self) -> tuple[Predicate, ...]:
        """All that is asked, in order."""
        return (*self.criteria, *self.changed, *self.before)

    def ask(self, kind: TriggerKind) -> Ask:
        """The question whether the condition holds where this happened. Made when it is first asked."""
        found = self._asks.get(kind)
        if found is None:
            found = self._asks[kind] = compiling.first_match([self.condition_where(kind)])
        return found

    def condition_where(self, kind: TriggerKind) -> Condition:
        """What is asked where this happened."""
        if kind == "updated":
            return self.condition
        return _all((*self.criteria, *self.changed) if kind == "created" else self.criteria)

    @cached_property
    def _asks(self) -> dict[TriggerKind, Ask]:
        return {}

    @cached_property
    def reads(self) -> frozenset[str]:
        """What it reads of the record besides what sets it off, as dotted paths."""
        found = {path for predicate in self.criteria for path in predicate.reads if _is_of_record(path)}
        for action in self.actions:
            found |= {value.path for value in action.values if isinstance(value, FromField)}
            found |= {action.told.field} if action.told.field else set()
        return frozenset(found)

    @cached_property
    def asked_before(self) -> frozenset[str]:
        """The fields of which it is remembered what they were, as dotted paths."""
        return asked_before(self.condition) | {*self.fields, *self.trigger.changed}


class Caring(tuple[Workflow, ...]):  # noqa: SLOT001  # what is found by is made once
    """Active workflows that one thing sets off, by id. The fields that they wait for are of one type."""

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Their ids, in order."""
        return tuple(each.id for each in self)

    @cached_property
    def by_id(self) -> Mapping[str, int]:
        """Where each stands."""
        return {each: position for position, each in enumerate(self.ids)}

    @cached_property
    def by_step(self) -> Mapping[StepName, Sequence[str]]:
        """By step, the ids of those that use it."""
        found: dict[StepName, list[str]] = {}
        for each in self:
            for step in each.steps:
                found.setdefault(step, []).append(each.id)
        return found

    def by_value(self, kind: TriggerKind) -> ByValue:
        """Whose condition may hold where this happened, by position. Made when it is first asked."""
        found = self._by_value.get(kind)
        if found is None:
            found = self._by_value[kind] = ByValue([each.condition_where(kind) for each in self])
        return found

    @cached_property
    def _by_value(self) -> dict[TriggerKind, ByValue]:
        return {}


NOBODY: Final = Caring()


@dataclass(frozen=True)
class Workflows:
    """All workflows of a division, with the catalogue that they are made of: `processes`, and `fields` by type of
    record. `at_most` may be active; none: any number.
    """

    all: Mapping[str, Workflow] = field(default_factory=dict)
    processes: Mapping[str, ProcessSpec] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    at_most: int | None = None

    def __bool__(self) -> bool:
        """Whether anything of it is configured."""
        return bool(self.all or self.processes)

    def cares(self, kind: TriggerKind, record_type: str, name: object = "") -> Caring:
        """The active workflows that this sets off. `name`: the field that was filled, cleared or changed, or the step
        that was marked.
        """
        return self._by_trigger.get((kind, record_type, name), NOBODY)

    @cached_property
    def _by_trigger(self) -> Mapping[tuple[TriggerKind, str, object], Caring]:
        found: dict[tuple[TriggerKind, str, object], list[Workflow]] = {}
        for each in self._active:
            for kind in each.trigger.on:
                for name in NAMES[kind](each.trigger):
                    found.setdefault((kind, each.record_type, name), []).append(each)
        return {key: Caring(workflows) for key, workflows in found.items()}

    @cached_property
    def named(self) -> Mapping[tuple[TriggerKind, str], frozenset[str]]:
        """By kind of trigger and type of record, the fields that set something off."""
        found: dict[tuple[TriggerKind, str], set[str]] = {}
        for kind, record_type, name in self._by_trigger:
            if isinstance(name, str) and name:
                found.setdefault((kind, record_type), set()).add(name)
        return {key: frozenset(names) for key, names in found.items()}

    @cached_property
    def record_types(self) -> frozenset[str]:
        """The types of records that active workflows are about."""
        return frozenset(each.record_type for each in self._active)

    @cached_property
    def types_made(self) -> frozenset[str]:
        """The types of records that active workflows have made."""
        return frozenset(action.record_type for each in self._active for action in each.actions) - {""}

    @cached_property
    def waits(self) -> Mapping[str, Mapping[int, Caring]]:
        """By type of record, the active workflows that are set off by waiting for so long: the shortest wait first."""
        found: dict[str, dict[int, list[Workflow]]] = {}
        for each in sorted(self._active, key=lambda workflow: workflow.trigger.after_ms):
            if "waiting_for" in each.trigger.on:
                found.setdefault(each.record_type, {}).setdefault(each.trigger.after_ms, []).append(each)
        return {name: {after: Caring(each) for after, each in waits.items()} for name, waits in found.items()}

    @cached_property
    def fields_read(self) -> Mapping[str, frozenset[str]]:
        """By type of record, the fields that active workflows ask about as they were."""
        return self._gathered(lambda each: each.asked_before)

    @cached_property
    def tracked(self) -> Mapping[str, frozenset[str]]:
        """By type of record, what the conditions and actions of active workflows read, as dotted paths."""
        return self._gathered(lambda each: each.reads)

    @cached_property
    def steps_used(self) -> frozenset[StepName]:
        """The steps of active workflows: it is remembered whether these are marked, and no others."""
        return frozenset(step for each in self._active for step in each.steps)

    @cached_property
    def only_process(self) -> Mapping[str, str]:
        """The process of each type of record that has no other: its records are in it unless they say otherwise."""
        found: dict[str, list[str]] = {}
        for each in self.processes.values():
            found.setdefault(each.record_type, []).append(each.id)
        return {record_type: ids[0] for record_type, ids in found.items() if len(ids) == 1}

    def is_step_of(self, step: StepName, record_type: str) -> bool:
        """Whether records of this type go through the process of the step."""
        process = self.processes.get(step.process)
        return process is not None and process.record_type == record_type

    def is_to_be_marked(self, step: StepName, record_type: str) -> bool:
        """Whether it is remembered that a step is marked: some workflow uses it, or it may tell which of several
        processes the record is in.
        """
        if step in self.steps_used:
            return True
        return record_type not in self.only_process and self.is_step_of(step, record_type)

    @property
    def targets(self) -> Iterator[tuple[str, EntryTarget]]:
        """Whom active workflows give records to, each with the type of record."""
        for each in self._active:
            yield from ((each.record_type, action.target) for action in each.actions if action.target is not None)

    @cached_property
    def _active(self) -> tuple[Workflow, ...]:
        return tuple(each for _, each in sorted(self.all.items()) if each.active)

    def _gathered(self, read: Callable[[Workflow], frozenset[str]]) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for each in self._active:
            found.setdefault(each.record_type, set()).update(read(each))
        return {record_type: frozenset(paths) for record_type, paths in found.items() if paths}


NO_WORKFLOWS: Final = Workflows()

_WHOLE: Final = ("",)
NAMES: Final[Mapping[TriggerKind, Callable[[Trigger], tuple[object, ...]]]] = {
    "created": lambda trigger: _WHOLE,
    "updated": lambda trigger: trigger.changed or _WHOLE,
    "deleted": lambda trigger: _WHOLE,
    "owner_changed": lambda trigger: _WHOLE,
    "assigned": lambda trigger: _WHOLE,
    "waiting_for": lambda trigger: _WHOLE,
    "step_marked": lambda trigger: (trigger.step,),
    "field_filled": lambda trigger: (trigger.field,),
    "field_cleared": lambda trigger: (trigger.field,),
}
"""By what a workflow that is set off so is looked up, besides its type of record."""


def _all(predicates: tuple[Predicate, ...]) -> Condition:
    return All(tuple(predicate.condition for predicate in predicates)) if predicates else Always()


def _is_of_record(path: str) -> bool:
    return path.partition(".")[0] != ACTOR
