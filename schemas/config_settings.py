"""What holds for a whole division, and what its product plan has."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from schemas.config_rights import Visibility
from schemas.config_telling import Notifications
from schemas.config_values import AS_WRITTEN, PersonId, Zone, in_order
from schemas.events import Availability, AvailabilityWord, Channel

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class _Part(BaseModel):
    model_config = AS_WRITTEN


class Available(_Part):
    """Whether something is part of your product plan, and how many of it there may be."""

    available: Annotated[bool, Field(strict=True, description="False: there may be none.")] = True
    at_most: Annotated[int | None, Field(ge=0, strict=True, description="So many; absent: any number.")] = None


class Product(_Part):
    """What the product plan of the division has: a configuration with more is refused."""

    pools: Annotated[Available, Field(description="Pools and queues.")] = Available()
    plans: Annotated[Available, Field(description="Sales plans.")] = Available()
    workflows: Annotated[Available, Field(description="Workflows; `at_most` counts the active ones.")] = Available()


class Unowned(_Part):
    """Which owners on a created record count as none: most CRMs store the creator as owner."""

    users: Annotated[
        tuple[PersonId, ...],
        Field(max_length=1_000, description="Owners who count as nobody, such as the integration's own user."),
        AfterValidator(in_order),
    ] = ()
    channels: Annotated[
        tuple[Channel, ...],
        Field(max_length=20, description="Ways in whose owner counts as nobody."),
        AfterValidator(in_order),
    ] = ()


class Presence(_Part):
    """How the CRM tells who is there."""

    words: Annotated[
        dict[Availability, AvailabilityWord],
        Field(
            max_length=200,
            description="What the CRM's own words mean, such as `{busy: away, online: available}`, in any letter case.",
        ),
    ] = {}
    pass_over_off_shift: Annotated[
        bool, Field(strict=True, description="Entries that name one person pass over them off shift as well.")
    ] = False


class Settings(_Part):
    """What holds for the whole division."""

    treat_as_unowned: Annotated[Unowned, Field(description="Which owners on a created record count as none.")] = (
        Unowned()
    )
    presence: Annotated[Presence, Field(description="How the CRM tells who is there.")] = Presence()
    require_actor: Annotated[
        bool, Field(strict=True, description="Refuse events without an actor instead of trusting the system.")
    ] = False
    depth_limit: Annotated[
        int, Field(ge=1, le=100, strict=True, description="Automatic decisions that may lead to one another.")
    ] = 5
    visibility: Annotated[Visibility, Field(description="Who may look at what.")] = Visibility()
    notifications: Annotated[Notifications, Field(description="How everybody is told who says nothing else.")] = (
        Notifications()
    )
    product: Annotated[Product, Field(description="What your product plan has.")] = Product()
    zone: Annotated[
        Zone, Field(description="The IANA time zone whose days `today` and dates without an offset mean.")
    ] = "UTC"
    week_starts: Annotated[Weekday, Field(description="The day on which `this_week` and its like begin.")] = "monday"
