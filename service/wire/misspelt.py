"""Keys of an event that we do not read, and which known key each may have meant.

Events are read tolerantly: a producer may send more than we know, and its next version will. But a mistyped `owner` is
an owner lost in silence, so a key that looks like a known one is told: by its name, never with what stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from pydantic import BaseModel

from schemas.events import INPUTS, Actor, CrmRecord, Linked, Owner, known_status

TOLD_KEYS: Final = 20
"""So many unknown keys of one event are told at most."""
LONGEST_KEY: Final = 40
SHORTEST_KEY: Final = 4
"""Shorter names are too easily taken for each other, but for letter case and what stands between words."""

_PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "record": CrmRecord,
    "owner": Owner,
    "actor": Actor,
}
_NAMES: Final[Mapping[type[BaseModel], frozenset[str]]] = {
    model: frozenset(model.model_fields) for model in (*INPUTS.values(), CrmRecord, Owner, Actor, Linked)
}


class Misspelt(NamedTuple):
    """A key as it was written, with its place, and the known key that it looks like."""

    written: str
    meant: str


def unknown_keys(data: object, model: type[BaseModel]) -> tuple[str, ...]:
    """The dotted names of what stands in an event's data and is not read; `*` is any linked record."""
    if not isinstance(data, dict):
        return ()
    names = _NAMES[model]
    found = [name for name in data if name not in names]
    for part, form in _PARTS.items():
        inside = data.get(part)
        if isinstance(inside, dict) and not inside.keys() <= _NAMES[form]:
            found += [f"{part}.{name}" for name in inside if name not in _NAMES[form]]
    record = data.get("record")
    status = record.get("status") if isinstance(record, dict) else None
    if status is not None and known_status(status) is None:
        found.append("record.status")
    linked = record.get("linked") if isinstance(record, dict) else None
    if isinstance(linked, dict) and linked:
        found += _in_links(linked)
    return tuple(dict.fromkeys(found[:TOLD_KEYS])) if found else ()


def misspelt(unknown: tuple[str, ...], model: type[BaseModel]) -> Iterator[Misspelt]:
    """Those of the unknown keys that look like a known one of their place."""
    for path in unknown:
        place, _, name = path.rpartition(".")
        known = Linked if place == "record.linked.*" else _PARTS.get(place, model)
        meant = meant_by(name, tuple(known.model_fields)) if len(name) <= LONGEST_KEY else ""
        if meant:
            yield Misspelt(path, meant)


@lru_cache(maxsize=4_096)
def meant_by(name: str, known: tuple[str, ...]) -> str:
    """The known name that this one looks like: but for case, one letter, or an `id` at its end; empty: none."""
    plain = _plain(name)
    for each in known:
        wanted = _plain(each)
        if wanted in {plain, plain.removesuffix("id")} or (len(wanted) >= SHORTEST_KEY and _is_near(plain, wanted)):
            return each
    return ""


def _in_links(linked: Mapping[str, object]) -> list[str]:
    known = _NAMES[Linked]
    records = [each for each in linked.values() if isinstance(each, dict)]
    return [f"record.linked.*.{name}" for record in records for name in record if name not in known]


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _is_near(one: str, other: str) -> bool:
    """Whether one letter too many, too few, another, or two that changed places make one text of the other."""
    shorter, longer = sorted((one, other), key=len)
    if len(longer) - len(shorter) > 1:
        return False
    same = next((at for at, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if len(shorter) < len(longer):
        return shorter[same:] == longer[same + 1 :]
    swapped = longer[same + 1 : same + 2] + longer[same : same + 1] + longer[same + 2 :]
    return shorter[same + 1 :] == longer[same + 1 :] or shorter[same:] == swapped
