"""What a pool does until somebody has a record for good: how long they may think it over, and who is asked next."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

HAND_ON_LIMIT: Final = 7

_TIME: Final = re.compile(r"[1-9][0-9]{0,4}[dhms]")


def _time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError("a time is a whole number of days, hours, minutes or seconds: 2d, 12h, 30m, 15s")
    return value


Time = Annotated[str, StringConstraints(max_length=10), AfterValidator(_time)]

AcceptWithin = Annotated[
    Time | None,
    Field(
        description="Whom the pool gives a record is to accept it so soon, such as `15m`; else it is handed on. "
        "Absent: what it gives needs no answer."
    ),
]
HandOn = Annotated[
    int,
    Field(
        ge=0,
        le=HAND_ON_LIMIT,
        strict=True,
        description="How often a record is handed on that was declined, not accepted in time, or taken back from "
        "who is not there any more. Then nobody is asked: it waits.",
    ),
]
AskAgain = Annotated[
    bool,
    Field(
        strict=True,
        description="Where nobody is left to be asked, everybody is asked once more. Else who declined a record or let "
        "it pass is never asked again for it.",
    ),
]
