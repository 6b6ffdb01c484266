"""What an event tells that we did not know: the news.

`hearing.hear` makes exactly one of these of an event about a record; whoever acts on it asks the news, and never again
a version, a time or an id. Each says in which respect it is the newest that was told: an update that came late may
still name an owner, and the echo of an assignment may be the newest there is of the record.
"""

from __future__ import annotations

from msgspec import Struct, field

from service.core.events import RecordStatus, Target
from service.core.order import Moment
from service.core.past import NOTHING_TOLD, Past
from service.core.reasons import NothingReason
from service.language.changes import UNCHANGED, Change
from service.language.tree import Facts


class Heard(Struct, frozen=True, kw_only=True, gc=False):
    """What every news says: when it was told, and what of it is worth remembering.

    `is_newest`: nothing newer is known of the record, so its fields stand. `tells_owner`: nothing newer is known of its
    owner. `names_former`: it names who had the record before the owner that is known. `before`: the fields that were
    remembered until now. `status`: whether the record is open or closed, where nothing newer is known of that (none:
    not told); `in_words`: the event says so itself. `change`: of the fields that conditions on change ask for, the
    values before, and which of them are others now; `past`: their newest values, which are remembered from now on.
    """

    at: Moment = Moment()
    is_newest: bool = False
    tells_owner: bool = False
    names_former: bool = False
    before: Facts = {}
    status: RecordStatus | None = None
    in_words: bool = False
    change: Change = UNCHANGED
    past: Past = field(default_factory=lambda: NOTHING_TOLD)


class NoNews(Heard, frozen=True, kw_only=True, gc=False):
    """Known already, or overtaken: nothing is to be done, for this reason. `detail`: who or what it is about."""

    reason: NothingReason
    detail: str = ""


class Created(Heard, frozen=True, kw_only=True, gc=False):
    """The record came into being, and nobody has it yet. `owner` is whom the CRM names; none: nobody."""

    owner: Target | None


class OwnerNow(Heard, frozen=True, kw_only=True, gc=False):
    """In the CRM the record has this owner from now on, or is given to this pool anew; none: nobody has it any more."""

    owner: Target | None


class FieldsNow(Heard, frozen=True, kw_only=True, gc=False):
    """The record is told again, maybe with other fields. `echo`: our choice that it confirms (empty: none)."""

    echo: str = ""


class Deleted(Heard, frozen=True, kw_only=True, gc=False):
    """The record is gone."""


class Restored(Heard, frozen=True, kw_only=True, gc=False):
    """A deleted record is back. `owner` is whom the CRM names; `names_owner`: it says so, and be it nobody."""

    owner: Target | None
    names_owner: bool


class Offered(Heard, frozen=True, kw_only=True, gc=False):
    """Something happened to an offer made for the record. When that was is the offer's own matter (see `plans`)."""


class Contacted(Heard, frozen=True, kw_only=True, gc=False):
    """Somebody was in contact with the record. When that was is the contact's own matter (see `contacts`)."""


class Answered(Heard, frozen=True, kw_only=True, gc=False):
    """Somebody says that they take a record which is offered to them, or that they do not (see `accepting`)."""


News = NoNews | Created | OwnerNow | FieldsNow | Deleted | Restored | Offered | Contacted | Answered
