"""Text without quotes that people take for something else than a text: nothing, a number, a date, a time by name.

It is none of these as they are written here, so it would only ever be compared as a text, and hardly ever be equal to
one. It is refused with what to write instead.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import normalize

from service.language.moments import EXAMPLES, span_in
from service.language.tree import number_in

_UNSET_WORDS: Final = frozenset({"null", "none", "nil", "undefined"})
_LIKE_A_NUMBER: Final = re.compile(
    r"[+-]?(?:[1-9][0-9]{0,2}(?:[ .'][0-9]{3})+|[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*"
    r"|[0-9]+(?:[ .'][0-9]{3})*(?:,[0-9]+)+(?:\.[0-9]+)?)(?:[eE][+-]?[0-9]+)? ?%?",
    re.ASCII,
)
_LEADING_ZERO: Final = re.compile(r"0[0-9]+", re.ASCII)
_LIKE_A_DATE: Final = re.compile(
    r"(?:\d{4,6}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4})(?:[T ]+\d{1,2}(?::\d\d)?.*)?"
    r"|(?:19|20)\d\d-(?:0[1-9]|1[0-2]|W\d\d)",
    re.ASCII,
)
_GROUP_DIGITS: Final = 3
_CURRENCIES: Final = "$€£¥₹ "
_LIKE_A_SPAN: Final = re.compile(
    r"(?:now|today|yesterday|tomorrow)\s*[+-]\s*\d.*"
    r"|(?:(?:last|this|next)_(?:n_|\d+_)?|\d+_|n_)(?:fiscal_)?(?:day|week|month|quarter|year)s?(?:_ago)?(?::\d+)?",
    re.ASCII | re.IGNORECASE,
)
"""Times by name, of other products or one letter off: people who write so mean no text."""


def lookalike(text: str) -> tuple[str, str] | None:
    """Of a text without quotes that people take for nothing, a number, a date or a time and that is none: what to
    write.

    It would only ever be compared as a text, so it is an error, and this is its message and an example.
    """
    if text.casefold() in _UNSET_WORDS:
        what = f'"{text}" would be a text here: an unset field is written "", or "is empty"; put the text in quotes'
        return what, "industry is empty"
    plain = normalize("NFKC", text).strip(_CURRENCIES).strip()
    if plain != text and number_in(plain) is not None:
        what = f'"{text}" is a text: numbers are written without currencies, in digits like 5; put text in quotes'
        return what, f"size >= {plain}"
    if _LIKE_A_NUMBER.fullmatch(text) and not _LEADING_ZERO.fullmatch(text):
        what = f'"{text}" is no number as they are written here (5, -0.5, 1000, 1e6); put text in quotes'
        return what, f"size >= {_number_meant(text)}"
    if _LIKE_A_DATE.fullmatch(text) and span_in(text) is None:
        what = f'"{text}" is no date as they are written here (2024-05-31, 2024-05-31T09:30); put text in quotes'
        return what, "closed >= 2024-05-31"
    if _LIKE_A_SPAN.fullmatch(text) and span_in(text) is None:
        return f'"{text}" is no time as they are written here ({EXAMPLES}); put text in quotes', "closed >= last_7_days"
    return None


def _number_meant(text: str) -> str:
    plain = _with_a_point(re.sub(r"[_ '%]", "", text).removeprefix("+"))
    meant = plain.replace(".", "0.", 1) if plain.lstrip("-").startswith(".") else plain.removesuffix(".")
    return meant if number_in(meant) is not None else "1000"


def _with_a_point(text: str) -> str:
    """A number that has commas, without: one stands for the point, unless three digits or a point follow it."""
    whole, comma, fraction = text.rpartition(",")
    if comma and "," not in whole and "." not in fraction and len(fraction) != _GROUP_DIGITS:
        return f"{whole.replace('.', '')}.{fraction}"
    return text.replace(",", "")
