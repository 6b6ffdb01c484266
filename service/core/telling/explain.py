"""The why of a decision, as a sales manager reads it.

Everything is taken from the decision's trace, which was collected while deciding; the configuration only lends names
and the words of criteria. It may be another version than the one that decided: what is gone since is shown by its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from service.core.configuration import Config
from service.core.given import USUAL
from service.core.limit_spec import when
from service.core.model import ActionRequest, Assigned, Candidate, Decision, LimitCount, StepSeen, Trace, Tried, Weighed
from service.core.naming import behind, id_in
from service.core.pool_spec import PoolSpec
from service.core.reasons import EXCLUDED, QUESTIONS, SKIPPED, UNRESOLVED, ExclusionReason
from service.core.rule_sets import Entry, FieldUser, OwnerOf, RuleSet
from service.core.score import is_no_score
from service.core.telling.clock import clock_time
from service.core.telling.way_in import way_into_plan
from service.core.telling.workflows import due_rows
from service.core.telling.workflows import rows_of as workflow_rows
from service.language.changes import UNCHANGED, Change, asked_before
from service.language.printing import found as found_value
from service.language.printing import leaf_text
from service.language.tree import Facts, Leaf, leaves

Cells = Sequence[str]


class _Known(NamedTuple):
    """What was decided on."""

    facts: Facts
    change: Change


def explain(
    decision: Decision,
    config: Config,
    decided_with: int | None = None,
    facts: Facts | None = None,
    change: Change = UNCHANGED,
    requests: Sequence[ActionRequest] | None = None,
) -> list[str]:
    """The decision in aligned lines: what, then the rule entries asked, then the members seen.

    `decided_with` is the configuration version that decided, where it is known; it may differ from `config`. With the
    `facts` that were decided on, and what was changed of them, each entry that said no also says what it found.
    `requests` are all that workflows asked for with it; none: that is not known.
    """
    trace = decision.trace
    rule_set = _rule_set(trace, config)
    words = decision.outcome.words(lambda person: _person(person, config))
    said = [*words, _configuration(config, decided_with), _origin(trace, rule_set, config)]
    said += [f"score {trace.score:g}"] if trace.score is not None else []
    said += ["no score: its field is no number"] if trace.score is None and facts and is_no_score(facts) else []
    said += [f"weighs {trace.size}"] if trace.size != USUAL else []
    header = "     ".join(part for part in (f"{decision.record} → {said[0]}", *said[1:]) if part)
    known = None if facts is None else _Known(facts, change)
    entries = _aligned(_entry_row(number, tried, rule_set, known, config) for number, tried in _numbered(trace))
    entries += ["  given after all: nobody else takes it"] if _is_after_all(trace) else []
    members = _aligned(_member_rows(decision, config))
    earlier = [f"  {trace.earlier} entries before said no"] if trace.earlier else []
    more = [f"  and {trace.omitted} more"] if trace.omitted else []
    more += [f"  {trace.not_looked_at} were not looked at: their turn comes later"] if trace.not_looked_at else []
    more += [f"  the pool as a whole: {', '.join(map(limit_words, trace.limits))}"] if trace.limits else []
    cut = [f"  too much to keep while it waits: {', '.join(trace.cut)}"] if trace.cut else []
    came_in = [f"  {sentence}" for sentence in way_into_plan(decision, config)]
    steps = _aligned(_step_rows(trace.steps, config))
    return [
        header,
        *came_in,
        *earlier,
        *entries,
        *steps,
        *members,
        *more,
        *cut,
        *explain_weighed(trace.workflows, config, requests),
    ]


def explain_weighed(
    weighed: Iterable[Weighed], config: Config, requests: Sequence[ActionRequest] | None = None
) -> list[str]:
    """The workflows that cared for what happened, in aligned lines: what each did, or why it did nothing. `requests`
    are all that was asked for; none: that is not known.
    """
    return _aligned(workflow_rows(weighed, config, requests))


def explain_due(due: Iterable[tuple[str, int]], config: Config) -> list[str]:
    """The workflows that a record which waits will set off, in aligned lines: when, and what each does then."""
    return _aligned(due_rows(due, config))


def _step_rows(steps: Sequence[StepSeen], config: Config) -> Iterator[Cells]:
    """The steps of the target: which were reached when, which had no wait, or not all of it, and why, and when the next
    begins.
    """
    for number, (step, later) in enumerate(zip_longest(steps, steps[1:]), start=1):
        if step.since is not None:
            said = f"reached {clock_time(step.since, config.zone)}"
            ended = None if later is None or later.since == step.since else later.since
            waited = "without a wait" if ended is None else f"waited for until {clock_time(ended, config.zone)}"
            said += f", {waited}: {SKIPPED[step.skipped]}" if step.skipped is not None else ""
        elif step.begins is not None:
            said = f"to be reached {clock_time(step.begins, config.zone)}"
        else:
            said = "to come"
        yield (f"step {number}", _target(step.target, config), said)


def _target(written: str, config: Config) -> str:
    """A target in words, from the text that it is in a trace."""
    kind, _, name = written.partition(":")
    if kind == "owner_of":
        return f"the owner of {name}"
    if kind != "user":
        return f"{kind} {name}"
    return f"the person in {name[1:-1]}" if name.startswith("{") else _person(name, config)


def explain_action(request: ActionRequest, withheld: Iterable[Weighed], config: Config) -> list[str]:
    """What a workflow asked for, why, and which others cared for the same and asked for nothing."""
    return [request.reason, *_aligned(workflow_rows(withheld, config))]


def _configuration(config: Config, decided_with: int | None) -> str:
    named = f"configuration {config.version}" + (f" ({config.label})" if config.label else "")
    if decided_with is None or decided_with == config.version:
        return named
    return f"configuration {decided_with}, told in the words of {named}"


def _origin(trace: Trace, rule_set: RuleSet | None, config: Config) -> str:
    """Which question gave the target; of rules, which entry."""
    if trace.workflow:
        known = config.workflows.all.get(trace.workflow)
        return f'by the workflow "{trace.workflow if known is None else known.called}"'
    if trace.question != "rule_set":
        return QUESTIONS.get(trace.question, trace.question)
    name = (rule_set.name if rule_set is not None else "") or trace.rule_set
    count = f" of {len(rule_set.entries)}" if rule_set is not None else ""
    return f'rule "{name}", entry {_number(trace.earlier + len(trace.tried), trace.tried[-1], rule_set)}{count}'


def _entry_row(number: int, tried: Tried, rule_set: RuleSet | None, known: _Known | None, config: Config) -> Cells:
    found = [entry for entry in rule_set.entries if entry.id == tried.entry] if rule_set is not None else []
    name = (found[0].name if found else "") or tried.entry
    words = _words(tried, found[0], known) if found else ("no longer in the configuration",)
    if tried.matched and found and isinstance(found[0].target, FieldUser | OwnerOf):
        words = (
            f"{words[0]}; to {_target(str(found[0].target), config)}{_named_in(found[0].target, known)}",
            *words[1:],
        )
    if tried.unresolved is not None:
        words = (f"{words[0]}; passed over: {UNRESOLVED[tried.unresolved]}",)
    row = (f"entry {_number(number, tried, rule_set)}", f'"{name}"', "yes" if tried.matched else "no", *words)
    return row if known is None else (*row, "")[:5]


def _named_in(target: FieldUser | OwnerOf, known: _Known | None) -> str:
    """The id in the field that names a person, where the facts are known and hold one."""
    if known is None or isinstance(target, OwnerOf):
        return ""
    told = id_in(behind(target.path, known.facts))
    return f" ({told})" if told else ""


def _is_after_all(trace: Trace) -> bool:
    """Whether the entry that won was passed over at first, because the person whom it names is not there."""
    entries = [each.entry for each in trace.tried]
    return len(entries) > 1 and entries[-1] in entries[:-1]


def _numbered(trace: Trace) -> Iterable[tuple[int, Tried]]:
    return enumerate(trace.tried, start=trace.earlier + 1)


def _number(asked: int, tried: Tried, rule_set: RuleSet | None) -> int:
    """Where the entry stands among all, not only those that were asked; without it, as how many-th it was asked."""
    entries = rule_set.entries if rule_set is not None else ()
    return next((number for number, entry in enumerate(entries, start=1) if entry.id == tried.entry), asked)


def _words(tried: Tried, entry: Entry, known: _Known | None) -> Cells:
    """The criterion that decided against it and, where the facts are known, what it found; or all that said yes, with
    the values before and now of a change that they ask for.
    """
    asked = leaves(entry.condition)
    if tried.matched:
        said = " and ".join(criterion.source for criterion in entry.asked) or "always"
        return (said,) if known is None else (said, *_change_found(asked, known))
    if tried.criterion is None or tried.criterion >= len(asked):
        return ("its criteria have changed since",)
    leaf = asked[tried.criterion]
    return (leaf_text(leaf),) if known is None else (leaf_text(leaf), found_value(leaf, known.facts, known.change))


def _change_found(asked: Sequence[Leaf], known: _Known) -> Cells:
    """The values before and now of what was asked: of a field that really was changed rather than of one that was not.
    Where several are asked for, with the words that ask.
    """
    changes = [leaf for leaf in asked if asked_before(leaf)]
    if not changes:
        return ()
    leaf = next((each for each in changes if asked_before(each) & known.change.changed), changes[0])
    found = found_value(leaf, known.facts, known.change)
    return (found if len(changes) == 1 else f"{leaf_text(leaf)}: {found}",)


def _member_rows(decision: Decision, config: Config) -> list[Cells]:
    """Those left out, then those who could have had it in the order of their places, as far as they were looked at."""
    chosen = decision.outcome.owner if isinstance(decision.outcome, Assigned) else ""
    seen, spec = decision.trace.candidates, _spec(decision, config)
    left_out = [
        (_person(each.person, config), "left out", _exclusion(each, each.excluded, decision.trace.size, config))
        for each in seen
        if each.excluded is not None
    ]
    able = sorted(
        (each for each in seen if each.excluded is None),
        key=lambda each: (each.person != chosen, not each.preferred, each.load, each.last_turn),
    )
    among = "" if decision.trace.not_looked_at else f" of {len(able)}"
    in_line = [
        (
            _person(each.person, config),
            "chosen" if each.person == chosen else "behind",
            f"{_used(each)}, place {place}{among}, {_since(each)}{_place(each, spec)}",
        )
        for place, each in enumerate(able, start=1)
    ]
    return [*left_out, *in_line]


def _exclusion(candidate: Candidate, excluded: ExclusionReason, size: int, config: Config) -> str:
    """Why somebody was left out; of limits, which of them left no room for what weighs so much."""
    reached = [limit for limit in candidate.limits if limit.count >= limit.at_most]
    if excluded == "full":
        fullest = [limit for limit in candidate.limits if limit.per == "open" and limit.count + size > limit.at_most]
        named = [limit_words(limit) for limit in fullest]
        return ", ".join(named) or f"{candidate.open_items} open, full"
    if excluded == "limit":
        named = [limit_words(limit) for limit in reached if limit.per != "open"]
        return ", ".join(named) or EXCLUDED[excluded].alone
    return EXCLUDED[excluded].alone + _until(candidate, config) + _behind(candidate)


def limit_words(limit: LimitCount) -> str:
    """How much of a limit is used: `2 of 2 in 1h`, `5 of 20 open over all pools`."""
    return f"{limit.count} of {limit.at_most} {when(limit.per)}{' over all pools' if limit.of == 'person' else ''}"


def _used(candidate: Candidate) -> str:
    """How many they have open, and how much of each limit is used."""
    named = [limit_words(limit) for limit in candidate.limits]
    has_open = any((limit.of, limit.per) == ("member", "open") for limit in candidate.limits)
    return ", ".join(named if has_open else [f"{candidate.open_items} open", *named])


def _until(candidate: Candidate, config: Config) -> str:
    """When somebody who is not there is back, by their own clock."""
    if candidate.back is None:
        return ""
    return f" until {clock_time(candidate.back, config.zone_of(candidate.person))}"


def _place(candidate: Candidate, spec: PoolSpec | None) -> str:
    """What else put them where they stand: how far they have to catch up, and what they are ranked by."""
    preferred = ", preferred" if candidate.preferred else ""
    return preferred + _behind(candidate) + (_priority(candidate, spec) if spec and spec.strategy == "ranked" else "")


def _behind(candidate: Candidate) -> str:
    return f", catching up: {candidate.behind} behind" if candidate.behind else ""


def _priority(candidate: Candidate, spec: PoolSpec) -> str:
    """Which end is first is said, too: of a score it is the other one."""
    known = {member.person: member.priority for member in spec.members}
    priority = known.get(candidate.person)
    return ", no priority: last" if priority is None else f", priority {priority:g}, lowest first"


def _spec(decision: Decision, config: Config) -> PoolSpec | None:
    """The pool that was asked, where the configuration still has it."""
    target = decision.trace.target
    return config.pools.get(target.id) if target is not None else None


def _since(candidate: Candidate) -> str:
    return f"in line since turn {candidate.last_turn}" if candidate.last_turn else "never served"


def _rule_set(trace: Trace, config: Config) -> RuleSet | None:
    return next((each for each in config.rule_sets.values() if each.id == trace.rule_set), None)


def _person(person: str, config: Config) -> str:
    user = config.users.get(person)
    return f"{person} ({user.name})" if user is not None and user.name else person


def _aligned(rows: Iterable[Cells]) -> list[str]:
    """Indented lines whose columns stand under each other."""
    listed = list(rows)
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    return ["  " + "   ".join(map(str.ljust, row, widths)).rstrip() for row in listed]
