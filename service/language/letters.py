"""Which texts look alike: letter case, forms of one character, white space. The one place that says so.

Criteria and the expression line compare text without white space at its ends, in one Unicode form (NFC) and casefolded
(D41). Patterns of domains count characters (`_` is one), so there each is folded by itself and none is gained or lost:
whatever a pattern finds when case matters, it finds when case is ignored.
"""

from __future__ import annotations

from functools import cache
from typing import Final
from unicodedata import normalize

from service.language.tree import MAX_CHARACTERS

_GROWING: Final = (range(0xC0, 0x600), range(0x1E00, 0x2000), range(0xFB00, 0xFB20))
"""Where the characters are that fold to several: Latin, Greek and Armenian letters, and ligatures."""
_PRIVATE: Final = 0xF0000


def folded(text: str) -> str:
    """A text as it is compared: `" Straße "` and `"STRASSE"` are one."""
    return folded_inside(text.strip())


def folded_inside(text: str) -> str:
    """The same with its white space, for what is looked for within a text.

    What is longer than anything that it could be compared with keeps the forms its letters have.
    """
    if text.isascii() or len(text) > MAX_CHARACTERS:
        return text.casefold()
    return normalize("NFC", normalize("NFD", text).casefold())


def folded_each(text: str) -> str:
    """Every character folded by itself; one that would become several (`İ`, `ß`) stays one."""
    whole = text.casefold()
    if len(whole) == len(text):
        return whole
    for grown, stand_in in _stand_ins():
        text = text.replace(grown, stand_in)
    return text.casefold()


@cache
def _stand_ins() -> tuple[tuple[str, str], ...]:
    """For each character that folds to several: one of the private characters, the same for both of its cases."""
    grown = [each for block in _GROWING for each in map(chr, block) if len(each.casefold()) > 1]
    kinds = list(dict.fromkeys(each.casefold() for each in grown))
    return tuple((each, chr(_PRIVATE + kinds.index(each.casefold()))) for each in grown)
