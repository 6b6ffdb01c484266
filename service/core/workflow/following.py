"""What follows from workflows once the event itself is decided: which act, and what stood against the others.

They run in the order of their ids, and their actions in the order in which they are written, each at most once for one
event, whatever in it sets them off. Later ones see what earlier ones set; none is set off by another (S106). What gives
the record to somebody does so behind the event's own decision, once (D49). A cap is asked before each action, so that
none is ever exceeded: where it is reached, the rest of the row is not done, and the workflow is paused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec.structs import replace

from service.core.acting import DAY_MS, NEAR_MAX, Near, acted_of, counted, is_crowded, still_counted, tally_of
from service.core.case import Case
from service.core.in_process import WEIGHED_MAX, Considered, step_element
from service.core.model import Assigned, Decision, Nothing, Weighed
from service.core.reasons import Withheld
from service.core.telling import notify
from service.core.workflow.actions import act
from service.core.workflow.doing import Doing, Turn
from service.core.workflow.hearing import Occasion, Occasions
from service.core.workflow.in_turn import NEWS, InTurn, process_against
from service.core.workflow.process import acting_of, keep, keep_acting, progress_of
from service.core.workflow_specs import Caring, Workflow


def follow(occasions: tuple[Occasions, ...], decisions: tuple[Decision, ...], case: Case) -> tuple[Decision, ...]:
    """The decisions with what workflows do: the last of them tells what they ask for, and what stood against others."""
    caring = case.config.workflows.cares("assigned", case.record_type)
    if caring:
        occasions = (*occasions, *_assignments(caring, decisions, case))
    if not occasions:
        return decisions
    doing = Doing(case, decisions)
    weighed = _all_weighed(InTurn(occasions, doing), doing)
    _remember(weighed, case)
    *others, last = doing.decisions
    trace = replace(last.trace, workflows=_listed(weighed))
    last = notify.also(last, doing.notifications)
    return (*others, replace(last, trace=trace, actions=tuple(doing.numbered())))


def _all_weighed(in_turn: InTurn, doing: Doing) -> tuple[Weighed, ...]:
    weighed: list[Weighed] = []
    for _, group in groupby(in_turn, key=lambda each: each[0].id):
        found = _once(group, doing)
        in_turn.note(found[-1])
        weighed += found
    return tuple(weighed)


def _once(set_off: Iterable[tuple[Workflow, Occasions]], doing: Doing) -> tuple[Weighed, ...]:
    """What a workflow did that one thing in the event sets off, or several: it acts at the first that nothing stands
    against; where there is none, it did nothing for the first reason that there was.
    """
    first: tuple[Weighed, ...] = ()
    for workflow, occasions in set_off:
        weighed = _weighed(workflow, occasions, doing)
        if weighed[-1].withheld in NEWS:
            return weighed
        first = first or weighed
    return first


def _listed(weighed: tuple[Weighed, ...]) -> tuple[Weighed, ...]:
    """Those that did something, and the first of the others: a decision has to fit, however many cared."""
    others = [each.workflow for each in weighed if each.withheld not in NEWS]
    listed = frozenset(others[:WEIGHED_MAX])
    return tuple(each for each in weighed if each.withheld in NEWS or each.workflow in listed)


def _assignments(caring: Caring, decisions: tuple[Decision, ...], case: Case) -> Iterator[Occasions]:
    """What cares for somebody having the record by our choice; of one that is offered, once they accept it."""
    for decision in decisions:
        match decision.outcome:
            case Assigned(owner=owner, accept_by_ms=None):
                before = case.before.owner if case.before.owner not in ("", owner) else None
            case Nothing(reason="accepted"):
                owner, before = case.record.owner, None
            case _:
                continue
        yield Occasions(caring, "assigned", before, owner)
        return


def _weighed(workflow: Workflow, occasions: Occasions, doing: Doing) -> tuple[Weighed, ...]:
    """Let the workflow act, if nothing stands against it: that it did, and, or, what it did not do."""
    case = doing.case
    reason = occasions.reason or _stands_against(workflow, case)
    if reason is None and workflow.asked:
        position, late = workflow.ask(occasions.kind)(doing.facts, case.now_ms, case.change)
        if position < 0:
            return (Weighed(workflow.id, "condition", late.get(0, 0)),)
    found = _run(occasions.of(workflow), doing) if reason is None else (reason,)
    if found[-1] is not None and occasions.reason is None:
        usage = case.draft.workflows.edit(workflow.id)
        usage.withheld, usage.withheld_ms = found[-1], case.now_ms
    return tuple(Weighed(workflow.id, each) for each in found)


def _run(occasion: Occasion, doing: Doing) -> tuple[Withheld | None, ...]:
    """Do its actions, as far as its cap goes: nothing where it did any, else why it did not do the first; behind it
    that it was paused, where it was by that.
    """
    workflow, case = occasion.workflow, doing.case
    against: list[Withheld | None] = []
    over: Withheld | None = None
    for number, action in enumerate(workflow.actions, 1):
        over = _over_its_cap(workflow, case)
        if over is not None:
            break
        against.append(act(Turn(occasion, action, number, doing)))
        if against[-1] is None:
            _count(workflow, case)
    if None in against:
        usage = case.draft.workflows.edit(workflow.id)
        usage.times += 1
        usage.last_ms = case.now_ms
        return (None,) if over is None else (None, over)
    return (against[0] if over is None else over,)


def _stands_against(workflow: Workflow, case: Case) -> Withheld | None:
    """What stands against a workflow whose occasion has come, whatever the record says; none: nothing."""
    usage = case.draft.workflows.get(workflow.id)
    if usage is not None and usage.lost:
        return "field_deleted" if usage.lost.startswith("field/") else "step_deleted"
    for step in workflow.steps:
        element = case.draft.elements.get(step_element(step))
        if element is not None and element.requires_note:
            return "note_required"
        if element is not None and element.generates_task:
            return "task_generated"
    if case.depth > case.config.depth_limit:
        return "chain_depth"
    return process_against(workflow, case)


def _over_its_cap(workflow: Workflow, case: Case) -> Withheld | None:
    """Whether it acted as often as it may: then it is paused from now on, for the record or as a whole."""
    draft, day = case.draft, case.now_ms // DAY_MS
    tally = tally_of(workflow, draft.tallies.get(workflow.id), day)
    if tally.paused_ms:
        return "paused"
    acting = acting_of(case)
    known = still_counted(acting, case.config.workflows.all)
    acted = acted_of(workflow, known, day)
    if acted.is_paused or is_crowded(workflow, known):
        return "record_paused"
    if tally.times >= workflow.cap.per_day:
        draft.tallies.put(workflow.id, replace(tally, paused_ms=case.now_ms))
        return "cap_reached"
    if acted.times >= workflow.cap.per_record:
        more = tally.records_paused + 1
        draft.tallies.put(workflow.id, replace(tally, records_paused=more, last_record=case.name))
        keep_acting(replace(acting, acted=counted(acted._replace(is_paused=True), known)), case)
        return "record_cap_reached"
    return None


def _count(workflow: Workflow, case: Case) -> None:
    """One action more, of the record and as a whole."""
    day = case.now_ms // DAY_MS
    tally = tally_of(workflow, case.draft.tallies.get(workflow.id), day)
    case.draft.tallies.put(workflow.id, replace(tally, times=tally.times + 1))
    acting = acting_of(case)
    known = still_counted(acting, case.config.workflows.all)
    acted = acted_of(workflow, known, day)
    keep_acting(replace(acting, acted=counted(acted._replace(times=acted.times + 1), known)), case)


def _remember(weighed: tuple[Weighed, ...], case: Case) -> None:
    """Keep what workflows did when they last cared for the record. Where all of them did nothing for the reasons that
    are known already, that is no more to remember: most updates are such. Of a record that is gone nothing else is
    kept, for its deletion may lead to nothing that is published.
    """
    considered = tuple(Considered(each.workflow, each.withheld or "") for each in weighed[:WEIGHED_MAX])
    progress = progress_of(case)
    if considered != progress.weighed or any(each.withheld is None for each in weighed):
        keep(replace(progress, weighed=considered, weighed_ms=case.now_ms), case)
    near = tuple(Near(each.workflow, each.criterion) for each in weighed if each.criterion is not None)[:NEAR_MAX]
    acting = acting_of(case)
    if near != acting.near:
        keep_acting(replace(acting, near=near), case)
