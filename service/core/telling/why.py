"""Why somebody is told what they are told, in a word: the reader's language makes a sentence of it.

Where the decision has a reason, the word is that; of an assignment it says how it came to them. Each language that is
shipped has a sentence for each word (`service.config.texts`). Behind some words stands what they are about: the
workflow that does it, or the pool whose manager is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.core.events import OFFER_KINDS
from service.core.model import Assigned, Decision, Nothing, Notification, Pending, Queued, Released

TURN: Final = "turn"
LINKED: Final = "linked"
NAMED: Final = "named"
QUEUED: Final = "queued"
ESCALATED: Final = "escalated"
SKEWED: Final = "skewed"
WORKFLOW: Final = "workflow"
BY_WORKFLOW: Final = "by_workflow"
LOST_TO_WORKFLOW: Final = "reassigned_by_workflow"
DELETED: Final = "workflow_deleted"
UNAWARE: Final = "unaware"
"""That somebody lost what they have not heard yet that they had: no sentence says it, for they are not told."""
WAITING: Final = "waiting_"
"""Begins the words for why nobody can take a record."""

ASSIGNED: Final[Mapping[str, str]] = {
    "rule_set": "by_rule",
    "default": "by_default",
    "parked": "waited",
    "escalated": "escalated",
    "handed_on": "handed_on",
    "workflow": BY_WORKFLOW,
    "reopened": "reopened",
    "tool": "plan",
} | dict.fromkeys(OFFER_KINDS, "plan")
"""By the question that gave a record to somebody."""

GONE: Final = frozenset({"deleted", "merged"})
"""Why nothing more can be said of a record."""

BY_KIND: Final[Mapping[str, str]] = {"escalated": ESCALATED, "skewed": SKEWED, "workflow": WORKFLOW}
"""The words for news of which it does not matter what was decided."""

OF_WORKFLOWS: Final = frozenset({BY_WORKFLOW, LOST_TO_WORKFLOW, WORKFLOW})
"""The words behind which stands the workflow."""


def why(decision: Decision, told: Notification) -> str:
    """The word for what the decision is to whom it is told, and what it is about where no decision says that later."""
    word = _word(decision, told)
    if word in OF_WORKFLOWS:
        return with_about(word, told.about or decision.trace.workflow)
    return with_about(word, told.about) if told.kind == "escalated" else word


def with_about(word: str, about: str) -> str:
    """The word with what it is about, which may be nothing."""
    return f"{word} {about}" if about else word


def parted(why: str) -> tuple[str, str]:
    """The word alone, and what it is about."""
    word, _, about = why.partition(" ")
    return word, about


def _word(decision: Decision, told: Notification) -> str:
    outcome, kind = decision.outcome, told.kind
    if kind == "reassigned" and decision.trace.workflow:
        return LOST_TO_WORKFLOW
    if told.word:
        return told.word
    if kind == "workflow" and isinstance(outcome, Nothing | Released) and outcome.reason in GONE:
        return DELETED
    if kind in BY_KIND:
        return BY_KIND[kind]
    if isinstance(outcome, Assigned):
        return _of_assignment(outcome, decision)
    if isinstance(outcome, Pending):
        return WAITING + outcome.reason
    return QUEUED if kind == "queued" else outcome.reason


def pool_of(decision: Decision, told: Notification) -> str:
    """The pool or queue that a decision is about to whom it is told; empty: none."""
    outcome = decision.outcome
    if told.word:
        return ""
    return outcome.queue if type(outcome) is Queued else outcome.pool


def _of_assignment(assigned: Assigned, decision: Decision) -> str:
    trace = decision.trace
    if trace.link is not None:
        return LINKED
    word = ASSIGNED.get(trace.question, NAMED)
    return TURN if assigned.pool and word in {"by_rule", "by_default", NAMED} else word
