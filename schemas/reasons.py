"""The words in which decisions say why. A word never changes what it means; new ones may come."""

from __future__ import annotations

from typing import Literal

PendingReason = Literal["empty_pool", "nobody_eligible", "not_accepted"]
RejectionReason = Literal[
    "chain_depth",
    "channel_not_allowed",
    "inactive_user",
    "not_a_member",
    "not_permitted",
    "no_target",
    "outside_domain",
    "unknown_plan",
    "unknown_pool",
    "unknown_queue",
    "unknown_record_type",
    "unknown_user",
    "wrong_record_type",
]
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
Link = Literal["contact", "stays", "owner"]
NotificationKind = Literal[
    "assigned", "offered", "queued", "refused", "withdrawn", "reassigned", "waiting", "escalated"
]
ExclusionReason = Literal[
    "away",
    "leave",
    "off_shift",
    "inactive",
    "full",
    "limit",
    "pool_limit",
    "paced",
    "domain",
    "ceiling",
    "skills",
    "declined",
    "handed_on",
]
Unresolved = Literal[
    "away",
    "ceiling",
    "contact_too_old",
    "declined",
    "domain",
    "full",
    "inactive_user",
    "leave",
    "limit",
    "no_member",
    "no_related_owner",
    "no_related_record",
    "no_team",
    "nobody",
    "not_a_person",
    "off_shift",
    "outside_domain",
    "pool_limit",
    "skills",
    "unknown_plan",
    "unknown_pool",
    "unknown_queue",
    "unknown_user",
    "wrong_record_type",
]
Withheld = Literal[
    "asked_already",
    "chain_depth",
    "field_deleted",
    "field_unknown",
    "filled_already",
    "filled_before",
    "left_empty",
    "marked_already",
    "marked_before",
    "note_required",
    "other_process",
    "process_unknown",
    "step_deleted",
    "task_generated",
]
