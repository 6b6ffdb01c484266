"""How a value stands in a text: one rule for all of them, wherever a text names one, in the reader's language.

A list is its entries with commas between them; an object is the name that it has, else its id, else JSON; yes and no,
days and months have the reader's words. Texts and numbers stand as they were told, dates, too, unless the text gives
them another form: in that of the standard nobody takes the day for the month.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeGuard

from liquid import Undefined
from liquid.stringify import to_liquid_string

from service.core.letters import Spoken

MADE_OF_OTHERS: Final = (bool, list, tuple, Mapping)
"""What has no form of its own in a text."""
NAMED_BY: Final = ("name", "id")
DATE_WORDS: Final = "dmYyHIMSpjaAbB"
"""What may stand behind a `%` in a form of dates, as `strftime` has it."""

_DATE: Final = re.compile(rf"(?:[^%]|%[{DATE_WORDS}%]){{1,100}}")
_WORD: Final = re.compile(r"%(.)")


def spelt(value: object, spoken: Spoken | None) -> str:
    """The value as people read it."""
    match value:
        case bool() if spoken is not None:
            return spoken.yes if value else spoken.no
        case list() | tuple():
            return ", ".join(spelt(each, spoken) for each in value)
        case Mapping() if not isinstance(value, Undefined):
            named = next((value[each] for each in NAMED_BY if isinstance(value.get(each), str | int)), None)
            return _json(value) if named is None else str(named)
        case _:
            return to_liquid_string(value, autoescape=False)


def is_form_of_dates(form: object) -> TypeGuard[str]:
    """Whether a date can be written in it."""
    return isinstance(form, str) and _DATE.fullmatch(form) is not None


def dated(moment: datetime, form: str, spoken: Spoken | None) -> str:
    """The moment in a form of `strftime`, with the reader's words for days and months."""
    if spoken is None:
        return moment.strftime(form)
    words = {
        "A": spoken.days[moment.weekday()],
        "a": spoken.days_short[moment.weekday()],
        "B": spoken.months[moment.month - 1],
        "b": spoken.months_short[moment.month - 1],
    }
    return moment.strftime(_WORD.sub(lambda found: words.get(found.group(1), found.group()), form))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
