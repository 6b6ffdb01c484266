"""What is remembered for workflows beyond the plain directions: what was asked for, what came back, and how often.

A workflow that asks for what the CRM undoes, or that is set off by what it asked for, would go on for ever: actions are
counted by day, for each record and as a whole, and beyond its cap a workflow is paused until its next revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeVar

from msgspec import Struct

from service.core.remembered import Remembered
from service.core.workflow_specs import Workflow

WANTED_MAX: Final = 20
"""So many values that a record's fields are to have are open at a time; beyond, the oldest counts as done."""
COUNTED_MAX: Final = 50
"""Of so many workflows it is remembered one by one how often they acted on a record: those that acted most, and those
that are paused. All others are counted as one, and as having acted as often as any of them: so none ever acts more
often than it may. Where so many are paused, nobody else acts on the record either.
"""
ALL_OTHERS: Final = ""
"""As what these are counted: no workflow has an empty id."""
ANSWERS_MAX: Final = 20
"""So many of the latest answers to actions are remembered of a record."""
NEAR_MAX: Final = 20
"""Of so many workflows whose condition did not hold it is remembered what decided."""
ORDERS_MAX: Final = 100
"""So many records of one type that are to be made are open at a time; beyond, the oldest counts as made."""
OPEN_CHARACTERS: Final = 16_000
"""Beyond so much text of what is open of a record, or of one type, the oldest counts as done, too: each is one value,
which is written whole whenever it changes.
"""
ANSWERED_WITHIN_MS: Final = 24 * 3_600_000
"""What is not made within this time is not made by us any more: another record with these fields is somebody else's.
So it is with a value that was asked for and is not any more.
"""
SAID_CHARACTERS: Final = 200
"""So much is remembered of why an action failed."""
DAY_MS: Final = 24 * 3_600_000


class ToSet(NamedTuple):
    """A field that the CRM was asked to set, by the workflow's action of this number, to a value (as JSON text)."""

    workflow: str
    number: int
    field: str
    text: str


class Answerable(NamedTuple):
    """A value that is not asked for any more since `at_ms`, though the CRM may still tell it: another was asked for,
    somebody set one, or the CRM said that it was set before it told so.
    """

    asked: ToSet
    at_ms: int

    @property
    def text(self) -> str:
        """The value as JSON text."""
        return self.asked.text


class Answerables(Remembered, kw_only=True):
    """The values of a record's fields that the CRM may still tell in answer to us, the oldest first."""

    values: tuple[Answerable, ...] = ()


class Acted(NamedTuple):
    """How often a workflow of this revision acted on a record on a day (since 1970), and whether it is paused there."""

    workflow: str
    revision: str
    day: int
    times: int
    is_paused: bool = False


class Answer(NamedTuple):
    """What the CRM said to an action, at `at_ms`: `done`, or `failed` and why."""

    workflow: str
    number: int
    result: Literal["done", "failed"]
    at_ms: int
    said: str = ""


class Near(Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """A workflow whose condition did not hold when it last cared for a record, and the comparison that decided."""

    workflow: str
    criterion: int


class Acting(Remembered, kw_only=True):
    """What workflows did about a record. `waited_ms`: how long it had waited, in the line that it came into at
    `since_ms`, when workflows were last set off by that.
    """

    wanted: tuple[ToSet, ...] = ()
    acted: tuple[Acted, ...] = ()
    answers: tuple[Answer, ...] = ()
    near: tuple[Near, ...] = ()
    since_ms: int = 0
    waited_ms: int = 0


NOTHING_DONE: Final = Acting()


class DayCount(Remembered, kw_only=True):
    """How often a workflow of this revision acted on a day, on whatever record. `paused_ms`: since when it does not act
    any more, 0: it does. `records_paused`: on so many records alone it does not; `last_record` is the latest of them.
    """

    revision: str = ""
    day: int = 0
    times: int = 0
    paused_ms: int = 0
    records_paused: int = 0
    last_record: str = ""


class Order(NamedTuple):
    """A record that the CRM was asked to make, for a record, with these fields (as JSON text)."""

    record: str
    workflow: str
    number: int
    text: str
    at_ms: int


class Orders(Remembered, kw_only=True):
    """The records of one type that are to be made, the oldest first."""

    open: tuple[Order, ...] = ()


Asked = TypeVar("Asked", ToSet, Answerable, Order)


def latest(asked: Sequence[Asked], at_most: int) -> tuple[Asked, ...]:
    """The newest of what was asked for, the oldest first: at most so many, and as far as there is room for them."""
    found: list[Asked] = []
    room = OPEN_CHARACTERS
    for each in reversed(asked[-at_most:]):
        room -= len(each.text)
        if room < 0:
            break
        found.append(each)
    return tuple(reversed(found))


ActingKind = Literal["acting", "answerable", "tally", "orders"]
"""The kinds of state that these need."""


def tally_of(workflow: Workflow, known: DayCount | None, day: int) -> DayCount:
    """What counts today of what is remembered of a workflow: nothing of another revision, no times of another day."""
    if known is None or known.revision != workflow.revision:
        return DayCount(revision=workflow.revision, day=day)
    if known.day == day:
        return known
    return DayCount(
        revision=known.revision,
        day=day,
        paused_ms=known.paused_ms,
        records_paused=known.records_paused,
        last_record=known.last_record,
    )


def acted_of(workflow: Workflow, known: Sequence[Acted], day: int) -> Acted:
    """The same of what counts for one record; of one that is not counted by itself, as often as any of those."""
    found = next((each for each in known if each.workflow == workflow.id), None)
    if found is None:
        return Acted(workflow.id, workflow.revision, day, _of_others(known, day))
    return found if found.day == day else found._replace(day=day, times=0)


def counted(acted: Acted, known: Sequence[Acted]) -> tuple[Acted, ...]:
    """With the newest count of a workflow. What was counted on another day, and paused nothing, is known no more. Where
    there are too many, whoever acted least joins those that are counted as one.
    """
    others = _of_others(known, acted.day)
    left = [each for each in known if each.workflow not in (acted.workflow, ALL_OTHERS)]
    left = [each for each in left if each.is_paused or each.day == acted.day]
    found = sorted((*left, acted), key=lambda each: (each.is_paused, each.times))
    for each in found[:-COUNTED_MAX]:
        others = max(others, each.times)
    kept = tuple(found[-COUNTED_MAX:])
    return (Acted(ALL_OTHERS, "", acted.day, others), *kept) if others else kept


def still_counted(known: Acting, workflows: Mapping[str, Workflow]) -> tuple[Acted, ...]:
    """What counts of it under these workflows, by id: what another revision of one did is over."""
    return tuple(
        each
        for each in known.acted
        if each.workflow == ALL_OTHERS
        or (each.workflow in workflows and workflows[each.workflow].revision == each.revision)
    )


def is_crowded(workflow: Workflow, known: Sequence[Acted]) -> bool:
    """Whether so many others are paused for the record that nobody can be counted beside them."""
    paused = [each.workflow for each in known if each.is_paused]
    return len(paused) >= COUNTED_MAX and workflow.id not in paused


def _of_others(known: Sequence[Acted], day: int) -> int:
    """How often any of those acted that are counted as one."""
    return next((each.times for each in known if each.workflow == ALL_OTHERS and each.day == day), 0)
