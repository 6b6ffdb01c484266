"""The expression line: `country in ["US", "CA"] and (size > 500 or not source == "web")`.

For people who like one line better than a list of criteria. The operators are those of criteria, so text ignores case
here, too; `and` binds closer than `or`, and `not` closer than both. Text stands in quotes, numbers, dates, true, false
and none (unset) do not. There is nothing else: no functions, no arithmetic, no patterns.
"""

from __future__ import annotations

import re
from typing import Final

from service.language.lookalikes import lookalike
from service.language.moments import EXAMPLES, UTC_CALENDAR, WRITTEN, span_in
from service.language.reading import Literal, Literals, Reader, compared
from service.language.tree import Calendar, Condition, number_in

EXAMPLE: Final = 'country in ["US", "CA"] and not source == "web"'
_WORD: Final = re.compile(r"[-+]?[\w.]+(?:(?<=[0-9][eE])[-+]?[0-9]+)?(?:[-/][0-9]+)*")
_UNSET: Final = frozenset({"none", "null"})
_TRUTH: Final = frozenset({"true", "false"})


def parse(text: str, calendar: Calendar = UTC_CALENDAR) -> Condition:
    """Read an expression; days, and dates without an offset, are those of the calendar. Raises `ConditionError`."""
    reader = Reader(text, EXAMPLE, calendar)
    condition = reader.combined(_comparison, may_mix=True)
    if not reader.is_done:
        raise reader.wrong(f'here "and" or "or" is missing, not "{reader.rest}"')
    return condition


def _comparison(reader: Reader) -> Condition:
    return compared(reader, Literals(_literal, _literal, _literal))


def _literal(reader: Reader) -> Literal:
    quoted = reader.quoted()
    if quoted is not None:
        return quoted
    begin = reader.at
    token = reader.take(WRITTEN) or reader.take(_WORD)
    written = token.group() if token is not None else ""
    if written.casefold() in _UNSET:
        return Literal("", begin, quoted=True)
    if written.casefold() in _TRUTH or number_in(written) is not None or span_in(written, reader.calendar) is not None:
        return Literal(written, begin)
    if hint := lookalike(written):
        raise reader.wrong(*hint, begin)
    if not written:
        raise reader.wrong(f'here a value is missing, not "{reader.rest}"', at=begin)
    what = f'"{written}" is no value: text needs quotes; numbers, true, false, none and dates ({EXAMPLES}) do not'
    raise reader.wrong(what, f'country == "{written}"', begin)
