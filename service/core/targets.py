"""What an entry's target means for this record now: a person, pool or queue, or why it cannot have the record.

A target that leads nowhere does not lose the record: the entry is noted with the reason and the next one is tried. An
owner whom a person named in the CRM never comes here: that is a choice, and only `refusal` can stand against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, assert_never
from zoneinfo import ZoneInfo

from service.core.case import Case
from service.core.events import Target
from service.core.model import Rejected
from service.core.naming import behind, id_in, missed
from service.core.pool_spec import PoolSpec
from service.core.reasons import AbsenceReason, Hindrance, Unable, Unfit, Unresolved
from service.core.rule_sets import Entry, EntryTarget, FieldUser, Ladder, OwnerOf, TeamMatch
from service.core.sharing import attendance
from service.core.sharing.choosing import look_at_all
from service.core.sharing.eligibility import Situation, Sought
from service.core.sharing.limits import hindrance, open_items_of, room_again
from service.core.sharing.linked import Linked, is_recent, unable
from service.core.sizing import weighs
from service.core.traits import Trait
from service.language.moments import instant_in
from service.language.unset import is_unset

OWNER: Final = "owner"
"""Where a related record tells its owner, as `user:ann`."""


def resolve(target: EntryTarget, case: Case) -> Target | Ladder | Unresolved:
    """Who or what gets the record, or why nobody does. Of a ladder one step is enough to go on."""
    if not isinstance(target, Ladder):
        return meant(target, case)
    found = [meant(step.target, case) for step in target.steps]
    return target if any(isinstance(each, Target) for each in found) else found[0]


def meant(target: Target | OwnerOf | FieldUser | TeamMatch, case: Case) -> Target | Unresolved:
    """The same of a target without steps."""
    match target:
        case Target():
            return _named(target, case)
        case FieldUser():
            return _person_in_field(target, case)
        case OwnerOf():
            return _related_owner(target, case)
        case TeamMatch():
            return team(case) or "no_team"
        case _:
            assert_never(target)


def passed_over(entry: Entry, target: Target | Ladder, case: Case) -> AbsenceReason | Hindrance | None:
    """Why the person whom an entry means is passed over for now, if so (D30, D55). Who has the record is not."""
    if isinstance(target, Ladder) or target.kind != "user" or target.id == case.record.owner:
        return None
    return (None if entry.even_if_away else absence(target.id, case)) or at_limit(target.id, case)


def absence(person: str, case: Case) -> AbsenceReason | None:
    """Why a person who is named is not there, as far as it counts."""
    return attendance.absence_of_named(person, case.draft, case.config, case.now_ms)


def at_limit(person: str, case: Case) -> Hindrance | None:
    """Which limit over all pools leaves somebody no room for the record."""
    size = weighs(case)
    for holder in case.config.limits.of_person(person, case.record_type):
        found = hindrance(holder, open_items_of(holder, person, case.draft), case.draft, case.now_ms, size)
        if found is not None:
            return found
    return None


def room_for(person: str, case: Case) -> int | None:
    """When every limit over all pools that stands against somebody lets them have more; none: time alone does not."""
    holders = case.config.limits.of_person(person, case.record_type)
    found = [room_again(holder, case.draft, case.now_ms) for holder in holders]
    known = [again_ms for again_ms in found if again_ms is not None]
    return max(known, default=None) if None not in found else None


def contact_of(wanted: OwnerOf, case: Case) -> int | None:
    """When the related owner was in contact last, as the related record tells (milliseconds); none: it does not."""
    if not wanted.contacted:
        return None
    return instant_in(behind((*wanted.path, *wanted.contacted), case.facts), ZoneInfo(case.config.zone))


def linked_to(
    wanted: OwnerOf, person: str, case: Case, requires: tuple[Trait, ...] = ()
) -> Linked | Unable | Literal["no_member"]:
    """The related owner as a member of the pool that the rule names, or why they cannot take the record there, absence
    aside.
    """
    spec = case.config.pools.get(wanted.among)
    if spec is None or person not in spec.weights:
        return "no_member"
    sought = Sought(case.facts, requires, case.handing, weighs(case))
    situation = Situation(spec, case.config, case.draft, case.now_ms, sought, paced=False)
    choice = look_at_all(situation)
    chosen = next((each for each in choice.seen if each.person == person), None)
    if chosen is None:
        return "no_member"
    reason = unable(chosen, situation, counts_as_turn=wanted.counts_as_turn)
    return reason or Linked(spec, chosen, choice, situation, "owner", contact_of(wanted, case), wanted.counts_as_turn)


def team(case: Case) -> Target | None:
    """The first pool of the record's type whose own domain accepts it (S65-S69, S73)."""
    teams = case.config.teams.get(case.record_type)
    if teams is None:
        return None
    winner, _ = teams.ask(case.facts, case.now_ms)
    return teams.specs[winner].target if winner >= 0 else None


def refusal(target: Target, case: Case) -> Rejected | None:
    """Why the target cannot take this record at all, if so, with the sentence for people."""
    reason = _unfit(target, case)
    if reason is None:
        return None
    if reason == "inactive_user":
        return Rejected(reason, f"the user {target.id} is switched off")
    if reason == "wrong_record_type":
        spec = case.config.pools[target.id]
        return Rejected(reason, f"{spec.target.kind} {spec.id} serves {spec.record_type} records")
    return Rejected(reason, f"there is no {target.kind} {target.id}{missed(target.id, case.config, target.kind)}")


def too_deep(case: Case) -> Rejected:
    """The refusal of what too many automatic decisions led to (D7)."""
    return Rejected("chain_depth", f"{case.depth} automatic decisions led here, {case.config.depth_limit} are allowed")


def _unfit(target: Target, case: Case) -> Unfit | None:
    """What stands against the target whoever named it: a person, who may know better, or a rule."""
    match target.kind:
        case "user":
            user = case.config.users.get(target.id)
            if user is None:
                return "unknown_user"
            return None if user.active else "inactive_user"
        case "pool":
            spec = case.config.pools.get(target.id)
            return "unknown_pool" if spec is None else _wrong_type(spec, case)
        case "queue":
            spec = case.config.pools.get(target.id)
            return "unknown_queue" if spec is None or not spec.is_queue else _wrong_type(spec, case)
        case "plan":
            spec = case.config.pools.get(target.id)
            return "unknown_plan" if spec is None or spec.plan is None else _wrong_type(spec, case)
        case _:
            assert_never(target.kind)


def _wrong_type(spec: PoolSpec, case: Case) -> Unfit | None:
    return None if spec.record_type == case.record_type else "wrong_record_type"


def _named(target: Target, case: Case) -> Target | Unresolved:
    """What a rule names must also want this record: its pool by its domain, implied people by being there at all."""
    reason = _unfit(target, case)
    if reason is not None:
        return reason
    if target.kind == "user":
        return target
    spec = case.config.pools[target.id]
    if spec.domain is not None and not spec.domain.test(case.facts, case.now_ms):
        return "outside_domain"
    if spec.implied and not any(case.config.users[member.person].active for member in spec.members):
        return "nobody"
    return spec.target


def _related_owner(wanted: OwnerOf, case: Case) -> Target | Unresolved:
    """The person who has the related record (S45, S46), if their contact is recent enough where that is asked (D4)."""
    related = behind(wanted.path, case.facts)
    if not isinstance(related, Mapping):
        return "no_related_record"
    if not is_recent(contact_of(wanted, case), wanted.within_ms, case.now_ms):
        return "contact_too_old"
    owner = related.get(OWNER)
    return "no_related_owner" if is_unset(owner) else _person(owner, case)


def _person_in_field(wanted: FieldUser, case: Case) -> Target | Unresolved:
    """The person whose id the field holds."""
    told = behind(wanted.path, case.facts)
    return "field_unset" if is_unset(told) else _person(told, case)


def _person(fact: object, case: Case) -> Target | Unresolved:
    """Whom a record names, by their id alone or as an owner is told, `user:ann`. A link to what is no user is none."""
    told = id_in(fact)
    if told is None or (isinstance(fact, Mapping) and fact.get("type", "user") != "user"):
        return "not_a_person"
    person = case.config.person(told)
    kind, colon, name = told.partition(":")
    if colon and person not in case.config.users:
        if kind != "user":
            return "not_a_person"
        person = case.config.person(name)
    return _named(Target("user", person), case)
