"""Public holidays become dates when a configuration is loaded from files, and never later.

What is published holds the days themselves, so no lane asks what a holiday is: two processes with different releases of
the `holidays` package decide alike, and a restart next year decides as today. A list that a document declares itself
stands above the package. Without the package, an optional extra, such lists are all there is.

Days begin at a fixed year and reach some years behind the present one: a day that was published stays, and each year
adds one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from schemas.config import Document
from schemas.config_time import is_date
from service.config.findings import Finding
from service.config.nodes import Steps

PACKAGE: Final = "holidays"
FIRST_YEAR: Final = 2025
YEARS_AHEAD: Final = 3


def with_public_holidays(document: Document) -> Document:
    """The document with the holidays of each country or region that it names and does not declare."""
    named = {name for name in _named(document) if name not in document.holidays}
    found = {name: days for name in sorted(named) if (days := public_holidays(name))}
    return document.model_copy(update={"holidays": document.holidays | found}) if found else document


@lru_cache(maxsize=500)
def public_holidays(region: str) -> tuple[str, ...]:
    """The public holidays of a country (`FR`) or of one of its regions (`DE-BE`), mere observances apart; none: there
    is no such region, or the package is not installed.
    """
    if find_spec(PACKAGE) is None:
        return ()
    package = import_module(PACKAGE)
    country, _, part = region.partition("-")
    years = range(FIRST_YEAR, datetime.now(UTC).year + YEARS_AHEAD + 1)
    try:
        found: Collection[date] = package.country_holidays(
            country, subdiv=part or None, years=years, categories=package.PUBLIC
        )
    except (NotImplementedError, ValueError):
        return ()
    return tuple(str(day) for day in sorted(found))


def unknown_list(path: Steps, name: str, declared: Collection[str]) -> Finding:
    """A name that no list of holidays has."""
    near = get_close_matches(name, declared, n=1)
    if near:
        hint = f'did you mean "{near[0]}"?'
    elif find_spec(PACKAGE) is None:
        hint = 'install the extra "holidays" (pip install "fairlead[holidays]") for those of a country or region'
    else:
        hint = "no country or region has this name either, they are called FR or DE-BE"
    return Finding(path, f'"{name}" is not declared under "holidays"; {hint}', is_undeclared=True)


def _named(document: Document) -> Iterator[str]:
    for calendar in (*document.calendars.values(), *document.users.values()):
        yield from (name for name in calendar.holidays or () if not is_date(name))
