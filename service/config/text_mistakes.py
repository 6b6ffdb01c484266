"""What is wrong with the texts of a document: no Liquid, more than is offered, or values that there are not."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.config import Document
from schemas.config_telling import TextKind
from service.config import templates
from service.config.declared_fields import is_declared
from service.config.findings import Finding
from service.config.nodes import Steps
from service.config.templates import FIELDS, NoTemplate
from service.config.texts import OF_LINKS, OF_NEWS, OF_SUMMARIES, SUMMARY
from service.language.nearest import nearest


def of_texts(document: Document) -> Iterator[Finding]:
    """Every mistake in texts: what is no Liquid, is not offered, or asks for what there is not."""
    for kind, letters in document.templates.items():
        for tag, written in letters.items():
            for part in ("subject", "body", "html"):
                source = getattr(written, part)
                if source is not None:
                    yield from _of_text(document, ("templates", kind, tag, part), source, kind)
    link = document.settings.notifications.link
    if link:
        yield from _of_text(document, ("settings", "notifications", "link"), link, None)


def _of_text(document: Document, path: Steps, source: str, kind: TextKind | None) -> Iterator[Finding]:
    compiled = templates.address if kind is None else templates.html if path[-1] == "html" else templates.text
    try:
        template = compiled(source)
    except NoTemplate as error:
        yield Finding(path, _told(error.flaw.message, error.flaw.line, source))
        return
    ours = OF_LINKS if kind is None else OF_SUMMARIES if kind == SUMMARY else OF_NEWS
    for name, line in templates.paths_in(template):
        message = _unknown(name, ours, document, has_fields=kind is not None and kind != SUMMARY)
        if message:
            yield Finding(path, _told(message, line, source))


def _told(message: str, line: int, source: str) -> str:
    return f"in line {line} of the text: {message}" if "\n" in source.strip() else message


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
    declared = [each for each in document.fields.values() if each]
    if not path or not declared or any(is_declared(path, each) for each in declared):
        return ""
    near = nearest(path, {field for each in declared for field in each} | ours)
    hint = f'did you mean "{near}"?' if near else 'add it under "fields"'
    return f'"{path}" is among the fields of no type of record; {hint}'
