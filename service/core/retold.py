"""What a text may say of a record: nothing of a field that was deleted in the CRM, until an event tells the new one.

A deletion is heard once, and what is remembered of thousands of records is not looked through for it. So what is
remembered of such a field is unknown to a text, unless it stands beside it that an event told the field since: then it
is the value of another field of that name. That goes with what is remembered of the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.in_process import elements_of
from service.core.tracking import ASIDE, recall_aside
from service.language.changes import UNTOLD, told_at
from service.language.tree import Facts

NONE: Final[Facts] = {}


def sayable(facts: Facts, remembered: str, record_type: str, draft: Draft, config: Config) -> Facts:
    """The facts without what a text may not say. `remembered`: the text of the record's tracked fields (see
    `tracking`).
    """
    gone = _gone(record_type, draft, config)
    if not gone:
        return facts
    told = recall_aside(remembered)
    for path, deleted_ms in gone.items():
        if told.get(path) != deleted_ms:
            facts = _without(path, facts)
    return facts


def retold(told: Facts, remembered: str, record_type: str, draft: Draft, config: Config) -> Facts:
    """What is to be remembered of fields that were deleted, now that an event told these facts: which of them were told
    since, by path, and when they were deleted. Nothing where none was told.
    """
    gone = _gone(record_type, draft, config)
    before = recall_aside(remembered) if gone else NONE
    since = {
        path: deleted_ms
        for path, deleted_ms in gone.items()
        if before.get(path) == deleted_ms or told_at(path, told) is not UNTOLD
    }
    return {ASIDE: since} if since else NONE


def _gone(record_type: str, draft: Draft, config: Config) -> Mapping[str, int]:
    """The fields that texts say and that were deleted, or a link that leads to them, by path: when that was heard."""
    known = draft.hindered_before().gone
    found: dict[str, int] = {}
    for path in config.fields_told if known else ():
        deleted_ms = max([known.get(name, 0) for name in elements_of(record_type, path)])
        if deleted_ms:
            found[path] = deleted_ms
    return found


def _without(path: str, facts: Facts) -> Facts:
    """The facts in which nothing stands at this path."""
    if path in facts:
        return {name: value for name, value in facts.items() if name != path}
    step, _, rest = path.partition(".")
    inside = facts.get(step)
    return {**facts, step: _without(rest, inside)} if rest and isinstance(inside, dict) else facts
