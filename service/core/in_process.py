"""What is remembered for workflows: how far a record is in its process, and how workflows and what they use stand.

Only steps that some active workflow uses are remembered, each ordered for itself like a field that is asked for as it
was before (see `past`): by version, else by time, else by arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from service.core.order import Moment
from service.core.remembered import Remembered
from service.core.workflow_specs import AskedKind, StepName

MARKS_MAX: Final = 100
"""So many steps of a record are remembered as told, the latest ones."""
OPEN_MAX: Final = 20
"""So many actions of a record are open at a time; beyond, the oldest counts as done."""
WEIGHED_MAX: Final = 20
"""So many workflows that cared for one event are remembered of it."""
EVENTS_MAX: Final = 8
"""So many of the latest event ids of a field or step itself are kept, to recognise repeats."""


class Mark(NamedTuple):
    """What was last told of a step: whether it is marked, and when that was so."""

    step: StepName
    marked: bool
    version: int | None = None
    time_ms: int | None = None

    @property
    def moment(self) -> Moment:
        """When it was told."""
        return Moment(self.version, self.time_ms)


class Asked(NamedTuple):
    """An action that was asked for, and of which the CRM did not tell yet that it is done."""

    workflow: str
    action: AskedKind
    field: str
    step: StepName


class Considered(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """A workflow that cared for what happened to a record, and why it asked for nothing; empty: it did."""

    workflow: str
    withheld: str


class InProcess(Remembered, kw_only=True):
    """How far a record is. `process` is the one it was last said to be in, at `told`; empty: nobody said so. `marks`
    are the steps that were told of, `open` the actions that were not done yet, the oldest first. `weighed` are the
    workflows that last cared for what happened, at `weighed_ms`: what they did is kept to be explained; where
    none acted, since when it is so.
    """

    process: str = ""
    told: Moment = Moment()
    marks: tuple[Mark, ...] = ()
    open: tuple[Asked, ...] = ()
    weighed: tuple[Considered, ...] = ()
    weighed_ms: int = 0

    def mark_of(self, step: StepName) -> Mark | None:
        """What was last told of a step; none: nothing."""
        return next((mark for mark in self.marks if mark.step == step), None)

    def is_marked(self, step: StepName) -> bool:
        """Whether the step is marked, as far as we were told."""
        mark = self.mark_of(step)
        return mark is not None and mark.marked


NO_PROGRESS: Final = InProcess()


class Usage(Remembered, kw_only=True):
    """How often a workflow asked for its action and when it last did, and why it did not when it last might have.

    `lost` names the field or step it uses that was deleted in the CRM (see `element_field`), and `lost_ms` when we
    heard of it; empty: neither was. It stays lost, though there may be another one of the same name by now.
    """

    times: int = 0
    last_ms: int = 0
    withheld: str = ""
    withheld_ms: int = 0
    lost: str = ""
    lost_ms: int = 0


class Element(Remembered, kw_only=True):
    """What the CRM told of a field or step itself, last at `version` and `time_ms`. `seen` are the latest event ids.

    What it takes to mark a step is none where nothing was told. `deleted_ms` is when we heard that it is gone; 0: it is
    not.
    """

    version: int | None = None
    time_ms: int | None = None
    seen: tuple[str, ...] = ()
    requires_note: bool | None = None
    generates_task: bool | None = None
    deleted_ms: int = 0


class Hindered:
    """What stands against workflows whatever a record says, kept up as it changes: those that are lost, and the steps
    that take more than being marked. And which fields are gone, by where that is kept, with the time at which we heard
    it.
    """

    __slots__ = ("burdened", "gone", "lost")

    def __init__(self) -> None:
        self.lost: set[str] = set()
        self.burdened: set[StepName] = set()
        self.gone: dict[str, int] = {}

    def follow_workflows(self, changed: Mapping[str, Remembered | None]) -> None:
        """Keep up which are lost."""
        for workflow, after in changed.items():
            if isinstance(after, Usage) and after.lost:
                self.lost.add(workflow)
            else:
                self.lost.discard(workflow)

    def follow_elements(self, changed: Mapping[str, Remembered | None]) -> None:
        """Keep up which steps take more, and which fields are gone."""
        for name, after in changed.items():
            step = step_of(name)
            if step is None and isinstance(after, Element) and after.deleted_ms:
                self.gone[name] = after.deleted_ms
            else:
                self.gone.pop(name, None)
            if step is not None and isinstance(after, Element) and (after.requires_note or after.generates_task):
                self.burdened.add(step)
            elif step is not None:
                self.burdened.discard(step)


def field_element(record_type: str, field: str) -> str:
    """Where it is kept what was told of a field itself. A record's type has no slash."""
    return f"field/{record_type}/{field}"


def elements_of(record_type: str, path: str) -> list[str]:
    """The fields that lead to a value: one of the record, and behind a link, which has the name of a type of record,
    the link and the field of the other record.
    """
    found = [field_element(record_type, path)]
    link, dot, _ = path.partition(".")
    if dot:
        *_, linked, field = path.split(".")
        found += field_element(record_type, link), field_element(linked, field)
    return found


def step_element(step: StepName) -> str:
    """Where it is kept what was told of a step itself. The id of a process has no slash."""
    return f"step/{step}"


def step_of(name: str) -> StepName | None:
    """The step of which it is kept there what was told; none: it is a field."""
    kind, _, step = name.partition("/")
    process, _, step = step.partition("/")
    return StepName(process, step) if kind == "step" else None


WorkflowKind = Literal["progress", "workflow", "element"]
"""The kinds of state that workflows need."""
