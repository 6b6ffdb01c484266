"""What is written to people of a decision, as the core carries it: templates that were compiled with the configuration.

The core knows of them what it needs to: which fields of records they read, so that these are remembered for news that
come when no event tells them. They are filled in where decisions become messages (`service.wire.notifications`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec import Struct

NO_FIELDS: Final[Mapping[str, object]] = MappingProxyType({})


class Spoken(NamedTuple):
    """A language's words for values: yes and no, the days of the week from Monday, the months; whole and in short."""

    yes: str
    no: str
    days: tuple[str, ...]
    days_short: tuple[str, ...]
    months: tuple[str, ...]
    months_short: tuple[str, ...]


class Values(Struct, frozen=True):
    """What a text may name: values of ours by dotted path (`record.name`), and the fields of the record. `spoken` are
    the reader's words for them; none: those of Liquid.
    """

    own: Mapping[str, object]
    fields: Mapping[str, object] = NO_FIELDS
    spoken: Spoken | None = None


class NotWritten(Exception):
    """A template could not be filled in: it asks for too much, or for what its values cannot give."""


@dataclass(frozen=True, slots=True)
class Template:
    """`reads` are the fields of records that it asks for, as dotted paths. `write` fills it in; raises `NotWritten`."""

    source: str
    reads: frozenset[str] = field(compare=False)
    write: Callable[[Values], str] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Wording:
    """What is written of one kind of news in one language. `html` none: there is plain text only."""

    subject: Template
    body: Template
    html: Template | None = None

    @cached_property
    def parts(self) -> tuple[tuple[str, Template], ...]:
        """What there is of it, by the name that each part has here."""
        parts = {"subject": self.subject, "body": self.body, "html": self.html}
        return tuple((part, template) for part, template in parts.items() if template is not None)

    @property
    def reads(self) -> frozenset[str]:
        """The fields of records that it asks for."""
        return frozenset().union(*(template.reads for _, template in self.parts))


Wordings = Mapping[str, Mapping[str, Wording]]
"""By kind of news (or `summary`), then by language in lower case."""
