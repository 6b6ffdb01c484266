"""Whether a step led to what was expected, word by word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, NamedTuple, cast

from schemas.scenario_expect import Expect
from service.config.nodes import Steps
from service.core.model import ActionRequest, Assigned, Decision, Pending, Queued, Weighed
from service.language.moments import milliseconds
from service.rehearsal.scenarios.crm import Card, CardName, Crm
from service.rehearsal.stage import Plans, RehearsedAction, RehearsedDecision, RehearsedNotification
from service.wire.log_forms import OutcomeLine
from service.wire.times import iso_time

NOBODY: Final = "nobody"
NONE: Final = "none"
FREE: Final = "free"
"""Of a candidate: nothing speaks against them."""
NO_CANDIDATE: Final = "not a candidate"


class Mismatch(NamedTuple):
    """An expectation that does not hold: its way below `expect`, and the decision that tells why."""

    path: Steps
    expected: str
    found: str
    about: RehearsedDecision | None


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step's outcomes in order, the published ones among them, who was notified, the CRM and the sales plans
    afterwards, what workflows asked for, and by record which workflows last cared for it, and why they asked for
    nothing; of the `same` that is as it was before the step.
    """

    records: tuple[CardName, ...]
    division: str
    lines: tuple[OutcomeLine, ...]
    published: Mapping[str, RehearsedDecision]
    notified: tuple[RehearsedNotification, ...]
    crm: Crm
    plans: Plans
    actions: tuple[RehearsedAction, ...] = ()
    weighed: Mapping[CardName, Sequence[Weighed]] = field(default_factory=dict)
    same: frozenset[CardName] = frozenset()

    @property
    def last(self) -> OutcomeLine | None:
        """The last outcome."""
        return self.lines[-1] if self.lines else None

    @property
    def about(self) -> RehearsedDecision | None:
        """The last outcome as it was published, if it was."""
        return None if self.last is None else self.published.get(self.last.decision_id)

    @property
    def decision(self) -> Decision | None:
        """The last outcome's decision, if it was published."""
        return None if self.about is None else self.about.decision


def mismatches(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    """Every expectation that was written down and does not hold."""
    for word, check in CHECKS.items():
        if word in expect.model_fields_set:
            yield from check(expect, result)


def _owner(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    card = result.crm.cards.get(result.records[0], Card())
    if card.owner != (expect.owner or ""):
        yield Mismatch(("owner",), expect.owner or NOBODY, card.owner or NOBODY, card.latest)


def _owners(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    for record, owner in expect.owners.items():
        card = result.crm.cards.get(CardName(result.division, record), Card())
        if card.owner != (owner or ""):
            yield Mismatch(("owners", record), owner or NOBODY, card.owner or NOBODY, card.latest)


def _counts(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    yield from _numbers("counts", expect.counts, result.crm.counts(), result)


def _waiting(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    yield from _numbers("waiting", expect.waiting, result.crm.waiting(), result)


def _numbers(
    word: str, expected: Mapping[str, int], found: Mapping[str, int], result: StepResult
) -> Iterator[Mismatch]:
    for name, number in expected.items():
        if found.get(name, 0) != number:
            yield Mismatch((word, name), str(number), str(found.get(name, 0)), result.about)


def _outcome(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    is_all = isinstance(expect.outcome, tuple)
    expected = cast("tuple[str, ...]", expect.outcome if is_all else (expect.outcome,))
    found = tuple(line.kind for line in (result.lines if is_all else result.lines[-1:]))
    if found != expected:
        yield Mismatch(("outcome",), _listed(expected), _listed(_worded(line) for line in result.lines), result.about)


def _reason(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    found = "" if result.last is None else result.last.reason
    yield from _word("reason", expect.reason, found, result)


def _pool(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    found = "" if result.decision is None else result.decision.outcome.pool
    yield from _word("pool", expect.pool, found, result)


def _queue(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    outcome = None if result.decision is None else result.decision.outcome
    yield from _word("queue", expect.queue, outcome.queue if isinstance(outcome, Queued) else "", result)


def _score(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    found = None if result.decision is None else result.decision.trace.score
    if expect.score != found:
        yield Mismatch(("score",), _number(expect.score), _number(found), result.about)


def _passed_over(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    tried = () if result.decision is None else result.decision.trace.tried
    found = {each.entry: each.unresolved for each in tried if each.unresolved is not None}
    for entry, reason in expect.passed_over.items():
        if found.get(entry) != reason:
            yield Mismatch(("passed_over", entry), reason, found.get(entry) or NONE, result.about)


def _label(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    label = None if result.decision is None else result.decision.label
    yield from _word("label", expect.label, "" if label is None else label.text, result)


def _plans(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    for record, plan in expect.plans.items():
        found = result.plans.of_leads.get(record, "")
        if found != (plan or ""):
            yield Mismatch(("plans", record), plan or NONE, found or NONE, result.about)


def _clients(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    for plan, wanted in expect.clients.items():
        for mismatch in _numbers(plan, wanted, result.plans.clients.get(plan, {}), result):
            yield mismatch._replace(path=("clients", *mismatch.path))


def _next_try(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    outcome = None if result.decision is None else result.decision.outcome
    found_ms = outcome.next_try_ms if isinstance(outcome, Pending) else None
    wanted_ms = None if expect.next_try is None else milliseconds(expect.next_try)
    if wanted_ms != found_ms:
        wanted, found = (NONE if each is None else iso_time(each) for each in (wanted_ms, found_ms))
        yield Mismatch(("next_try",), wanted, found, result.about)


def _turn(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    outcome = None if result.decision is None else result.decision.outcome
    found = outcome.turn if isinstance(outcome, Assigned) else 0
    yield from _word("turn", expect.turn, found, result)


def _rule(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    tried = () if result.decision is None else result.decision.trace.tried
    found = next((each.entry for each in tried if each.matched and each.unresolved is None), "")
    yield from _word("rule", expect.rule, found, result)


def _question(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    found = "" if result.decision is None else result.decision.trace.question
    yield from _word("question", expect.question, found, result)


def _correlation(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    found = "" if result.decision is None else result.decision.correlation_id
    yield from _word("correlation", expect.correlation, found, result)


def _word(word: str, expected: object, found: object, result: StepResult) -> Iterator[Mismatch]:
    """Compare where an empty word and null both mean none."""
    if (expected or None) != (found or None):
        yield Mismatch((word,), str(expected or NONE), str(found or NONE), result.about)


def _trace(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    candidates = () if result.decision is None else result.decision.trace.candidates
    found = {candidate.person: candidate.excluded or FREE for candidate in candidates}
    for person, exclusion in expect.trace.items():
        expected = exclusion or FREE
        if found.get(person) != expected:
            yield Mismatch(("trace", person), expected, found.get(person, NO_CANDIDATE), result.about)


def _notifications(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    wanted = [each.model_dump(include=each.model_fields_set) for each in expect.notifications]
    left = list(result.notified)
    for words in sorted(wanted, key=len, reverse=True):
        fitting = next((each for each in left if words.items() <= asdict(each).items()), None)
        if fitting is None:
            yield Mismatch(
                ("notifications",), _listed(map(_said, wanted)), _listed(map(_told, result.notified)), result.about
            )
            return
        left.remove(fitting)
    if left:
        yield Mismatch(
            ("notifications",), _listed(map(_said, wanted)), _listed(map(_told, result.notified)), result.about
        )


def _said(words: Mapping[str, object]) -> str:
    more = ", ".join(f"{word} {found}" for word, found in words.items() if word != "person")
    return f"{words['person']} ({more})" if more else str(words["person"])


def _told(notification: RehearsedNotification) -> str:
    count = f"{notification.count} of " if notification.count is not None else ""
    return f'{notification.person} ({count}{notification.kind}, {notification.language}, "{notification.subject}")'


def _actions(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    asked = sorted(_named(each.request) for each in result.actions)
    if sorted(expect.actions) != asked:
        yield Mismatch(("actions",), _listed(sorted(expect.actions)), _listed(asked), result.about)
        return
    for each in result.actions:
        record, request = each.record, each.request
        name = _named(request)
        words = expect.actions[name].model_dump(include=expect.actions[name].model_fields_set)
        for word, wanted in words.items():
            found = _found(word, record, request)
            if found != wanted:
                yield Mismatch(("actions", name, word), str(wanted), str(found), result.about)


def _named(request: ActionRequest) -> str:
    """How scenarios call an action: after its workflow, from the second on with its number."""
    return request.workflow if request.number == 1 else f"{request.workflow}/{request.number}"


def _found(word: str, record: str, request: ActionRequest) -> object:
    match word:
        case "record":
            return record
        case "step":
            return str(request.step)
        case "create":
            return {"type": request.record_type, "fields": request.fields}
        case _:
            return getattr(request, word)


def _withheld(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    weighed = {one.workflow: one.withheld or "" for each in result.weighed.values() for one in each}
    for workflow, reason in expect.withheld.items():
        found = weighed.get(workflow)
        if found != reason:
            told = NONE if found is None else found or "it asked for its action"
            yield Mismatch(("withheld", workflow), reason, told, result.about)


def _expects(expect: Expect, result: StepResult) -> Iterator[Mismatch]:
    decision, expected = result.decision, expect.expects
    if expected is None:
        return
    if "owner" in expected.model_fields_set:
        owner = "" if expected.owner is None else f"{expected.owner.kind}:{expected.owner.id}"
        found = "" if decision is None else str(decision.expected_owner or "")
        if owner != found:
            yield Mismatch(("expects", "owner"), owner or NOBODY, found or NOBODY, result.about)
    version = None if decision is None else decision.expected_version
    if "version" in expected.model_fields_set and expected.version != version:
        yield Mismatch(("expects", "version"), _number(expected.version), _number(version), result.about)


def _number(number: float | None) -> str:
    return NONE if number is None else f"{number:g}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or NONE


def _worded(line: OutcomeLine) -> str:
    return f"{line.kind} ({line.reason})" if line.reason else line.kind


CHECKS: Final[Mapping[str, Callable[[Expect, StepResult], Iterator[Mismatch]]]] = {
    "outcome": _outcome,
    "reason": _reason,
    "owner": _owner,
    "owners": _owners,
    "pool": _pool,
    "queue": _queue,
    "turn": _turn,
    "rule": _rule,
    "passed_over": _passed_over,
    "question": _question,
    "score": _score,
    "trace": _trace,
    "label": _label,
    "plans": _plans,
    "clients": _clients,
    "notifications": _notifications,
    "actions": _actions,
    "withheld": _withheld,
    "expects": _expects,
    "correlation": _correlation,
    "counts": _counts,
    "waiting": _waiting,
    "next_try": _next_try,
}
"""One check per word of `Expect`, the most telling first."""
