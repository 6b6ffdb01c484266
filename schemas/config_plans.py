"""Sales plans as documents say them: who works on a plan, what brings leads into it, and what it is worth.

A plan is a pool for leads with more facts. A lead comes in through a lead-generation tool, or because something
happened to an offer; both are named by the ids that the CRM has for them, and stand in a catalogue, so that a misspelt
one is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from schemas.config_limits import Limits
from schemas.config_skills import Preference, Requires
from schemas.config_values import AS_WRITTEN, Id, Name, Span, detailed, named

PLANS_LIMIT: Final = 2_000
MANAGERS_LIMIT: Final = 2_000
CATALOGUE_LIMIT: Final = 20_000
LISTED_LIMIT: Final = 2_000
"""So many tools, or offers in one list, a plan has at most."""
AMOUNT_LIMIT: Final = 1e12

Mode = Literal["uniform", "linked"]
"""How a plan shares its leads out."""

COLOURS: Final[Mapping[str, str]] = {
    "black": "#000000",
    "blue": "#1d4ed8",
    "brown": "#78350f",
    "green": "#15803d",
    "grey": "#6b7280",
    "orange": "#ea580c",
    "pink": "#db2777",
    "purple": "#7e22ce",
    "red": "#dc2626",
    "teal": "#0f766e",
    "white": "#ffffff",
    "yellow": "#facc15",
}
"""The colours that have a name."""

_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")


def _colour(value: str) -> str:
    """A name or `#rrggbb`; what is kept is `#rrggbb`."""
    found = COLOURS.get(value.strip().lower(), value.strip().lower())
    if not _HEX.fullmatch(found):
        raise ValueError(f"a colour is #rrggbb, such as #15803d, or one of {', '.join(COLOURS)}")
    return found


def _text_label(value: object) -> object:
    """A text is short for a label without a colour."""
    return {"text": value} if isinstance(value, str) else value


def _dollars(value: object) -> object:
    """A number is short for an amount in US dollars."""
    return {"amount": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


class _Part(BaseModel):
    model_config = AS_WRITTEN


class Thing(_Part):
    """A tool or an offer, as people call it."""

    name: Annotated[Name, Field(description="How people call it; for people only.")] = ""


Catalogue = Annotated[
    dict[Id, Annotated[Thing, BeforeValidator(detailed, json_schema_input_type=Thing | None)]],
    Field(max_length=CATALOGUE_LIMIT),
    BeforeValidator(
        named,
        json_schema_input_type=Annotated[list[Id], Field(max_length=CATALOGUE_LIMIT)]
        | Annotated[dict[Id, Thing | None], Field(max_length=CATALOGUE_LIMIT)],
    ),
]


class Offers(_Part):
    """Which offers bring a lead into the plan, and what must have happened to them. The three lists are separate."""

    ordered: Annotated[tuple[Id, ...], Field(max_length=LISTED_LIMIT, description="When it was ordered.")] = ()
    payment_failed: Annotated[
        tuple[Id, ...], Field(max_length=LISTED_LIMIT, description="When its payment has failed.")
    ] = ()
    paid: Annotated[tuple[Id, ...], Field(max_length=LISTED_LIMIT, description="When it was paid.")] = ()


class Money(_Part):
    """An amount of money."""

    amount: Annotated[float, Field(ge=0, le=AMOUNT_LIMIT, strict=True, description="Not below zero.")]
    currency: Annotated[
        str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="Three letters, as ISO 4217 has them.")
    ] = "USD"


class Label(_Part):
    """What the CRM shows beside a lead of the plan, such as in its list of chats."""

    text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=100),
        Field(description="What it says; empty: no label."),
    ] = ""
    colour: Annotated[
        Annotated[str, StringConstraints(max_length=20), AfterValidator(_colour)] | None,
        Field(description="`#rrggbb`, or the name of a colour such as `green`. Shown only where there is a text."),
    ] = None

    @model_validator(mode="after")
    def _no_colour_alone(self) -> Self:
        if self.colour is not None and not self.text:
            raise ValueError("a colour without a text shows nothing: say what the label says, or leave the colour out")
        return self


class Plan(_Part):
    """A sales plan: a pool for leads that come in through its tools, or by what happens to its offers.

    A new manager gets every new lead until they have as many clients as the others; it is not recommended to add
    somebody to a plan that is in use.
    """

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Field(description="Its name.")
    ]
    managers: Annotated[
        tuple[Id, ...], Field(max_length=MANAGERS_LIMIT, description="The people who work on its leads.")
    ] = ()
    tools: Annotated[
        tuple[Id, ...],
        Field(
            max_length=LISTED_LIMIT,
            description="Lead-generation tools: who comes in through one comes into the plan. Each has one plan.",
        ),
    ] = ()
    offers: Annotated[
        Offers, Field(description="Offers that bring a lead in. Over all plans an offer stands once in each list.")
    ] = Offers()
    mode: Annotated[
        Mode,
        Field(
            description="`uniform`: shared evenly. `linked`: to the manager who was in contact with the lead, else it "
            "stays in the plan in which it was, with its manager there; else shared evenly."
        ),
    ] = "uniform"
    within: Annotated[
        Span | None,
        Field(description="`linked`: contacts that are older do not count, such as `90d`; absent: all count."),
    ] = None
    counts_as_turn: Annotated[
        bool, Field(strict=True, description="`linked`: who gets a lead by contact has used their turn.")
    ] = False
    credit: Annotated[
        int, Field(ge=0, le=1_000, strict=True, description="Turns that a manager who was passed over may catch up.")
    ] = 1
    requires: Annotated[Requires, Field(description="Skills that whoever gets a lead of the plan must have.")] = ()
    prefer: Annotated[
        Preference | None, Field(description="Managers who fit all of it are served before the others.")
    ] = None
    limits: Annotated[
        Limits, Field(description="What all managers together may be given, or have open of what the plan gave.")
    ] = ()
    conversion: Annotated[
        float | None,
        Field(ge=0, le=100, strict=True, description="Percent of clients who buy; absent: no potential is shown."),
    ] = None
    average_sale: Annotated[
        Annotated[Money, BeforeValidator(_dollars, json_schema_input_type=float | Money)] | None,
        Field(description="What a sale is worth; a number is an amount in US dollars."),
    ] = None
    label: Annotated[
        Annotated[Label, BeforeValidator(_text_label, json_schema_input_type=str | Label)] | None,
        Field(description="What the CRM shows beside the plan's leads; a text is short for one without a colour."),
    ] = None

    @model_validator(mode="after")
    def _linked_words(self) -> Self:
        if self.mode == "uniform" and (self.within is not None or self.counts_as_turn):
            raise ValueError('"within" and "counts_as_turn" are about the mode linked: say "mode: linked", too')
        return self
