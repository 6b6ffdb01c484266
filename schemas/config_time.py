"""People's time as documents say it: weekly hours, zones, holidays and leave, of a person or of a calendar they share.

A document says days and times of day; which moments those are is for `service.core.calendar`. Hours are kept
by the day of the week, however they were written, so that equal hours are equal content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from schemas.config_settings import Weekday
from schemas.config_values import AS_WRITTEN, Id, Zone, in_order, meant_by, several

CALENDARS_LIMIT: Final = 2_000
HOLIDAY_LISTS_LIMIT: Final = 500
HOLIDAYS_LIMIT: Final = 2_000
"""So many days one list has at most."""
LEAVE_LIMIT: Final = 100
BLOCKS_LIMIT: Final = 20
"""So many blocks begin on one day at most."""

DAYS_LONGEST: Final = 60
"""So many characters has a key that names days at most: of a longer one nobody guesses what it means."""
DAY_MINUTES: Final = 1_440

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = get_args(Day)
EXAMPLE: Final = '{mon-fri: ["09:00-12:30", "13:30-18:00"], sat: ["22:00-06:00"]}'

_LOOSE_BLOCK: Final = re.compile(
    r"(\d{1,2})(?:[:.](\d\d))?(?:h|uhr)?[-\u2013\u2014](\d{1,2})(?:[:.](\d\d))?(?:h|uhr)?", re.ASCII
)
_BLOCK: Final = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", re.ASCII)
_WORD: Final = re.compile(r"[^\s,-]+")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class _Part(BaseModel):
    model_config = AS_WRITTEN


def minutes_of(block: str) -> tuple[int, int]:
    """A block's start and end in minutes since midnight of the day on which it begins: over midnight its end is above
    `DAY_MINUTES`. Raises `ValueError` for a text that is no block.
    """
    match = _BLOCK.fullmatch(block)
    if match is None:
        form = "working time is written from-to, such as 09:00-17:30, or 22:00-06:00 over midnight"
        raise ValueError(f"{form}{_block_meant(block)}")
    hour, minute, end_hour, end_minute = map(int, match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if start >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError("a day has the times 00:00 to 24:00")
    if start == end:
        raise ValueError("this begins and ends at one time: for a whole day write 00:00-24:00")
    return start, end if end > start else end + DAY_MINUTES


def _block_meant(block: str) -> str:
    """The block that is meant by `9-17`, `9:00–17:30` or the like, as the end of a sentence; empty: none is known."""
    found = _LOOSE_BLOCK.fullmatch(block)
    if found is None or max(int(found[1]), int(found[3])) * 60 > DAY_MINUTES:
        return ""
    start, end = (f"{int(found[at]):02}:{found[at + 1] or '00'}" for at in (1, 3))
    return f'; did you mean "{start}-{end}"?'


def _block(value: str) -> str:
    written = "".join(value.split())
    minutes_of(written)
    return written


def _days_in(written: str) -> list[Day]:
    """The days that a key names: `mon`, `mon-fri`, `sat, sun`, in any letter case and also in full."""
    found = _days_read(written)
    if found is None:
        raise ValueError(f"hours are by day{_days_meant(written)}")
    return found


def _days_read(written: str) -> list[Day] | None:
    found: list[Day] = []
    for part in written.casefold().split(","):
        first, _, last = part.strip().partition("-")
        named = [_day(each.strip()) for each in (first, last or first)]
        if None in named:
            return None
        start, end = (DAYS.index(each) for each in named if each is not None)
        found += [DAYS[number % len(DAYS)] for number in range(start, end + 1 if end >= start else end + 1 + len(DAYS))]
    return found


def _days_meant(written: str) -> str:
    """The end of a sentence: the days that are probably meant, else how they are written."""
    meant = _WORD.sub(lambda word: _day_near(word[0]), written.casefold()) if len(written) <= DAYS_LONGEST else ""
    days = _days_read(meant)
    if days and len(set(days)) == len(days):
        return f'; did you mean "{meant}"?'
    return f": {', '.join(DAYS)}, or mon-fri, or sat,sun; such as {EXAMPLE}"


def _day_near(word: str) -> str:
    words = dict.fromkeys((*DAYS, *get_args(Weekday)))
    return meant_by(word, words) or word


def _day(word: str) -> Day | None:
    return next((day for day, in_full in zip(DAYS, get_args(Weekday), strict=True) if word in (day, in_full)), None)


def by_day(value: object) -> object:
    """Hours as they are kept: by the single day."""
    if not isinstance(value, Mapping):
        return value
    found: dict[Day, object] = {}
    for key, blocks in value.items():
        for day in _days_in(str(key)):
            if day in found:
                raise ValueError(f"the hours of {day} are said twice: keep one of them")
            found[day] = [str(blocks)] if isinstance(blocks, str | int) else [] if blocks is None else blocks
    return {day: found[day] for day in DAYS if found.get(day) or found.get(day) == []}


def _some(hours: dict[Day, tuple[str, ...]]) -> dict[Day, tuple[str, ...]]:
    """Hours in which nobody ever works are a mistake."""
    worked = {day: tuple(sorted(set(blocks))) for day, blocks in hours.items() if blocks}
    if not worked:
        raise ValueError(
            f"these hours are empty, so nobody is ever there: leave them out for always, or write {EXAMPLE}"
        )
    return worked


def _days(value: str) -> str:
    try:
        if is_date(value):
            return str(date.fromisoformat(value))
    except ValueError:
        pass
    raise ValueError(f"there is no such day: write one as {date(2026, 12, 24)}{_day_meant(value).partition(',')[0]}")


def is_date(written: str) -> bool:
    """Whether it is a day, and no moment and no name."""
    return _DATE.fullmatch(written) is not None


def _named_or_day(value: str) -> str:
    return _days(value) if is_date(value) else value


def _moment(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        form = "a day such as 2026-08-01, or a moment such as 2026-08-01T12:00, is expected here"
        raise ValueError(f"{form}{_day_meant(value)}") from None
    return value


def _day_meant(value: str) -> str:
    """The day that is written in the order of Europe, as the end of a sentence; empty: none is."""
    found = _DAY_FIRST.fullmatch(value.strip())
    if found is None:
        return ", and there is no such day" if is_date(value) else ""
    try:
        return f'; did you mean "{date(int(found[3]), int(found[2]), int(found[1]))}"?'
    except ValueError:
        return ", and there is no such day"


Block = Annotated[str, StringConstraints(max_length=20), AfterValidator(_block)]
Hours = Annotated[
    dict[Day, Annotated[tuple[Block, ...], Field(max_length=BLOCKS_LIMIT)]],
    BeforeValidator(
        by_day,
        json_schema_input_type=dict[str, str | Annotated[list[str], Field(max_length=BLOCKS_LIMIT)] | None],
    ),
    AfterValidator(_some),
]
DayText = Annotated[str, Field(json_schema_extra={"pattern": _DATE.pattern}), AfterValidator(_days)]
Days = Annotated[
    tuple[DayText, ...],
    Field(max_length=HOLIDAYS_LIMIT),
    BeforeValidator(several, json_schema_input_type=DayText | list[DayText]),
    AfterValidator(in_order),
]
Holidays = Annotated[
    tuple[Annotated[Id, AfterValidator(_named_or_day)], ...],
    Field(max_length=HOLIDAYS_LIMIT),
    BeforeValidator(several, json_schema_input_type=Id | list[Id]),
    AfterValidator(in_order),
]
MomentText = Annotated[str, StringConstraints(max_length=40), AfterValidator(_moment)]


class Calendar(_Part):
    """When people work: by weekly hours, without holidays. What is absent says nothing."""

    hours: Annotated[
        Hours | None,
        Field(
            description=f"By day of the week, such as `{EXAMPLE}`; a block over midnight belongs to the day on which "
            "it begins, 24:00 is an end, and days that are not named are free. Absent: always."
        ),
    ] = None
    zone: Annotated[Zone | None, Field(description="The IANA time zone of all that. Absent: the settings'.")] = None
    holidays: Annotated[
        Holidays | None,
        Field(
            description="Days on which nobody works, or names of lists of such days: of the section `holidays`, or of "
            "a country or region, such as `DE-BE`."
        ),
    ] = None
    works_on: Annotated[Days | None, Field(description="Days on which they work although they are holidays.")] = None


class Leave(_Part):
    """Time off: whole days, the last included, or from one moment up to another."""

    model_config = AS_WRITTEN | ConfigDict(serialize_by_alias=True)

    from_: Annotated[MomentText, Field(alias="from", description="The first day, or the moment.")]
    until: Annotated[MomentText, Field(description="The last day, which is included, or the moment of return.")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        start, end = (datetime.fromisoformat(text).replace(tzinfo=None) for text in (self.from_, self.until))
        if is_date(self.until):
            end = datetime.combine(end, time.max)
        if end < start:
            raise ValueError("this leave ends before it begins: turn the two around")
        return self


class Worktime(Calendar):
    """When one person works: as their calendar says, but for the keys that stand here."""

    calendar: Annotated[Id | None, Field(description="A calendar that they share with others.")] = None
    leave: Annotated[tuple[Leave, ...], Field(max_length=LEAVE_LIMIT, description="When they are on leave.")] = ()
