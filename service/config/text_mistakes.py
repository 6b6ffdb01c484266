"""What is wrong with the texts of a document: no Liquid, more than is offered, or values that there are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from schemas.config import Document, FieldType
from schemas.config_telling import TextKind
from service.config import templates
from service.config.declared_fields import is_declared
from service.config.findings import Finding
from service.config.nodes import Steps
from service.config.templates import FIELDS, NoTemplate
from service.config.texts import OF_LINKS, OF_NEWS, OF_SUMMARIES, SUMMARY
from service.core.letters import Template
from service.language.nearest import nearest

ROOTS: Final = frozenset(each.partition(".")[0] for each in OF_NEWS)
"""What the values of news begin with."""


def of_texts(document: Document) -> Iterator[Finding]:
    """Every mistake in texts: what is no Liquid, is not offered, or asks for what there is not."""
    for path, source, kind in _texts(document):
        try:
            asked = _asked_for(path, source, kind)
        except NoTemplate as error:
            yield _found(path, source, *error.flaw)
            continue
        ours = OF_LINKS if kind is None else OF_SUMMARIES if kind == SUMMARY else OF_NEWS
        for name, at in asked:
            message = _unknown(name, ours, document, has_fields=_has_fields(kind))
            if message:
                yield _found(path, source, message, at)


def of_slips_in_texts(document: Document) -> Iterator[Finding]:
    """What may be a slip of the pen: filters that cannot do what is written, and where no fields are declared, whatever
    is no value of ours, which counts as a field there. They are warnings and never errors: such a text is written all
    the same, with what is asked of `'now'` or of a wrong filter left as it is, and a version in the log that has one
    has to stay usable.
    """
    for path, source, kind in _texts(document):
        for flaw in templates.slips_in(_compiled(path, source, kind)):
            yield _found(path, source, *flaw)
    for path, source, kind in _texts(document) if not _declared(document) else ():
        for name, at in _asked_for(path, source, kind) if _has_fields(kind) else ():
            near = _slip(name)
            if near:
                message = (
                    f'"{name}" counts as a field of the record; if you meant "{near}", correct it, else write '
                    f'"{FIELDS}.{name}"'
                )
                yield _found(path, source, message, at)


def _slip(name: str) -> str:
    """The beginning that is probably meant; empty: none. Of one word only one that has nearly the same letters: it may
    well be a field.
    """
    root, dot, _ = name.partition(".")
    near = nearest(root, {*ROOTS, FIELDS}) or root
    return near if near != root and (dot or len({*root} ^ {*near}) <= 1) else ""


def _texts(document: Document) -> Iterator[tuple[Steps, str, TextKind | None]]:
    """All texts, each with its place and its kind; none: it is a link."""
    for kind, letters in document.templates.items():
        for tag, written in letters.items():
            for part in ("subject", "body", "html"):
                source = getattr(written, part)
                if source is not None:
                    yield ("templates", kind, tag, part), source, kind
    link = document.settings.notifications.link
    if link:
        yield ("settings", "notifications", "link"), link, None


def _asked_for(path: Steps, source: str, kind: TextKind | None) -> list[tuple[str, int]]:
    """The values that a text asks for, each with its place in it. Raises `NoTemplate`."""
    return list(templates.paths_in(_compiled(path, source, kind)))


def _compiled(path: Steps, source: str, kind: TextKind | None) -> Template:
    """The text as a template. Raises `NoTemplate`."""
    compiled = templates.address if kind is None else templates.html if path[-1] == "html" else templates.text
    return compiled(source)


def _has_fields(kind: TextKind | None) -> bool:
    """Whether a text of this kind may say fields of the record."""
    return kind is not None and kind != SUMMARY


def _declared(document: Document) -> list[Mapping[str, FieldType | None]]:
    """The fields of all types of records that have any."""
    return [each for each in document.fields.values() if each]


def _found(path: Steps, source: str, message: str, at: int) -> Finding:
    """A finding at a character of a text, from 0; in a text of several lines at its line, for those are written in a
    block, whose characters are elsewhere.
    """
    if "\n" not in source:
        return Finding(path, message, at + 1)
    line = source.count("\n", 0, at) + 1
    return Finding(path, f"in line {line} of the text: {message}" if "\n" in source.strip() else message)


def _unknown(name: str, ours: frozenset[str], document: Document, *, has_fields: bool) -> str:
    """Why a value is none that there is; empty: there is one, or it may be a field."""
    root, _, rest = name.partition(".")
    roots = {each.partition(".")[0] for each in ours}
    if name in ours or (name in roots and not rest):
        return ""
    if root in roots or not has_fields:
        near = nearest(name, ours)
        hint = f'did you mean "{near}"?' if near else f"there are {', '.join(sorted(ours))}"
        return f'there is no value "{name}"; {hint}'
    path = rest if root == FIELDS else name
    declared = _declared(document)
    if not path or not declared or any(is_declared(path, each) for each in declared):
        return ""
    near = nearest(path, {field for each in declared for field in each} | ours)
    hint = f'did you mean "{near}"?' if near else 'add it under "fields"'
    return f'"{path}" is among the fields of no type of record; {hint}'
