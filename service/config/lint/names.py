"""Names that differ in letter case only: whoever means one of them will write the other.

Of people it depends on how the CRM takes their ids (`lint.people`); all other names are the configuration's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.config import Document
from service.config.findings import Finding
from service.config.ids import spelled_alike

SECTIONS: Final = ("pools", "plans", "rule_sets", "tools", "offers", "processes", "workflows")


def of_names(document: Document) -> Iterator[Finding]:
    """The second of two names in one section of a document."""
    for section in SECTIONS:
        names = getattr(document, section)
        declared = spelled_alike(names)
        for name in names:
            first = declared[name.casefold()]
            if first != name:
                message = f'this differs from "{first}" only in letter case, so one is taken for the other: rename it'
                yield Finding((section, name), message)
