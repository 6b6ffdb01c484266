"""What stands beside an expectation that did not hold: expected and found, side by side, and what decided it.

For a trace these are all candidates; for a rule the criterion that decided and what the record had. A record's values
are shown: they are a test's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from schemas.scenario_expect import Expect
from service.config.nodes import Steps
from service.core.configuration import Config
from service.core.model import Decision, Tried
from service.core.reasons import QUESTIONS, UNRESOLVED
from service.core.rule_sets import Entry, RuleSet
from service.language.printing import found as found_value
from service.language.printing import leaf_text
from service.language.tree import Facts, Leaf, leaves
from service.rehearsal.scenarios.expectations import FREE, NO_CANDIDATE

LISTED: Final = 20
"""So many entries are named where one is unknown."""


def beside(path: Steps, expect: Expect, decision: Decision, config: Config, facts: Facts) -> tuple[str, ...]:
    """The lines for the expectation at this path below `expect`; none where expected and found say it all."""
    match path:
        case ("trace", *_):
            return tuple(_candidates(expect.trace, decision))
        case ("passed_over", entry):
            return tuple(_entries([str(entry)], decision, config, facts))
        case ("rule", *_):
            winner = next((each.entry for each in decision.trace.tried if _is_winner(each)), None)
            wanted = dict.fromkeys(name for name in (expect.rule, winner) if name)
            return tuple(_entries(wanted, decision, config, facts))
        case _:
            return ()


def _is_winner(tried: Tried) -> bool:
    return tried.matched and tried.unresolved is None


def _candidates(expected: Mapping[str, str | None], decision: Decision) -> Iterator[str]:
    """Everybody who was seen or expected, in one table."""
    found = {each.person: each.excluded or FREE for each in decision.trace.candidates}
    width = max(map(len, [*found, *expected]), default=0)
    words = {person: f"expected {exclusion or FREE}" for person, exclusion in expected.items()}
    column = max(map(len, words.values()), default=0)
    for person in dict.fromkeys([*found, *expected]):
        yield f"{person:{width}}   {words.get(person, ''):{column}}   found {found.get(person, NO_CANDIDATE)}"


def _entries(wanted: Iterable[str], decision: Decision, config: Config, facts: Facts) -> Iterator[str]:
    trace = decision.trace
    rule_set = next((each for each in config.rule_sets.values() if each.id == trace.rule_set), None)
    if rule_set is None:
        yield f"no rule was asked: {QUESTIONS.get(trace.question, 'the record was refused before')}"
        return
    tried = {each.entry: each for each in trace.tried}
    entries = {entry.id: entry for entry in rule_set.entries}
    for name in wanted:
        if name not in entries:
            known = ", ".join(list(entries)[:LISTED])
            yield f"{name}: {rule_set.id} has no such entry; it has {known}"
        elif name in tried:
            yield f"{name}: {_said(tried[name], entries[name], facts)}"
        else:
            yield f"{name}: {_not_asked(entries[name], rule_set, decision)}"


def _said(tried: Tried, entry: Entry, facts: Facts) -> str:
    asked = leaves(entry.condition)
    if tried.unresolved is not None:
        return f"matched, and was passed over: {UNRESOLVED[tried.unresolved]}"
    if tried.matched:
        return "; ".join(_compared(leaf, facts) for leaf in asked) if entry.criteria else "always matches"
    if tried.criterion is None or tried.criterion >= len(asked):
        return "said no"
    return _compared(asked[tried.criterion], facts)


def _compared(leaf: Leaf, facts: Facts) -> str:
    return f"{leaf_text(leaf)} -> {found_value(leaf, facts)}"


def _not_asked(entry: Entry, rule_set: RuleSet, decision: Decision) -> str:
    """Why an entry does not stand in the trace."""
    order = [each.id for each in rule_set.entries]
    winner = next((each.entry for each in decision.trace.tried if _is_winner(each)), None)
    if winner is not None and order.index(entry.id) > order.index(winner):
        return f"was not asked, {winner} answered before it"
    if decision.trace.earlier:
        return "said no, or was not asked; a trace lists only the last entries"
    return f"was not asked, it is for what is {' or '.join(sorted(entry.on))}"
