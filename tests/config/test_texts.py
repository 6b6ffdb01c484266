"""The words in which people are told: shipped ones are whole, configured ones are checked, and one is found for all."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.config_telling import TextKind
from service.config.loader import compile_inline
from service.config.problems import ConfigurationError
from service.config.templates import paths_in
from service.config.texts import OF_NEWS, OF_SUMMARIES, SUMMARY, letter_for, shipped
from service.core.model import NotificationKind
from service.core.reasons import PendingReason
from service.core.telling import why
from service.core.telling.notify import CHOSEN, MOVED

POOL = {"pools": {"sales": {"record_type": "lead", "members": ["ann"]}}}
WORDS = {
    *why.ASSIGNED.values(),
    *(
        why.TURN,
        why.LINKED,
        why.NAMED,
        why.QUEUED,
        why.ESCALATED,
        why.WORKFLOW,
        "not_a_member",
        "not_accepted",
        "not_there",
    ),
    *(why.WAITING + reason for reason in get_args(PendingReason)),
    *MOVED,
    *CHOSEN,
}
"""All words for why somebody is told."""


def problems(**document: object) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        compile_inline({**POOL, **document}, "text.yaml")
    return [problem.message for problem in refused.value.problems]


@pytest.mark.parametrize("tag", ["en", "de"])
def test_each_language_that_is_shipped_is_whole(tag: str) -> None:
    """A letter for each kind of news, a sentence for each reason, and no field of a record in any of them."""
    language = shipped()[tag]
    assert set(language.letters) == set(get_args(NotificationKind)) | {SUMMARY}
    assert set(language.reasons) == WORDS
    assert set(language.news) == set(get_args(NotificationKind))
    for kind, letter in language.letters.items():
        assert letter.reads == frozenset()
        for template in (letter.subject, letter.body):
            assert {path for path, _ in paths_in(template)} <= (OF_SUMMARIES if kind == SUMMARY else OF_NEWS)


def test_kinds_of_texts_are_those_of_news_and_a_summary() -> None:
    kinds = {each for part in get_args(TextKind) for each in (get_args(part) or (part,))}
    assert kinds == set(get_args(NotificationKind)) | {SUMMARY}


tags = st.sampled_from(["en", "de", "fr", "fr-CA", "pt-BR", "pl", "DE", "de-AT", "zh-Hant-TW"])


@given(st.sampled_from(get_args(NotificationKind)), tags | st.just(""), tags, st.sets(tags, max_size=3))
def test_there_are_words_for_everybody(kind: str, reader: str, common: str, written: set[str]) -> None:
    """f3 In the reader's language where there are any, and never in one that is farther from it than another."""
    texts = {"subject": "x", "body": "y"}
    document = {**POOL, "templates": {kind: dict.fromkeys(sorted(written), texts)}} if written else POOL
    found = letter_for(kind, reader, compile_inline(document, "text.yaml").letters, common)
    there = {tag.lower() for tag in written} | set(shipped())
    wanted = [tag.lower() for tag in (reader, common, "en") if tag]
    nearest = next(tag for each in wanted for tag in (each, each.partition("-")[0]) if tag in there)
    assert found.tag == nearest or found.tag.startswith(f"{nearest}-")
    assert (found.letter.subject.source == "x") == (found.tag in {tag.lower() for tag in written})


def test_an_unknown_value_is_named_with_its_line_and_what_is_near() -> None:
    texts = {"en": {"subject": "{{ recrd }}", "body": "Hello\n{{ record.idd }}\n{{ compny.name }}"}}
    fields = {"lead": {"company.name": "text"}}
    said = problems(templates={"assigned": texts}, fields=fields)
    misspelt, field, subject = sorted(said, key=lambda message: ("subject" in message, message.count("compny")))
    assert misspelt.startswith("templates.assigned.en.body: in line 2 of the text")
    assert 'there is no value "record.idd"; did you mean "record.id"?' in misspelt
    assert 'in line 3 of the text: "compny.name" is among the fields of no type of record' in field
    assert 'did you mean "company.name"?' in field
    assert 'did you mean "record.name"?' in subject or "record" in subject


def test_without_a_list_of_fields_anything_may_be_one() -> None:
    config = compile_inline(
        {**POOL, "templates": {"assigned": {"en": {"subject": "{{ a.b }}", "body": "{{ fields.kind }}"}}}}, "x"
    )
    assert config.fields_told == {"a.b", "kind"}
    assert config.tracked["lead"] == {"a.b", "kind"}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"templates": {"summary": {"en": {"subject": "{{ title }}", "body": "x"}}}}, 'no value "title"'),
        ({"templates": {"assigned": {"en": {"subject": "x", "body": "y", "html": "<a href='{{ a }}'>"}}}}, "| url"),
        ({"templates": {"assigned": {"en": {"subject": "{{ x | nope }}", "body": "y"}}}}, 'no filter "nope"'),
        ({"settings": {"notifications": {"link": "javascript:{{ record.id }}"}}}, "https://"),
        ({"settings": {"notifications": {"link": "https://x.example/{{ record.no }}"}}}, 'no value "record.no"'),
        ({"users": {"ann": {"notify": {"quiet": {"from": "07:00", "until": "07:00"}}}}}, "nobody is ever told"),
        ({"users": {"ann": {"notify": {"quiet": {"from": "7", "until": "08:00"}}}}}, "21:00"),
        ({"users": {"ann": {"notify": {"digest": {"from": 5, "within": "2d"}}}}}, "within a day"),
        ({"users": {"ann": {"notify": {"kinds": {"assignd": "off"}}}}}, "assigned"),
        ({"pools": {"sales": {"record_type": "lead", "members": ["ann"], "manager": "x y "}}}, "manager"),
    ],
)
def test_mistakes_are_told_when_they_are_made(document: dict[str, object], said: str) -> None:
    assert any(said in message for message in problems(**document))
