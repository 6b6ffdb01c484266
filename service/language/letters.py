"""Which texts look alike: letter case, forms of one character, white space. The one place that says so.

Criteria and the expression line compare text without white space at its ends, in one Unicode form (NFC) and casefolded
(D41). Patterns of domains count characters (`_` is one), so there each is folded by itself and none is gained or lost:
whatever a pattern finds when case matters, it finds when case is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final
from unicodedata import normalize

_LAST_GROWN: Final = 0xFFFF
"""No character behind it folds to several."""
_PRIVATE: Final = 0xF0000


def folded(text: str) -> str:
    """A text as it is compared: `" Straße "` and `"STRASSE"` are one."""
    return folded_inside(text.strip())


def folded_inside(text: str) -> str:
    """The same with its white space, for what is looked for within a text."""
    if text.isascii():
        return text.casefold()
    return normalize("NFC", normalize("NFD", text).casefold())


def folded_each(text: str) -> str:
    """Every character folded by itself; one that would become several (`İ`, `ß`) stays one."""
    whole = text.casefold()
    return whole if len(whole) == len(text) else text.translate(_stand_ins()).casefold()


@cache
def _stand_ins() -> Mapping[int, int]:
    """For each character that folds to several: one of the private characters, the same for both of its cases."""
    grown = [character for code in range(_LAST_GROWN + 1) if len((character := chr(code)).casefold()) > 1]
    kinds = {kind: _PRIVATE + number for number, kind in enumerate(dict.fromkeys(each.casefold() for each in grown))}
    return {ord(each): kinds[each.casefold()] for each in grown}
