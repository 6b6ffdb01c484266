"""Scores and sizes that never say anything: rows that no record fits, and fields that hold no number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.config import Document
from service.config.conditions import calendar_of
from service.config.declared_fields import fields_of, is_declared
from service.config.findings import Finding
from service.config.lint.written import whole
from service.language.implication import never
from service.language.nearest import nearest

NUMBERS: Final = frozenset({"number", "text", None})
"""Types of field in which a number may stand."""


def of_scoring(document: Document) -> Iterator[Finding]:
    """Everything of the kind."""
    calendar = calendar_of(document.settings)
    for record_type, rows in document.scores.items():
        for number, row in enumerate(rows):
            path = ("scores", record_type, number)
            if never(whole(row, calendar)):
                yield Finding(path, "no record can fit this row, so it never counts: change it, or take it out")
            elif not row.points:
                yield Finding((*path, "points"), "0 points are none: write some, or take the row out")
    for record_type, field in document.sizes.items():
        declared = fields_of(document, record_type)
        if not declared:
            continue
        if not is_declared(field, declared):
            near = nearest(field, declared)
            hint = f'did you mean "{near}"?' if near else 'add it under "fields"'
            yield Finding(("sizes", record_type), f'"{field}" is not among the fields of {record_type}s; {hint}')
        elif declared.get(field) not in NUMBERS:
            message = f'"{field}" is a {declared[field]}, so every {record_type} counts as 1: name a number'
            yield Finding(("sizes", record_type), message)
