"""What is said of closed records that no record can fit, or that every record does (D33)."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.config import Document
from service.config.conditions import calendar_of
from service.config.findings import Finding
from service.config.lint.written import whole
from service.language.implication import never, none_left


def of_closed(document: Document) -> Iterator[Finding]:
    """Conditions that close nothing, or everything."""
    for record_type, written in document.closed_when.items():
        condition = whole(written, calendar_of(document.settings))
        if never(condition):
            message = f"no record can fit this, so no {record_type} is ever closed by it: change it, or leave it out"
            yield Finding(("closed_when", record_type), message)
        elif none_left([(condition, False)]):
            message = f"every record fits this, so every {record_type} is closed and given to nobody: change it"
            yield Finding(("closed_when", record_type), message)
