"""What Liquid says of a text that it cannot read, in words for whoever wrote the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from service.language.nearest import nearest

NO_VALUE: Final = "a value is missing here: name one, such as {{ record.name }}"

Told = Callable[[re.Match[str], Iterable[str]], str]


def _no_tag(found: re.Match[str], tags: Iterable[str]) -> str:
    tag = found[1]
    if tag.startswith("end") or tag in ("else", "elsif", "when"):
        return f'this "{tag}" belongs to no tag before it: take it out, or write the tag that it belongs to'
    near = nearest(tag, tags)
    return f'there is no tag "{tag}" here; ' + (f'did you mean "{near}"?' if near else f"there are {', '.join(tags)}")


_ROWS: Final[tuple[tuple[re.Pattern[str], str | Told], ...]] = (
    (re.compile(r"expected '(\}\}|%\})', found"), r'this is never closed: write "\1" behind it'),
    (re.compile(r"expected tag (end\w+)"), r'a tag is never closed: write "{% \1 %}" behind what it is about'),
    (re.compile(r"unexpected tag '(\w+)'"), _no_tag),
    (re.compile(r"missing tag name or closing delimiter"), 'a tag is a name between "{%" and "%}": write both'),
    (re.compile(r"disallowed ternary"), "a value is chosen with a tag: write {% if … %}…{% else %}…{% endif %}"),
    (re.compile(r"missing expression|expected a primitive expression, found end"), NO_VALUE),
    (re.compile(r"expected end of expression, found '='"), '"=" compares nothing: write "=="'),
    (re.compile(r"expected end of expression, found dpipe"), 'one "|" stands before a filter, here are two'),
    (
        re.compile(r"expected end of expression, found"),
        'this does not follow on what stands before it: a filter stands behind "|", each value in {{ }} of its own',
    ),
    (re.compile(r"expected word, found"), 'behind "|" the name of a filter is missing'),
    (re.compile(r"missing or unexpected path segment"), 'behind a "." or "[" a name is missing'),
)


def told(message: str, tags: Iterable[str]) -> str:
    """The same in other words; where there are none for it, as Liquid says it. `tags` are those that there are."""
    for pattern, words in _ROWS:
        found = pattern.match(message)
        if found is not None:
            return found.expand(words) if isinstance(words, str) else words(found, tags)
    return message.partition("\n")[0]
