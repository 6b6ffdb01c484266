"""What a configuration says that is off as long as lanes are below a level: no doubt about it, for what is written is
meant, and whoever writes it may not be the one who raises lanes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from schemas.config import Document
from service.config.findings import Finding
from service.config.nodes import Steps
from service.core.parts import PARTS
from service.core.state import FIRST_LEVEL

EVERY = "*"
"""Stands for every name in the place of a part, or for every row of a list."""


def above(document: Document, level: int = FIRST_LEVEL) -> Iterator[Finding]:
    """The parts of a document whose rules are off on lanes at this level, each told where it stands first."""
    for place, part in PARTS.items():
        first = next(_standing(document, tuple(place.split("."))), None) if part.level > level else None
        if first is not None:
            message = (
                f"this is off on lanes below level {part.level}: `fairlead level show` says where they are, and once "
                "no older process is left, `fairlead level raise` switches it on"
            )
            yield Finding(first, message)


def _standing(value: Any, place: tuple[str, ...], before: Steps = ()) -> Iterator[Steps]:
    """Where something stands at the place, below a value; of what has entries, the first of them."""
    if not value:
        return
    if not place:
        yield (*before, next(iter(value))) if isinstance(value, Mapping) else before
    elif place[0] == EVERY:
        assert isinstance(value, Mapping | tuple)
        entries = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, entry in entries:
            yield from _standing(entry, place[1:], (*before, name))
    else:
        yield from _standing(_told(value, place[0]), place[1:], (*before, place[0]))


def _told(value: BaseModel, key: str) -> Any:
    """What a part of a document has under a key; nothing where that means what it means without."""
    told = getattr(value, key, None)
    form = type(value).model_fields.get(key)
    return None if form is None or told == form.default else told
