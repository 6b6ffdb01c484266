"""What the process tells of itself over HTTP: every field with its marks, this deployment's names, and no markup."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any, Final, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from schemas.asyncapi import DEFAULT, Deployment, document
from schemas.decisions import OUTPUTS
from schemas.events import INPUTS
from schemas.reference import configuration_tables
from schemas.tables import Row, Table
from service.app.connections import deployment_of
from service.core.events import Availability
from service.http.description import described, description_page
from service.http.routes import Readiness, routes
from service.settings import IngestSettings, KafkaSettings, Settings

VOID: Final = frozenset({"meta"})


class Page(HTMLParser):
    """Which tags there are, whether each is closed, where links lead, and the text of each cell."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        self.texts.append(text)

    @property
    def anchors(self) -> set[str]:
        return {attributes["id"] or "" for _, attributes in self.tags if "id" in attributes}

    @property
    def links(self) -> set[str]:
        return {attributes["href"] or "" for tag, attributes in self.tags if tag == "a"}


HTML: Final = described(DEFAULT).page.decode()
PAGE: Final = Page(HTML)


@pytest.mark.parametrize("name", [*INPUTS, *OUTPUTS, "dead-letter"])
def test_every_event_is_shown(name: str) -> None:
    assert name in PAGE.texts


@pytest.mark.parametrize("part", configuration_tables())
def test_every_key_of_the_configuration_is_shown(part: str) -> None:
    """A configuration is an interface, too."""
    assert {row.name for row in configuration_tables()[part].rows} <= set(PAGE.texts)


def test_required_fields_are_marked_and_words_are_listed() -> None:
    row = HTML.partition("<h3>crm.member.changed.v1</h3>")[2].partition("</table>")[0]
    availability = row.partition("<code>availability</code>")[2].partition("</tr>")[0]
    assert "required" in availability
    assert [word for word in get_args(Availability) if f"<code>{word}</code>" not in availability] == []
    assert "required" not in row.partition("<code>until</code>")[2].partition("</tr>")[0]
    owner = HTML.partition("<h3 id='part-Owner'>")[2].partition("</table>")[0]
    kind = owner.partition("<code>kind</code>")[2].partition("</tr>")[0]
    assert "&quot;user&quot;" in kind
    assert "&quot;queue&quot;" in kind


def test_every_link_leads_somewhere_and_every_tag_is_closed() -> None:
    assert PAGE.links <= {f"#{anchor}" for anchor in PAGE.anchors} | {"/asyncapi.yaml"}
    assert "#part-Owner" in PAGE.links
    assert PAGE.open == []


@trying(max_examples=15, deadline=None)
@given(st.text(min_size=1).map(lambda text: f"{text}<script x='\"`>&"))
def test_nothing_that_is_told_becomes_markup(text: str) -> None:
    """Whatever a name, a description, a default or an example holds."""
    told: Any = _with(document(DEFAULT), text)
    row = Row(text, text, True, text, text, text)
    page = Page(description_page(told, {text: Table(text, text, (row,))}).decode())
    assert "script" not in {tag for tag, _ in page.tags}
    assert {name for _, attributes in page.tags for name in attributes} <= {"lang", "charset", "href", "id", "class"}
    assert page.open == []


def _with(part: object, text: str) -> object:
    """The document with this text in place of everything that is only told."""
    told = {"description", "summary", "title", "address", "default"}
    if isinstance(part, Mapping):
        return {
            name: text if name in told and isinstance(value, str) else _with(value, text)
            for name, value in part.items()
        }
    return [_with(each, text) for each in part] if isinstance(part, list) else part


async def test_the_description_is_made_once_and_only_for_who_asks() -> None:
    """A start does not wait for it, and whoever asks again has it at once."""
    described.cache_clear()
    served = dict(routes(fine, no_numbers, DEFAULT))
    assert described.cache_info().currsize == 0
    for path in ("/docs", "/asyncapi.yaml", "/docs"):
        assert await _get(served[path])
    assert described.cache_info().misses == 1


async def test_both_descriptions_name_this_deployment_s_topics() -> None:
    """The settings say the prefix, the CRM's topics and the group."""
    settings = Settings(
        kafka=KafkaSettings(topic_prefix="acme.", group="acme"), ingest=IngestSettings(topics=("deals", "people"))
    )
    served = dict(routes(fine, no_numbers, deployment_of(settings)))
    page = Page((await _get(served["/docs"])).decode())
    wanted = {"acme.deals", "acme.people", "acme.assignments", "acme.notifications", "acme.assignment.dead-letters"}
    assert wanted <= set(page.texts)
    asyncapi = yaml.safe_load(await _get(served["/asyncapi.yaml"]))
    assert wanted <= {channel["address"] for channel in asyncapi["channels"].values()}
    assert asyncapi["operations"]["readDeals"]["bindings"]["kafka"]["groupId"]["enum"] == ["acme.ingest"]


async def fine() -> Readiness:
    return Readiness((), {})


async def no_numbers() -> bytes:
    return b""


def test_a_deployment_without_a_prefix_has_the_document_of_the_repository() -> None:
    assert yaml.safe_load(described(Deployment()).asyncapi) == document(DEFAULT)


async def _get(application: Any) -> bytes:
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request"}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await application({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}, receive, send)
    assert sent[0]["status"] == 200
    return b"".join(message.get("body", b"") for message in sent[1:])
