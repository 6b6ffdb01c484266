"""What a configuration says that is off as long as lanes are below a level."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.config import Document
from service.config.findings import Finding
from service.core.configuration import LEVELS
from service.core.state import FIRST_LEVEL


def above(document: Document, level: int = FIRST_LEVEL) -> Iterator[Finding]:
    """The parts of a document whose rules are off on lanes at this level, each told where its first entry stands."""
    for name, needed in LEVELS.items():
        part = getattr(document, name, None)
        if needed > level and part:
            message = (
                f"this is off on lanes below level {needed}: `fairlead level show` says where they are, and once no "
                "older process is left, `fairlead level raise` switches it on"
            )
            yield Finding((name, next(iter(part))), message)
