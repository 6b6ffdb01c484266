"""Made-up names, so that a demonstration needs nobody's data."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

BEGINNINGS: Final = (
    "Alder",
    "Blue Heron",
    "Cobalt",
    "Drift",
    "Ember",
    "Fjord",
    "Granite",
    "Harbour",
    "Indigo",
    "Juniper",
)
MIDDLES: Final = (
    "Optics",
    "Freight",
    "Bakeries",
    "Robotics",
    "Textiles",
    "Pumps",
    "Studios",
    "Orchards",
    "Tools",
    "Tea",
)
ENDINGS: Final = ("Ltd", "GmbH", "SA", "Inc", "AB", "BV", "SpA")
FIRST_NAMES: Final = ("Ada", "Bram", "Chidi", "Dana", "Emre", "Fleur", "Gita", "Hana", "Ivo", "Jaya", "Kofi", "Lena")
LAST_NAMES: Final = ("Abara", "Brandt", "Castell", "Dahl", "Eklund", "Fontane", "Garrido", "Hale", "Ibsen", "Jansen")
COUNTRIES: Final = ("DE", "FR", "GB", "IT", "SE", "ES", "NL", "PL", "US", "US", "CA", "BR", "MX", "JP", "AU")
SOURCES: Final = ("web", "web", "web", "fair", "fair", "referral", "referral", "call", "call", "partner")
SECTORS: Final = ("retail", "machinery", "software", "food", "transport")
SIZES: Final = (4, 12, 30, 80, 140, 300, 650, 1_200, 2_400)
KEY_ACCOUNT_EMPLOYEES: Final = 7_500
KEY_ACCOUNT_ODDS: Final = 0.01


class Firm(NamedTuple):
    """A company, as a CRM links it to its leads."""

    name: str
    sector: str
    employees: int


def made_up_firm(chance: Random) -> Firm:
    """Any company; one in a hundred is large."""
    is_large = chance.random() < KEY_ACCOUNT_ODDS
    return Firm(
        f"{chance.choice(BEGINNINGS)} {chance.choice(MIDDLES)} {chance.choice(ENDINGS)}",
        chance.choice(SECTORS),
        KEY_ACCOUNT_EMPLOYEES if is_large else chance.choice(SIZES),
    )


def made_up_contact(chance: Random) -> str:
    """Any person's name."""
    return f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
