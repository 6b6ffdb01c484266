"""Which of the workflows that care are weighed, and in which order: by id, each once for each thing that happened.

A decision tells of the first workflows that did nothing, and with which comparison that was decided. So everybody is
weighed until as many have done nothing as are told of. From then on whose condition surely does not hold is left out:
nothing would come of it. Not left out is whom something else stands against, for that is noted of a workflow.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from heapq import merge
from typing import Final

from service.core.acting import NEAR_MAX
from service.core.case import Case
from service.core.in_process import WEIGHED_MAX
from service.core.model import Weighed
from service.core.reasons import Withheld
from service.core.workflow.doing import Doing
from service.core.workflow.hearing import Occasions
from service.core.workflow.process import process_of
from service.core.workflow_specs import NO_STEP, Caring, Workflow

NEWS: Final[frozenset[Withheld | None]] = frozenset({None, "cap_reached", "record_cap_reached"})
"""What is told of a workflow in any case: that it acted, or was paused by that."""


InOrder = tuple[str, int]
"""Where a workflow stands in the order: by its id, then by the number of what happened."""
BEGIN: Final[InOrder] = ("", -1)


class InTurn:
    """Those who are weighed, each with what it cares for. What comes of each is done before the next is asked for: an
    action may set a field, after which other conditions hold (D49). `note` may come when the next was asked for: then
    one more is weighed than has to be.
    """

    __slots__ = ("_doing", "_near", "_occasions", "_others")

    def __init__(self, occasions: tuple[Occasions, ...], doing: Doing) -> None:
        self._occasions = occasions
        self._doing = doing
        self._others = 0
        self._near = 0

    def __iter__(self) -> Iterator[tuple[Workflow, Occasions]]:
        last, weighed, facts = BEGIN, ("", ""), None
        while facts is not self._doing.facts:
            facts = self._doing.facts
            for order, workflow in merge(*(self._behind(last, number) for number in range(len(self._occasions)))):
                last, occasions = order, self._occasions[order[1]]
                if weighed != (workflow.id, occasions.kind):
                    weighed = (workflow.id, occasions.kind)
                    yield workflow, occasions
                if facts is not self._doing.facts:
                    break

    def note(self, weighed: Weighed) -> None:
        """What came of the latest."""
        self._others += weighed.withheld not in NEWS
        self._near += weighed.criterion is not None

    def _behind(self, last: InOrder, number: int) -> Iterator[tuple[InOrder, Workflow]]:
        """Those who are left of one thing that happened."""
        occasions = self._occasions[number]
        caring, ids = occasions.caring, occasions.caring.ids
        last_id, last_number = last
        at = (bisect_right if number <= last_number else bisect_left)(ids, last_id)
        while at < len(caring) and not self._is_told(occasions):
            yield (ids[at], number), caring[at]
            at += 1
        if at < len(caring) and occasions.reason is None:
            for position in self._not_left_out(occasions):
                if position >= at:
                    yield (ids[position], number), caring[position]

    def _is_told(self, occasions: Occasions) -> bool:
        """Whether so many of them did nothing as are told of."""
        return self._others >= WEIGHED_MAX and (occasions.reason is not None or self._near >= NEAR_MAX)

    def _not_left_out(self, occasions: Occasions) -> range | list[int]:
        case, caring = self._doing.case, occasions.caring
        if process_against(caring[0], case) is not None:
            return range(len(caring))
        found = caring.by_value(occasions.kind).may_hold(self._doing.facts)
        hindered = _hindered(caring, case)
        return sorted({*found, *hindered}) if hindered else found


def process_against(workflow: Workflow, case: Case) -> Withheld | None:
    """Whether the record is not in the process whose step sets the workflow off."""
    if workflow.trigger.step == NO_STEP:
        return None
    process = process_of(case)
    if process == workflow.trigger.step.process:
        return None
    return "other_process" if process else "process_unknown"


def _hindered(caring: Caring, case: Case) -> list[int]:
    """Whom something stands against that they use, whatever the record says."""
    hindered = case.draft.hindered_before()
    ids = caring.by_id.keys() & hindered.lost if hindered.lost else set()
    for step in caring.by_step.keys() & hindered.burdened if hindered.burdened else ():
        ids |= {*caring.by_step[step]}
    return [caring.by_id[each] for each in ids]
