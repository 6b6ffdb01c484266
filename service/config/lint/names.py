"""Names that differ in letter case only: whoever means one of them will write the other.

Of people it depends on how the CRM takes their ids (`lint.people`); all other names are the configuration's own. What
people are and can do is compared without letter case where records ask for it, and as it is written where a target
describes people, so that two spellings are one there and two here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from schemas.config import Document, User
from service.config.findings import Finding
from service.config.ids import spelled_alike
from service.config.nodes import Steps
from service.core.traits import folded

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
    yield from _of_words(document)
    yield from _of_traits(document)


def _of_words(document: Document) -> Iterator[Finding]:
    """The second spelling of what is compared without letter case: one of the two is never heard."""
    placed: list[tuple[Steps, Iterable[str]]] = [(("settings", "presence", "words"), document.settings.presence.words)]
    placed += [(("templates", kind), letters) for kind, letters in document.templates.items()]
    for path, words in placed:
        declared = spelled_alike(words)
        for word in words:
            first = declared[word.casefold()]
            if first != word:
                message = f'this is "{first}" in another letter case, which says nothing here: keep one of the two'
                yield Finding((*path, word), message)


def _of_traits(document: Document) -> Iterator[Finding]:
    """The second spelling of what people are or can do, once for each."""
    declared: dict[tuple[str, str], str] = {}
    told: set[tuple[str, str]] = set()
    for name, user in document.users.items():
        for attribute, said in _traits(user):
            first = declared.setdefault((attribute, folded(said)), said)
            if first != said and (attribute, said) not in told:
                told.add((attribute, said))
                message = f'"{said}" differs from "{first}" only in letter case: write one of the two everywhere'
                yield Finding(("users", name, attribute), message)


def _traits(user: User) -> Iterator[tuple[str, str]]:
    """What somebody is and can do, by the key under which it stands."""
    for skill in user.skills:
        yield "skills", skill
    for territory in user.territory:
        yield "territory", territory
    if user.role is not None:
        yield "role", user.role
    if user.profile is not None:
        yield "profile", user.profile
