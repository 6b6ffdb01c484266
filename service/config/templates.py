"""Texts in Liquid become functions: what may stand in them, and how much they may do.

What is offered is a choice of Liquid: no other files, no clock, no filter that could turn a short text into a huge one,
and bounds on what is left: rounds of loops, characters written, what is remembered on the way. Text from outside is a
value and never part of a template; in HTML it is escaped. Most texts only name values: those are put together without
the machinery, with the same outcome.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, Final, NamedTuple, TextIO
from urllib.parse import quote, urlsplit

from liquid import Environment, RenderContext
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.exceptions import FilterError, LiquidError
from liquid.filter import string_filter, with_context
from liquid.static_analysis import TemplateAnalysis
from liquid.stringify import to_liquid_string
from liquid.template import BoundTemplate

from service.config import filters
from service.config.filters import ROWS
from service.config.spelling import MADE_OF_OTHERS, dated, is_form_of_dates, spelt
from service.config.unparsed import told
from service.core.letters import NotWritten, Spoken, Template, Values
from service.language.nearest import nearest

TEXT_LIMIT: Final = 50_000
"""So many bytes a text has at most once it is filled in."""
ROUNDS_LIMIT: Final = 1_000
"""So many rounds all its loops make together."""
REMEMBERED_LIMIT_BYTES: Final = 100_000

TAGS: Final = frozenset(
    {"#", "assign", "break", "case", "comment", "content", "continue", "echo", "for", "if", "output", "raw", "unless"}
    | {"illegal"}
)
INNER: Final = frozenset({"#", "break", "content", "continue", "illegal", "output"})
"""Those that nobody looks for."""
RAISED: Final = (LiquidError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What filling in a template may come to where its values are not what it takes them for."""

SPOKEN: Final = "\0spoken"
"""Under this name, which no template can ask for, stand the reader's words for values."""
FIELDS: Final = "fields"
"""Under this name a template has all fields, also those that are called like a value of ours."""

_NAME: Final = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_PLAIN: Final = re.compile(r"\{\{ *(" + _NAME + r") *\}\}")
_SPECIAL: Final = frozenset({"true", "false", "nil", "null", "empty", "blank", "size", "first", "last"})
_TAG: Final = re.compile(r"\{%.*?%\}", re.DOTALL)
_VALUE: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_IN_LINK: Final = re.compile(
    r"""\b(?:href|src|action|formaction|background|poster|data)\s*=\s*["']?\s*$""", re.IGNORECASE
)
_IN_TAG: Final = re.compile(r"<[a-zA-Z/!][^<>]*$")
_OPEN_QUOTE: Final = re.compile(r"""=\s*("[^"]*|'[^']*)$""")
_ACTIVE: Final = re.compile(r"""<\s*(script|style|iframe|object|embed)\b|[\s"'/](on\w+)\s*=""", re.IGNORECASE)
_HOST: Final = re.compile(r"https?://[^\s/{}]+(/|$)", re.IGNORECASE)
_LINK: Final = re.compile(r"https?://[^\s\x00-\x20\x7f-\x9f\"'<>\\]+", re.IGNORECASE)


class Flaw(NamedTuple):
    """What is wrong with a template, and at which of its characters, from 0."""

    message: str
    at: int


class NoTemplate(Exception):
    """A text that is no template. Its argument is a `Flaw`."""

    @property
    def flaw(self) -> Flaw:
        """What is wrong."""
        flaw: Flaw = self.args[0]
        return flaw


def _spoken(context: RenderContext) -> Spoken | None:
    found: Spoken | None = context.globals.get(SPOKEN)  # type: ignore[assignment]  # nothing else is put there
    return found


class _Output(OutputNode):
    """A value that stands in a text."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        if isinstance(value, MADE_OF_OTHERS):
            value = spelt(value, _spoken(context))
        return buffer.write(to_liquid_string(value, context.autoescape))


class _OutputTag(Output):
    node_class = _Output


class _EchoTag(EchoTag):
    node_class = _Output  # type: ignore[assignment]  # it says the same in other words


def _of_text(each: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of texts that takes what is none as it would stand in a text."""

    @with_context
    @wraps(each)
    def filtered(*values: object, context: RenderContext, **more: Any) -> Any:
        spoken = _spoken(context)
        if getattr(each, "with_context", False):
            more["context"] = context
        return each(*(spelt(value, spoken) if isinstance(value, MADE_OF_OTHERS) else value for value in values), **more)

    return filtered


class _Environment(Environment):
    loop_iteration_limit = ROUNDS_LIMIT
    output_stream_limit = TEXT_LIMIT
    local_namespace_limit = REMEMBERED_LIMIT_BYTES

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS}
        self.tags |= {each.name: each(self) for each in (_OutputTag, _EchoTag)}
        ours = {"date": _date, "join": _join, "replace": _replace, "url": _url}
        known = {name: each for name, each in self.filters.items() if name in ROWS} | ours
        self.filters = {name: _of_text(each) if ROWS[name].of_texts else each for name, each in known.items()}


def is_link(text: str) -> bool:
    """Whether it is an address that a person may follow."""
    return _LINK.fullmatch(text) is not None and bool(urlsplit(text).hostname)


def _bounded(length: int) -> None:
    if length > TEXT_LIMIT:
        raise FilterError(f"more than {TEXT_LIMIT} characters would come of this", token=None)


@with_context
@string_filter
def _date(value: str, form: object, *, context: RenderContext) -> str:
    """A day or moment in another form; what is none stays as it is, and there is no now."""
    if not is_form_of_dates(form):
        raise FilterError("a form of dates is made of %d, %m, %Y, %H, %M and their like", token=None)
    try:
        return dated(datetime.fromisoformat(value), form, _spoken(context))
    except ValueError:
        return value


@with_context
def _join(value: object, between: object = " ", *, context: RenderContext) -> str:
    """The entries of a list with a text between them."""
    spoken = _spoken(context)
    if not isinstance(value, list | tuple):
        return spelt(value, spoken)
    texts = [spelt(each, spoken) for each in value]
    _bounded(sum(map(len, texts)) + len(texts) * len(str(between)))
    return str(between).join(texts)


@string_filter
def _replace(value: str, old: object, new: object = "") -> str:
    """Each occurrence of one text is another one."""
    _bounded(len(value) + (value.count(str(old)) if str(old) else len(value) + 1) * len(str(new)))
    return value.replace(str(old), str(new))


@string_filter
def _url(value: str) -> str:
    """The address, if a person may follow it; else nothing."""
    return value if is_link(value) else ""


_TEXT: Final = _Environment()
_HTML: Final = _Environment(autoescape=True)


def text(source: str) -> Template:
    """A template of plain text. Raises `NoTemplate`."""
    reads, parts = _compiled(source, _TEXT)
    return Template(source, reads, _plain(source) or _written(parts))


def html(source: str) -> Template:
    """A template of HTML, in which values are escaped. Raises `NoTemplate`, also where a value stands in a place in
    which escaping does not take its power.
    """
    for message, at in _unsafe(source):
        raise NoTemplate(Flaw(message, at))
    reads, parts = _compiled(source, _HTML)
    return Template(source, reads, _written(parts))


def address(source: str) -> Template:
    """A template of a link: it is one to a place that is written there, and values in it are encoded. Raises
    `NoTemplate`.
    """
    reads, parts = _compiled(source, _TEXT)
    if not is_link(_VALUE.sub("x", _TAG.sub("", source))) or not _HOST.match(source):
        raise NoTemplate(Flaw("a link begins with https:// and the host, such as https://crm.example/", 0))
    write = _plain(source) or _written(parts)
    return Template(source, reads, lambda values: write(Values(_encoded(values.own), _encoded(values.fields))))


def paths_in(template: Template) -> Iterator[tuple[str, int]]:
    """The values that a template asks for, as dotted paths, each with the character at which it does first, from 0."""
    yield from _paths(_TEXT.from_string(template.source).analyze(include_partials=False))


def slips_in(template: Template) -> Iterator[Flaw]:
    """What in a template can be read and is never what was meant."""
    for slip in filters.slips_in(_TEXT.from_string(template.source)):
        yield Flaw(*slip)


def _compiled(source: str, environment: Environment) -> tuple[frozenset[str], BoundTemplate]:
    try:
        parts = environment.from_string(source)
        used = parts.analyze(include_partials=False)
    except RecursionError as error:
        raise NoTemplate(Flaw("this is nested too deeply to be read: write it in several steps", 0)) from error
    except LiquidError as error:
        message, token = str(error.args[0]) if error.args else type(error).__name__, error.token
        at = 0 if token is None else max(0, token.start_index)
        raise NoTemplate(Flaw(told(message, sorted(TAGS - INNER)), at)) from error
    for name, places in used.filters.items():
        if name not in ROWS:
            near = nearest(name, ROWS)
            hint = f'did you mean "{near}"?' if near else f"there are {', '.join(ROWS)}"
            raise NoTemplate(Flaw(f'there is no filter "{name}"; {hint}', max(0, places[0].index)))
    return frozenset(path for path, _ in _paths(used)), parts


def _paths(used: TemplateAnalysis) -> Iterator[tuple[str, int]]:
    for found in used.globals.values():
        for each in found:
            steps: list[str] = []
            for step in each.segments:
                if not isinstance(step, str):
                    break
                steps.append(step)
            if steps[-1:] and steps[-1] in {"size", "first", "last"} and len(steps) > 1:
                steps.pop()
            yield ".".join(steps), each.span.index


def _written(parts: BoundTemplate) -> Callable[[Values], str]:
    def write(values: Values) -> str:
        try:
            return parts.render({**_nested(values), SPOKEN: values.spoken})
        except RAISED as error:
            raise NotWritten(type(error).__name__) from error

    return write


def _plain(source: str) -> Callable[[Values], str] | None:
    """The same for a text that only names values; none: there is more in it."""
    pieces = _PLAIN.split(source)
    names = pieces[1::2]
    paths = [name.split(".") for name in names]
    if any("{{" in piece or "{%" in piece for piece in pieces[::2]) or any(map(_SPECIAL.intersection, paths)):
        return None

    def write(values: Values) -> str:
        found = pieces[:]
        found[1::2] = map(values.own.get, names)
        try:
            whole = "".join(found)
        except TypeError:
            found[1::2] = _texts_at(paths, values)
            whole = "".join(found)
        if len(whole) > TEXT_LIMIT and len(whole.encode()) > TEXT_LIMIT:
            raise NotWritten("OutputStreamLimitError")
        return whole.replace("\r\n", "\n").replace("\r", "\n") if "\r" in whole else whole

    return write


def _texts_at(paths: Sequence[Sequence[str]], values: Values) -> list[str]:
    """What stands at these paths, as Liquid writes it."""
    everything = _nested(values)
    found = []
    for path in paths:
        value: object = everything
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        try:
            found.append(spelt(value, values.spoken))
        except RAISED as error:
            raise NotWritten(type(error).__name__) from error
    return found


def _nested(values: Values) -> dict[str, object]:
    """The values as Liquid asks for them, step by step. Where a field is called like a value of ours, it is ours."""
    found: dict[str, Any] = {**values.fields, FIELDS: values.fields} if values.fields else {}
    own: dict[str, Any] = {}
    for path, value in values.own.items():
        root, _, step = path.partition(".")
        if step:
            own.setdefault(root, {})[step] = value
        else:
            own[root] = value
    return found | own


def _encoded(values: Any) -> Any:
    """The same values, as they stand in an address."""
    if isinstance(values, Mapping):
        return {name: _encoded(each) for name, each in values.items()}
    return quote(values, safe="") if isinstance(values, str) else values


def _unsafe(source: str) -> Iterator[tuple[str, int]]:
    """Where a value, though it is escaped, could be more than text."""
    bare = _TAG.sub(lambda tag: " " * len(tag.group()), source)
    active = _ACTIVE.search(_VALUE.sub(lambda value: "x" * len(value.group()), bare))
    if active is not None:
        yield (
            f'no "{active.group(1) or active.group(2)}" may stand here: mails do nothing by themselves',
            active.start(),
        )
    for found in _VALUE.finditer(bare):
        before = _VALUE.sub("x", bare[: found.start()])
        if _IN_LINK.search(before) and not re.search(r"\|\s*url\s*-?$", found.group(1)):
            yield 'a link that is a value ends with "| url", which lets http and https pass', found.start()
        elif _IN_TAG.search(before) and not _OPEN_QUOTE.search(before):
            yield "a value within a tag stands in quotes, as an attribute", found.start()
