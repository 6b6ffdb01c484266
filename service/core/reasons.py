"""Every reason that a decision names, each beside the sentence people read of it.

The words are published (`schemas.reasons` repeats them, and a test holds the two together): one never changes what
it means. A new one needs its row here, and whoever shows reasons shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, get_args

Unfit = Literal["inactive_user", "unknown_plan", "unknown_pool", "unknown_queue", "unknown_user", "wrong_record_type"]
"""Why a target cannot take a record at all, whoever named it."""

RejectionReason = Literal[
    Unfit,
    "chain_depth",
    "channel_not_allowed",
    "not_a_member",
    "not_permitted",
    "no_target",
    "outside_domain",
    "unknown_record_type",
]
REJECTED: Final[Mapping[RejectionReason, str]] = {
    "chain_depth": "too many automatic decisions in a row",
    "channel_not_allowed": "this type of record does not come in that way",
    "inactive_user": "the user is switched off",
    "not_a_member": "only members take from a queue",
    "not_permitted": "the right to reassign is missing",
    "no_target": "neither a rule nor a default names anybody",
    "outside_domain": "the record is not for the default target",
    "unknown_plan": "there is no such plan",
    "unknown_pool": "there is no such pool",
    "unknown_queue": "there is no such queue",
    "unknown_record_type": "there is no such type of record",
    "unknown_user": "there is no such user",
    "wrong_record_type": "the pool serves another type of record",
}

PendingReason = Literal["empty_pool", "nobody_eligible", "not_accepted"]
PENDING: Final[Mapping[PendingReason, str]] = {
    "empty_pool": "the pool has no members",
    "nobody_eligible": "no member can take it now",
    "not_accepted": "it was offered as often as its pool says, and nobody accepted it",
}

ReleaseReason = Literal[
    "closed",
    "declined",
    "deleted",
    "entered_plan",
    "given_to_pool",
    "left_plan",
    "merged",
    "not_accepted",
    "not_there",
    "owner_chosen",
    "owner_inactive",
    "owner_removed",
    "reassigned",
    "taken",
]
RELEASED: Final[Mapping[ReleaseReason, str]] = {
    "closed": "the record was closed",
    "declined": "they declined it",
    "deleted": "the record was deleted",
    "entered_plan": "it came into another plan",
    "given_to_pool": "the record was given to a pool",
    "left_plan": "what is told late shows that it ought not to have come into the plan",
    "merged": "the record was merged into another one",
    "not_accepted": "they did not accept it in time",
    "not_there": "they are not there any more, and had not accepted it",
    "owner_chosen": "a person was chosen in the CRM",
    "owner_inactive": "the record is open again, and its owner is switched off",
    "owner_removed": "the owner was taken away in the CRM",
    "reassigned": "a rule or a workflow gives it to somebody else",
    "taken": "a member took it from the queue",
}

Withheld = Literal[
    "asked_already",
    "assigned_already",
    "cap_reached",
    "chain_depth",
    "condition",
    "empty_before",
    "field_deleted",
    "field_unknown",
    "filled_already",
    "filled_before",
    "left_empty",
    "marked_already",
    "marked_before",
    "nobody_to_tell",
    "not_cleared",
    "note_required",
    "other_process",
    "own_action",
    "owner_chosen",
    "paused",
    "process_unknown",
    "record_cap_reached",
    "record_closed",
    "record_paused",
    "set_already",
    "step_deleted",
    "target_unfit",
    "task_generated",
    "there_already",
    "told_already",
    "value_too_long",
]
"""Why a workflow that cares for what happened asks for nothing."""

WITHHELD: Final[Mapping[Withheld, str]] = {
    "asked_already": "that was asked for, and the CRM did not tell yet that it is done",
    "assigned_already": "another workflow gave the record to somebody for the same event",
    "cap_reached": "it acted as often as it may in a day, and is paused from now on",
    "chain_depth": "too many automatic decisions in a row",
    "condition": "its condition does not hold",
    "empty_before": "the field was empty before",
    "field_deleted": "a field that it uses was deleted in the CRM",
    "field_unknown": "it is not known whether the field is empty: nobody told it since the record came",
    "filled_already": "the field is filled already",
    "filled_before": "the field was filled before",
    "left_empty": "the field is empty",
    "marked_already": "the step is marked already",
    "marked_before": "the step was marked before",
    "nobody_to_tell": "there is nobody who is to be told, or they do not want to be",
    "not_cleared": "the field is filled",
    "note_required": "its step requires a note by now",
    "other_process": "the record is in another process",
    "own_action": "the event does what a workflow asked for",
    "owner_chosen": "a person chose the record's owner, and that stands",
    "paused": "it is paused: it acted as often as it may in a day",
    "process_unknown": "it is not known which process the record is in",
    "record_cap_reached": "it acted on this record as often as it may, and is paused for it from now on",
    "record_closed": "the record is closed",
    "record_paused": "it is paused for this record: it acted on it as often as it may in a day",
    "set_already": "the field has this value already",
    "step_deleted": "a step that it uses was deleted in the CRM",
    "target_unfit": "its target cannot have the record now",
    "task_generated": "its step generates a task by now",
    "there_already": "the record is there already",
    "told_already": "they are told of this already",
    "value_too_long": "the value is too long to be handed on",
}

NothingReason = Literal[
    "accepted",
    "accepted_already",
    "action_told",
    "another_offer",
    "catalogue_changed",
    "changed_meanwhile",
    "not_escalated",
    "not_in_catalogue",
    "older_catalogue",
    "step_told",
    "closed",
    "configuration_switched",
    "contact_known",
    "contact_noted",
    "deleted",
    "duplicate_event",
    "echo",
    "in_plan_already",
    "member_changed",
    "no_plan",
    "no_value",
    "not_offered",
    "not_waiting",
    "offer_over",
    "offer_told",
    "older_news",
    "older_offer",
    "older_version",
    "owner_kept",
    "owner_unchanged",
    "paid_already",
    "parked_already",
    "record_updated",
    "reopened",
    "stays_in_plan",
    "still_waiting",
    "tick",
    "told_late",
    "unknown_availability",
    "unknown_record",
    "unknown_user",
    "untold_closed",
    "untold_moved",
    "untold_repeated",
    "untold_replaced",
    "untold_unwanted",
]
NOTHING: Final[Mapping[NothingReason, str]] = {
    "accepted": "whom the record was offered to accepts it",
    "accepted_already": "they have the record already, and nothing is left to be answered",
    "action_told": "what a workflow asked for was done, or failed",
    "another_offer": "they answer another offer of the record than the one that stands",
    "catalogue_changed": "a field or a step itself changed",
    "changed_meanwhile": "the record changed since it was compared with a list",
    "not_escalated": "it has waited too long, and whom its pool escalates it to cannot have it",
    "not_in_catalogue": "the configuration names no such field or step",
    "older_catalogue": "newer news of the field or step came before",
    "step_told": "a step was marked, or is so no more",
    "closed": "the record is closed",
    "configuration_switched": "a new configuration is in force",
    "contact_known": "a later contact is known, or no plan goes by contacts",
    "contact_noted": "somebody was in contact with the record",
    "deleted": "the record is deleted",
    "duplicate_event": "this event was seen before",
    "echo": "the CRM confirms our own choice",
    "in_plan_already": "the record is in this plan already",
    "member_changed": "somebody's presence changed",
    "no_plan": "no plan lists this offer there",
    "no_value": "the source record has no value, and says nothing",
    "not_offered": "the record is not offered to them",
    "not_waiting": "the record does not wait",
    "offer_over": "they declined the record before, or let it pass",
    "offer_told": "this was told of the offer before",
    "older_news": "newer news of the person came before",
    "older_offer": "something newer brought the record where it is",
    "older_version": "newer news of the record came before",
    "owner_kept": "the record has an owner, and keeps them",
    "owner_unchanged": "the owner is the one we knew",
    "paid_already": "the offer is paid, and an earlier payment that failed is told late",
    "parked_already": "the record waits in this pool already",
    "record_updated": "a change that gives the record to nobody",
    "reopened": "the record is open again",
    "stays_in_plan": "the record stays with its manager in the plan in which it is",
    "still_waiting": "the record has waited as long as a workflow says",
    "tick": "time passed",
    "told_late": "what was held back for somebody is told now",
    "unknown_availability": "no presence has this name",
    "unknown_record": "there is no such record",
    "unknown_user": "there is no such user",
    "untold_closed": "what was held back is told no more: the record is closed by now",
    "untold_moved": "what was held back is told no more: it is not true of the record any more",
    "untold_repeated": "what was held back is told no more: what came later says the same of the record",
    "untold_replaced": "what was held back is for who manages the pool, and that is somebody else by now",
    "untold_unwanted": "what was held back is told no more: they are switched off, or want no such news",
}

AbsenceReason = Literal["away", "leave", "off_shift"]
"""Why a person is not there."""
ABSENT: Final = frozenset[str](get_args(AbsenceReason))

Hindrance = Literal["too_large", "full", "limit"]
"""Why a limit stands against somebody: a record weighs more than all that they may have, or they have too much open for
it, or they were given too many lately.
"""
HINDRANCES: Final[tuple[Hindrance, ...]] = get_args(Hindrance)
"""Of several that stand against somebody the first is told."""

AtLimit = Literal[Hindrance, "pool_limit"]
AT_LIMIT: Final = frozenset[str](get_args(AtLimit))
"""Why limits stand against a member: their own, or those of the pool as a whole."""

Unable = Literal[AtLimit, "domain", "ceiling", "skills", "declined", "handed_on"]
"""Why a member who is there cannot take a record out of turn."""
UNABLES: Final[tuple[Unable, ...]] = get_args(Unable)
UNABLE: Final = frozenset[str](UNABLES)

ExclusionReason = Literal[AbsenceReason, Unable, "inactive", "paced"]


class LeftOut(NamedTuple):
    """Why a member was left out: said of them alone, and of those who have it in common ("3 away, 1 full")."""

    alone: str
    together: str


EXCLUDED: Final[Mapping[ExclusionReason, LeftOut]] = {
    "away": LeftOut("away", "away"),
    "leave": LeftOut("on leave", "on leave"),
    "off_shift": LeftOut("off shift", "off shift"),
    "inactive": LeftOut("switched off", "switched off"),
    "full": LeftOut("full", "full"),
    "too_large": LeftOut("the record weighs more than may be open at all", "for whom it weighs too much at all"),
    "limit": LeftOut("has had as many as a limit allows for now", "at a limit for now"),
    "pool_limit": LeftOut("the pool has as many as its limit allows", "in a pool at its limit"),
    "paced": LeftOut("has had their share of waiting records for this minute", "served enough for this minute"),
    "domain": LeftOut("the record is outside their domain", "with a domain of their own"),
    "declined": LeftOut("declined it, or let it pass", "who declined it or let it pass"),
    "handed_on": LeftOut("it was handed on as often as it may be", "not asked any more"),
    "skills": LeftOut("lacks a skill that the record asks for", "without the skills that records ask for"),
    "ceiling": LeftOut("has had their share of the latest turns", "with their share of the latest turns"),
}

Unresolved = Literal[
    Unfit,
    Unable,
    "away",
    "contact_too_old",
    "field_unset",
    "leave",
    "no_member",
    "no_related_owner",
    "no_related_record",
    "no_team",
    "nobody",
    "not_a_person",
    "off_shift",
    "outside_domain",
]
"""Why an entry that matched could not have the record: the next one was tried."""
UNRESOLVED: Final[Mapping[Unresolved, str]] = {
    "away": "that person is away",
    "ceiling": "that person has had their share of the pool's latest turns",
    "contact_too_old": "their last contact is too long ago, or not known",
    "declined": "that person declined it, or let it pass",
    "domain": "the record is outside that person's domain",
    "field_unset": "the field that names a person is not set",
    "full": "that person is full",
    "handed_on": "the pool handed it on as often as it may be",
    "inactive_user": "that user is switched off",
    "leave": "that person is on leave",
    "limit": "that person has had as many as a limit allows for now",
    "no_member": "that person is no member of the pool",
    "no_related_owner": "the related record has no owner",
    "no_related_record": "there is no such related record",
    "no_team": "no team's domain accepts the record",
    "nobody": "nobody fits who is switched on",
    "not_a_person": "what is named there is not a person",
    "off_shift": "that person is off shift",
    "pool_limit": "the pool has as many as its limit allows",
    "outside_domain": "the pool's domain does not accept the record",
    "skills": "that person lacks a skill that the record asks for",
    "too_large": "the record weighs more than that person, or the pool, may have open",
    "unknown_plan": "there is no such plan",
    "unknown_pool": "there is no such pool",
    "unknown_queue": "there is no such queue",
    "unknown_user": "there is no such user",
    "wrong_record_type": "the pool serves another type of record",
}

Skipped = Literal[Unresolved, "nobody_present"]
"""Why nothing waits for a step of a target, and the next one is asked, too."""
SKIPPED: Final[Mapping[Skipped, str]] = {
    **dict[Skipped, str](UNRESOLVED.items()),
    "declined": "whoever is left of it declined it, or let it pass",
    "domain": "the record is outside the domain of everybody in it",
    "full": "nobody of it may have anything open",
    "limit": "nobody of it may be given anything",
    "nobody_present": "nobody of it is there in time",
    "pool_limit": "the pool may give nothing",
    "skills": "nobody of it has the skills that the record asks for",
    "too_large": "the record weighs more than anybody of it, or the pool, may have open",
}

QUESTIONS: Final[Mapping[str, str]] = {
    "explicit_target": "named by the event",
    "default": "by default",
    "team": "by the team's domain",
    "tool": "by the tool it came in through",
    "ordered": "by an offer that was ordered",
    "payment_failed": "by an offer whose payment failed",
    "paid": "by an offer that was paid",
    "escalated": "it waited too long",
    "workflow": "by a workflow",
    "handed_on": "handed on by whom it was offered to",
    "parked": "from the waiting line",
    "reopened": "named before it was closed",
}
"""How the target was found, where no rule named it (D8)."""
