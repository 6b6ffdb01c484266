"""How a lead came into a sales plan, and why its manager got it, in one sentence that a sales manager reads.

Everything is taken from the decision's trace; the configuration lends names, and shows what is gone by its id.
"""

from __future__ import annotations

from datetime import UTC, datetime

from service.core.configuration import Config
from service.core.events import OFFER_KINDS
from service.core.model import Assigned, Decision, Trace
from service.core.reasons import QUESTIONS
from service.core.telling.clock import clock_time


def way_into_plan(decision: Decision, config: Config) -> list[str]:
    """One sentence, or none where neither a tool nor an offer decided."""
    trace = decision.trace
    if not trace.through or trace.target is None:
        return []
    plan = f'the plan "{_called(trace.target.id, config)}"'
    brought = brought_by(trace.question, trace.through, config)
    who = _who(decision, config)
    if trace.link == "stays":
        why = f"nobody who can take it in the plan of {brought} was in contact with it"
        return [f"it stays in {plan}, with {who}{_since(trace, config)}: {why}"]
    came = f"it came into {plan} through {brought}"
    if not who:
        return [f"{came}, and waits there"]
    return [f"{came}, to {who}{_since(trace, config)}" if trace.link == "contact" else f"{came}, to {who} in turn"]


def brought_by(question: str, through: str, config: Config) -> str:
    """What brought a lead into its plan, by the name people know: a tool, an offer, or what else named the plan."""
    if question == "tool":
        return f'the tool "{config.tools.get(through) or through}"'
    if question in OFFER_KINDS:
        return f'the offer "{config.offers.get(through) or through}" ({question.replace("_", " ")})'
    return "a rule" if question == "rule_set" else QUESTIONS.get(question, question).removeprefix("by ")


def _since(trace: Trace, config: Config) -> str:
    """Whoever had the lead counts as in contact, too, from when they got it."""
    if trace.contacted_ms is None:
        return ""
    moment = datetime.fromtimestamp(trace.contacted_ms / 1000, UTC)
    return f", who was in contact with it, or got it, on {clock_time(moment, config.zone)}"


def _called(plan: str, config: Config) -> str:
    spec = config.pools.get(plan)
    return plan if spec is None or not spec.name else spec.name


def _who(decision: Decision, config: Config) -> str:
    outcome = decision.outcome
    person = outcome.owner if isinstance(outcome, Assigned) else ""
    user = config.users.get(person)
    return f"{person} ({user.name})" if user is not None and user.name else person
