"""What sets workflows off although no event tells it: a record waits for so long, or leaves its line for somebody.

Waiting is counted from when a record came into its line: what is told of it meanwhile changes nothing of that.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from service.core.case import Case
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding.assign import WORKFLOW
from service.core.holding.waiting import set_clocks, waiting_case
from service.core.model import Assigned, Decision, Nothing
from service.core.tracking import recall
from service.core.workflow.following import follow
from service.core.workflow.hearing import Occasions
from service.core.workflow.process import acting_of, keep_acting

NO_DECISION: Final[tuple[Decision, ...]] = ()


def stayed(name: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """A record has waited as long as some workflow says."""
    parked = draft.parked.get(name)
    if parked is None:
        return NO_DECISION
    case = waiting_case(name, parked, draft, config, now_ms)
    acting, waited_ms = acting_of(case), now_ms - parked.since_ms
    told_ms = acting.waited_ms if acting.since_ms == parked.since_ms else 0
    caring = config.workflows.waits.get(case.record_type, {})
    due = [each for after_ms, each in caring.items() if told_ms < after_ms <= waited_ms]
    if due:
        keep_acting(replace(acting, since_ms=parked.since_ms, waited_ms=waited_ms), case)
    set_clocks(case, parked)
    if not due:
        return NO_DECISION
    decisions = (case.conclude(Nothing("still_waiting", parked.pool)),)
    return follow(tuple(Occasions(each, "waiting_for", None, parked.pool) for each in due), decisions, case)


def after_timer(decisions: tuple[Decision, ...], draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """The same decisions with what follows where somebody has a record by them. What a workflow gave sets none off."""
    found: list[Decision] = []
    for decision in decisions:
        record_type = decision.record.partition("/")[0]
        is_ours = isinstance(decision.outcome, Assigned) and decision.trace.question != WORKFLOW
        if not (is_ours and config.workflows.cares("assigned", record_type)):
            found.append(decision)
            continue
        case = Case(decision.record, draft, config, now_ms, decision.correlation_id, decision.depth)
        case.facts = recall(case.record.facts)
        found += follow((), (decision,), case)
    return tuple(found)
