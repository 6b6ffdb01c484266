"""Conditions that mean something else than whoever wrote them thinks, and never hold: a time in the place of a field,
and the curly quotes of a word processor, which belong to the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.config import Document
from service.config.conditions import calendar_of, comparisons
from service.config.findings import Finding
from service.config.lint.fields import compares, known_fields
from service.config.lint.written import conditions_of
from service.language.moments import span_in
from service.language.tree import Compare, reads

_OPENING: Final = "“”„‟‘’‚«»"
_CLOSING: Final = "“”‟‘’»«"
_TURNED: Final = 'write the field first, such as "close_date >= today"'


def of_slips(document: Document) -> Iterator[Finding]:
    """Every such condition, once for each word. Where fields are declared, one that is none is named there."""
    calendar = calendar_of(document.settings)
    for written in conditions_of(document):
        is_open = known_fields(document, written.record_type) is None
        for steps, tree in comparisons(written.condition, calendar):
            path = (*written.path, *steps)
            for name in sorted(reads(tree)) if is_open else ():
                if span_in(name, calendar) is not None:
                    message = f'"{name}" stands where the field does, so a field of this name is asked: {_TURNED}'
                    yield Finding(path, message)
            for text in dict.fromkeys(text for leaf in compares(tree) for text in _quoted(leaf)):
                yield Finding(path, f'the quotes of {text} belong to the text here: write "{text[1:-1]}"')


def _quoted(leaf: Compare) -> Iterator[str]:
    """Texts that are compared with and stand in curly quotes."""
    values = leaf.value if isinstance(leaf.value, tuple | list | frozenset | set) else (leaf.value,)
    for value in values:
        if isinstance(value, str) and len(value) >= 2 and value[0] in _OPENING and value[-1] in _CLOSING:
            yield value
