"""Whether a field holds anything at all. Every notation asks it here, of nearly every field that it reads."""

from __future__ import annotations

from itertools import islice
from typing import Final

MAX_ELEMENTS: Final = 1_000
"""So many choices, or linked records, of one field are looked at."""

_NO_DATE: Final = frozenset({"0000-00-00", "0000-00-00 00:00:00", "0000-00-00T00:00:00"})
"""How some databases write that a date is not set."""
_DATE_CHARACTERS: Final = 40
_UNSET_SIGNS: Final = frozenset(";" + "".join(_NO_DATE).casefold())


def is_unset(fact: object) -> bool:
    """Whether a field holds nothing, in whatever form a CRM or a file says so: absent, null, blank text, a date of
    zeros, a link without an id, a list or a text of choices in which none is made. The one rule of all notations.
    """
    if type(fact) is str:
        text = fact.replace(";", " ") if ";" in fact else fact
        return not text or text.isspace() or (len(text) <= _DATE_CHARACTERS and text.strip() in _NO_DATE)
    if isinstance(fact, dict):
        return not fact or ("id" in fact and _is_no_id(fact["id"]))
    if fact is None:
        return True
    if isinstance(fact, list | tuple):
        return all(not isinstance(each, list | tuple) and is_unset(each) for each in islice(fact, MAX_ELEMENTS))
    return False


def _is_no_id(value: object) -> bool:
    return value is None or value is False or (type(value) is str and is_unset(value))


def may_be_in_unset(piece: str) -> bool:
    """Whether a text in which this is found may hold nothing all the same."""
    return all(sign.isspace() or sign in _UNSET_SIGNS for sign in piece.casefold())


def is_empty(fact: object) -> bool:
    """Whether nothing is filled in: unset, or false, which is no tick, and what some CRMs send for whatever is not set.

    So domains ask, as Odoo does, and so a path is followed through links. In criteria `false` is a value.
    """
    return fact is False or is_unset(fact)
