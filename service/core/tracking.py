"""Which of a record's fields are remembered between events, and how.

Most events carry the fields that their decision needs. Some decisions come later: what waits is tried again, an update
brings one field and an entry asks for two. So the fields that such conditions read are kept with the record, as JSON
text: those and no others, because memory is dear and the fields are people's data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from service.language.tree import Facts

TRACKED_CHARACTERS: Final = 4_000
"""So much of a record is remembered at most; fields beyond, in the order of their names, count as unset later."""

ASIDE: Final = ""
"""What stands there is about the fields, and is none of them (see `retold`). No field is called so that a configuration
could name.
"""

_write: Final = json.JSONEncoder(separators=(",", ":")).encode


def remember(facts: Facts, paths: Iterable[str]) -> str:
    """The text that holds what stands at these dotted paths; empty where nothing does."""
    kept: dict[str, object] = {}
    for path in sorted(paths):
        _copy(path, facts, kept)
    while kept and len(text := _write(kept)) > TRACKED_CHARACTERS:
        kept.popitem()
    return text if kept else ""


@lru_cache(maxsize=1_024)
def recall(text: str) -> Facts:
    """What `remember` made this text of, without what stands aside. It is shared: read only."""
    facts: dict[str, object] = json.loads(text) if text else {}
    facts.pop(ASIDE, None)
    return facts


@lru_cache(maxsize=1_024)
def recall_aside(text: str) -> Mapping[str, object]:
    """What stands aside in this text. It is shared: read only."""
    aside: object = json.loads(text).get(ASIDE) if text else None
    return aside if isinstance(aside, dict) else {}


def together(older: Facts, newer: Facts) -> Facts:
    """Both; of what both tell, the newer. Of a linked record each may tell a part."""
    if not older:
        return newer
    both = dict(older)
    for name, value in newer.items():
        known = both.get(name)
        is_link = isinstance(known, dict) and isinstance(value, dict) and known.get("id") == value.get("id")
        both[name] = {**known, **value} if is_link else value  # type: ignore[dict-item]  # both are mappings
    return both


def _copy(path: str, source: Facts, kept: dict[str, object]) -> None:
    """Copy what stands at the path, which is a field's whole name or leads through linked records.

    A link's id goes with it: it tells whether there is a link at all.
    """
    step, dot, rest = path.partition(".")
    if path in source:
        kept[path] = source[path]
        return
    if not dot or step not in source:
        return
    inside = source[step]
    if not isinstance(inside, dict):
        kept[step] = inside
        return
    below = kept.setdefault(step, {"id": inside["id"]} if "id" in inside else {})
    if isinstance(below, dict) and below is not inside:
        _copy(rest, inside, below)
