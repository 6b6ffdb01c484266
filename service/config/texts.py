"""The words in which people are told: those of a configuration, and those that are shipped.

A text is checked and compiled once, with its configuration. In which language somebody is told is decided in one
place: in theirs; where there is no text in it, in the language without its country, then in the division's, then in
English. In each of these a configuration's own text comes before the shipped one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from schemas.config import Document
from schemas.config_telling import Letter
from service.config import templates
from service.config.templates import FIELDS
from service.core.letters import Spoken, Template, Wording, Wordings

SHIPPED: Final = Path(__file__).parent / "shipped"
ENGLISH: Final = "en"
SUMMARY: Final = "summary"

OF_NEWS: Final = frozenset(
    {
        "decision",
        "kind",
        "link",
        "person.id",
        "person.name",
        "pool",
        "reason",
        "record.id",
        "record.name",
        "record.type",
    }
)
"""The values that a text about a record has, besides the record's fields."""
OF_SUMMARIES: Final = frozenset({"count", "kind", "names", "news", "person.id", "person.name", "records", "since"})
"""The values that a summary has."""
OF_LINKS: Final = frozenset({"decision", "kind", "person.id", "pool", "record.id", "record.name", "record.type"})


class Language(NamedTuple):
    """What is shipped of a language: letters by kind; words for types of records, kinds of news, reasons, values."""

    tag: str
    letters: Mapping[str, Wording]
    types: Mapping[str, str]
    news: Mapping[str, str]
    reasons: Mapping[str, Template]
    spoken: Spoken


class Chosen(NamedTuple):
    """The letter that somebody gets, the language it is in, and what is shipped for who gets it."""

    letter: Wording
    tag: str
    language: Language


@cache
def shipped() -> Mapping[str, Language]:
    """The languages that are shipped, by tag."""
    return {path.stem: _read(path) for path in sorted(SHIPPED.glob("*.yaml"))}


def letter_for(kind: str, reader: str, letters: Wordings, common: str) -> Chosen:
    """What somebody who reads the language `reader` (empty: the `common` one) is written of such news."""
    own, ready = letters.get(kind, {}), shipped()
    for tag in _tags(reader, common):
        near = ready.get(tag) or ready.get(tag.partition("-")[0]) or ready[ENGLISH]
        if tag in own:
            return Chosen(own[tag], tag, near)
        if tag in ready and kind in near.letters:
            return Chosen(near.letters[kind], tag, near)
    first = next(iter(sorted(own.items())), None)
    assert first is not None, f"English has a letter of the kind {kind}"
    return Chosen(first[1], first[0], ready[ENGLISH])


def compiled_letters(document: Document) -> Wordings:
    """The texts of a document without findings, by kind and language. What is shipped is read with the first of them,
    and not while an event waits for it.
    """
    shipped()
    return {
        kind: {tag.lower(): _letter(each) for tag, each in sorted(letters.items())}
        for kind, letters in sorted(document.templates.items())
    }


def compiled_link(document: Document) -> Template | None:
    """Where a record is seen; none: it is not said."""
    link = document.settings.notifications.link
    return templates.address(link) if link else None


def _letter(written: Letter) -> Wording:
    html = None if written.html is None else templates.html(written.html)
    return Wording(
        _with_fields(templates.text(written.subject)),
        _with_fields(templates.text(written.body)),
        html and _with_fields(html),
    )


def _with_fields(template: Template) -> Template:
    """The template with the fields alone as what it reads."""
    roots = {each.partition(".")[0] for each in OF_NEWS | OF_SUMMARIES}
    reads = {each.removeprefix(f"{FIELDS}.") for each in template.reads if each.partition(".")[0] not in roots}
    return Template(template.source, frozenset(reads - {FIELDS}), template.write)


@lru_cache(maxsize=1_024)
def _tags(reader: str, common: str) -> tuple[str, ...]:
    """The languages in which somebody may be written to, the nearest first. Kept: people read few languages."""
    return tuple(tag.lower() for wanted in (reader, common, ENGLISH) if wanted for tag in _shorter(wanted))


def _shorter(tag: str) -> Iterator[str]:
    """A language, then what is left of it without its last part, and so on."""
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]


def _read(path: Path) -> Language:
    said: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    letters = {kind: _letter(Letter(**each)) for kind, each in said["letters"].items()}
    reasons = {why: templates.text(sentence) for why, sentence in said["reasons"].items()}
    values = said["values"]
    lists = {name: tuple(words.split()) for name, words in values.items() if name not in ("yes", "no")}
    spoken = Spoken(yes=values["yes"], no=values["no"], **lists)
    return Language(path.stem, letters, said["types"], said["news"], reasons, spoken)
