"""Workflows as configured: one trigger and one action each, and which of them care about what happens.

There are two directions. A field that is filled has a step marked; a step that is marked has a field asked for. Each
workflow uses one field and one step, and none of them is used twice (D17), so whatever happens concerns one workflow at
most, found by the name of the field or step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, NamedTuple

Enforcement = Literal["ask", "required"]
"""How firmly a person is asked for a field."""
ActionKind = Literal["mark_step", "require_field"]
"""What a workflow asks the CRM to do."""


class StepName(NamedTuple):
    """A step of a process."""

    process: str
    step: str

    def __str__(self) -> str:
        return f"{self.process}/{self.step}"


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process that records of one type go through."""

    id: str
    record_type: str
    steps: frozenset[str]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow. `enforcement` none: it marks its step once its field is filled; else it asks for its field once its
    step is marked. `field_type` is one of `filled.FILLED`.
    """

    id: str
    record_type: str
    field: str
    field_type: str
    step: StepName
    enforcement: Enforcement | None = None
    name: str = ""
    active: bool = False

    @property
    def action(self) -> ActionKind:
        """What it asks for."""
        return "mark_step" if self.enforcement is None else "require_field"

    @property
    def called(self) -> str:
        """What people read."""
        return self.name or self.id


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

    @cached_property
    def on_filled(self) -> Mapping[str, Mapping[str, Workflow]]:
        """By type of record and field, the active workflow that cares whether the field is filled."""
        found: dict[str, dict[str, Workflow]] = {}
        for each in self._active:
            if each.action == "mark_step":
                found.setdefault(each.record_type, {})[each.field] = each
        return found

    @cached_property
    def on_marked(self) -> Mapping[StepName, Workflow]:
        """By step, the active workflow that cares whether it is marked."""
        return {each.step: each for each in self._active if each.action == "require_field"}

    @cached_property
    def fields_read(self) -> Mapping[str, frozenset[str]]:
        """By type of record, the fields that active workflows ask about."""
        found: dict[str, set[str]] = {}
        for each in self._active:
            found.setdefault(each.record_type, set()).add(each.field)
        return {record_type: frozenset(fields) for record_type, fields in found.items()}

    @cached_property
    def steps_used(self) -> frozenset[StepName]:
        """The steps of active workflows: it is remembered whether these are marked, and no others."""
        return frozenset(each.step for each in self._active)

    @cached_property
    def only_process(self) -> Mapping[str, str]:
        """The process of each type of record that has no other: its records are in it unless they say otherwise."""
        found: dict[str, list[str]] = {}
        for each in self.processes.values():
            found.setdefault(each.record_type, []).append(each.id)
        return {record_type: ids[0] for record_type, ids in found.items() if len(ids) == 1}

    def has_step(self, step: StepName) -> bool:
        """Whether the catalogue has it."""
        process = self.processes.get(step.process)
        return process is not None and step.step in process.steps

    @property
    def _active(self) -> list[Workflow]:
        return [each for each in self.all.values() if each.active]


NO_WORKFLOWS: Final = Workflows()
