"""Whom the configuration names for a record that nobody chose an owner for: the later questions of D8.

A person whom an entry names and who is not there is passed over; nothing is rejected for that: where nobody else takes
the record, they get it after all (D30).

On creation the rule set is asked, then the teams by their domains, then for the default. On an update only entries that
say so are asked, and what a person chose always stays.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from service.core import hits, rules
from service.core.case import NO_TRACE, Case
from service.core.events import Target
from service.core.holding.assign import give_in_steps, give_linked, hand_over, release
from service.core.holding.climbing import climb_of, ladder_of
from service.core.model import Decision, Nothing, Rejected, Trace, Tried
from service.core.parked import Parked, Required
from service.core.record import Record
from service.core.rule_sets import Entry, Ladder
from service.core.rules import Found
from service.core.targets import meant, refusal, resolve, team, too_deep
from service.core.traits import Trait
from service.language.changes import as_created

LISTED_ENTRIES: Final = 50
"""A trace lists at most so many of the entries that were asked, the last ones; it says how many came before."""

NOTHING_FOUND: Final = Found(None, ())


def on_creation(case: Case) -> Decision:
    """Ask the rule set, then the teams, then for the default. Whatever is set counts as changed (D43)."""
    config, record_type = case.config, case.record_type
    _take_as_created(case)
    rule_set = config.rule_sets.get(record_type)
    found, trace = NOTHING_FOUND, NO_TRACE
    if rule_set is not None:
        found = rules.find(rule_set.on_created, case)
        trace = _asked(rule_set.id, found.tried)
        if found.won is not None:
            return _by_rule(found, trace, case)
    matched = team(case)
    if matched is not None:
        return _counted(case, hand_over(case, matched, replace(trace, question="team")), hits.TEAM)
    default = config.defaults.get(record_type) or config.defaults.get("*")
    trace = replace(trace, question="default", target=default if isinstance(default, Target) else None)
    refused = _no_default(default, case)
    if refused is None and default is not None:
        return _counted(case, give_to(case, default, trace), hits.DEFAULT)
    if rule_set is not None and found.absent is not None:
        found = found.after_all
        return _by_rule(found, _asked(rule_set.id, found.tried), case)
    assert refused is not None, "a default that is missing is refused"
    return case.conclude(refused, trace)


def answer(case: Case) -> tuple[Target | Ladder, tuple[Trait, ...]] | None:
    """What these lead to for the record as it is now, and what the entry asks of whoever gets it. Nothing is decided.
    None: they lead to nothing, or to somebody who knows it already.
    """
    config, record_type = case.config, case.record_type
    _take_as_created(case)
    rule_set = config.rule_sets.get(record_type)
    won = None if rule_set is None else rules.find(rule_set.on_created, case).won
    if won is not None:
        return None if won.linked is not None else (won.target, won.entry.requires)
    default = team(case) or config.defaults.get(record_type) or config.defaults.get("*")
    return None if default is None or _no_default(default, case) is not None else (default, ())


def has_steps_now(case: Case, parked: Parked) -> bool:
    """Whether the record waits for a pool that has become a step of what the rules lead to, and is on no steps."""
    if climb_of(case) is not None or not _came_by_rules(case, parked) or not case.config.ladders:
        return False
    found = answer(case)
    ladder = None if found is None else found[0]
    return isinstance(ladder, Ladder) and any(step.line(ladder.record_type) == parked.pool for step in ladder.steps)


def follow(case: Case, parked: Parked) -> bool:
    """Whether a record that waits is to be asked for anew, by what the rules lead to under another configuration. Where
    that is what it waits for, what they require of whoever gets it holds from now on.
    """
    if has_steps_now(case, parked):
        return True
    _require_anew(case, parked)
    return False


def _require_anew(case: Case, parked: Parked) -> None:
    found = answer(case) if _came_by_rules(case, parked) else None
    if found is None or found[1] == case.requires:
        return
    target, case.requires = found
    waits_for_it = target == ladder_of(case) if isinstance(target, Ladder) else target.id == parked.pool
    if not waits_for_it:
        return
    if case.requires:
        case.draft.required.put(case.name, Required(case.requires))
    else:
        case.draft.required.drop(case.name)


def _came_by_rules(case: Case, parked: Parked) -> bool:
    """Whether the record waits where it does because rules, teams or the default said so."""
    return not (parked.named or parked.queued) and case.draft.plans.get(case.name) is None


def _take_as_created(case: Case) -> None:
    if not case.change.before:
        fields = case.config.asked_before.get(case.record_type, frozenset())
        case.change = as_created(fields, case.facts)


def on_update(case: Case) -> tuple[Decision, ...]:
    """Ask the entries that are asked on updates; the first that matches gives the record, if it may (D5). Nobody gets
    it after all whom the entry passed over, as long as somebody has it (D30).
    """
    rule_set = case.config.rule_sets.get(case.record_type)
    if rule_set is None or not rule_set.on_updated.entries:
        return ()
    asked = rules.find(rule_set.on_updated, case)
    found = asked if asked.won is not None else asked.after_all
    if found.won is None:
        return ()
    if found is not asked and _is_worked_on(case):
        return (case.conclude(Nothing("owner_kept", case.record.owner), _asked(rule_set.id, found.tried)),)
    kept = _keeps(found.won.entry, found.won.target, case)
    if kept is not None:
        return (case.conclude(kept),)
    if case.depth > case.config.depth_limit:
        return (case.conclude(too_deep(case), _asked(rule_set.id, found.tried)),)
    released = release(case, "reassigned")
    given = _by_rule(found, _asked(rule_set.id, found.tried), case)
    return (given,) if released is None else (released, given)


def _by_rule(found: Found, trace: Trace, case: Case) -> Decision:
    """Give the record as the entry that won says. `trace` tells what was asked."""
    won = found.won
    assert won is not None, "an entry has won"
    case.requires = won.entry.requires
    given = give_to(case, won.target, trace) if won.linked is None else give_linked(case, won.linked, trace)
    return _counted(case, given, won.entry.id)


def give_to(case: Case, target: Target | Ladder, trace: Trace) -> Decision:
    """Give the record to what can have it."""
    return give_in_steps(case, target, trace) if isinstance(target, Ladder) else hand_over(case, target, trace)


def _no_default(default: Target | Ladder | None, case: Case) -> Rejected | None:
    """Why there is no default for this record, if so."""
    record_type = case.record_type
    if default is None:
        return Rejected("no_target", f"no rule matched and there is no default for {record_type} records")
    found = resolve(default, case)
    if isinstance(default, Ladder):
        detail = f"no step of the default for {record_type} records, {default}, means anybody"
        return None if isinstance(found, Ladder) else Rejected("no_target", detail)
    if found == "outside_domain":
        detail = f"the default for {record_type} records, {default}, does not take this one by its domain"
        return Rejected("outside_domain", detail)
    return refusal(default, case)


def _counted(case: Case, given: Decision, entry: str) -> Decision:
    """Count what named the target, where a rule set was asked."""
    rule_set = given.trace.rule_set
    if rule_set and type(given.outcome) is not Rejected:
        hits.count(case, rule_set, entry)
    return given


def _keeps(entry: Entry, target: Target | Ladder, case: Case) -> Nothing | None:
    """Why an entry that matched on an update leaves the record where it is, if so."""
    record, parked = case.record, case.draft.parked.get(case.name)
    if parked is not None:
        waits_there = target == waits_for(parked, case)
        return Nothing("parked_already", parked.pool) if waits_there or entry.reassign == "never" else None
    if not record.owner:
        return None
    is_kept = not record.by_us or entry.reassign != "always" or is_there(target, record, case)
    return Nothing("owner_kept", record.owner) if is_kept else None


def _is_worked_on(case: Case) -> bool:
    """Whether somebody has the record who is switched on: then it is not taken from them for who cannot have it now."""
    user = case.config.users.get(case.record.owner)
    return user is not None and user.active


def waits_for(parked: Parked, case: Case) -> Target | Ladder:
    """What the record waits for."""
    return ladder_of(case) or Target("queue" if parked.queued else "pool", parked.pool)


def is_there(target: Target | Ladder, record: Record, case: Case) -> bool:
    """Whether the record's owner is one of the target's people. Who left its pool or is switched off is none (D39)."""
    if isinstance(target, Ladder):
        steps = (meant(step.target, case) for step in target.steps)
        return any(isinstance(each, Target) and is_there(each, record, case) for each in steps)
    user = case.config.users.get(record.owner)
    if user is None or not user.active:
        return False
    if target.kind == "user":
        return target.id == record.owner
    spec = case.config.pools.get(target.id)
    return target == Target("pool", record.pool) and spec is not None and record.owner in spec.weights


def _asked(rule_set: str, tried: tuple[Tried, ...]) -> Trace:
    """The trace of a rule set's answer."""
    earlier = max(0, len(tried) - LISTED_ENTRIES)
    listed = tried[earlier:] if earlier else tried
    return Trace(question="rule_set", rule_set=rule_set, tried=listed, earlier=earlier)
