"""The words in which people are told: shipped ones are whole, configured ones are checked, and one is found for all."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.config_telling import TextKind
from service.config.compiler import to_wire
from service.config.loader import compile_inline, load
from service.config.nodes import from_data
from service.config.problems import ConfigurationError
from service.config.templates import paths_in
from service.config.texts import OF_NEWS, OF_SUMMARIES, SUMMARY, letter_for, shipped
from service.config.validation import validated
from service.core.calendar import Block
from service.core.configuration import User
from service.core.model import NotificationKind
from service.core.reasons import PendingReason
from service.core.telling import why
from service.core.telling.notify import CHOSEN, MOVED
from service.core.wishes import NO_WISHES, Digesting

POOL = {"pools": {"sales": {"record_type": "lead", "members": ["ann"]}}}
WORDS = {
    *why.ASSIGNED.values(),
    *(
        why.TURN,
        why.LINKED,
        why.NAMED,
        why.QUEUED,
        why.ESCALATED,
        why.SKEWED,
        why.WORKFLOW,
        why.DELETED,
        why.LOST_TO_WORKFLOW,
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
    """A letter for each kind of news, and a sentence for each reason that is about pool or workflow at most. No text
    asks for a field of a record.
    """
    language = shipped()[tag]
    assert set(language.letters) == set(get_args(NotificationKind)) | {SUMMARY}
    assert set(language.reasons) == WORDS
    assert [len(words) for words in language.spoken[2:]] == [7, 7, 12, 12]
    assert set(language.news) == set(get_args(NotificationKind))
    assert set().union(*(sentence.reads for sentence in language.reasons.values())) == {"pool", "workflow"}
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


def wishes(user: object, **notifications: object) -> User:
    document = {**POOL, "users": {"ann": user}, "settings": {"notifications": notifications, "zone": "Europe/Berlin"}}
    return compile_inline(document, "x").users["ann"]


def test_what_somebody_says_of_themselves_is_stronger_key_by_key() -> None:
    """S20 The short form, a list of means, stays."""
    assert wishes({"notify": ["chat"]}).notify == ("chat",)
    assert wishes({}, means=["push"]).notify == ("push",)
    assert wishes({"notify": []}, kinds={"assigned": ["chat"]}).wishes == NO_WISHES
    common = {"quiet": {"from": "21:00", "until": "07:00"}, "digest": {"from": 5, "within": "1h"}}
    own = wishes({"notify": {"kinds": {"queued": "off"}, "digest": "off"}}, kinds={"assigned": ["chat"]}, **common)
    assert own.wishes.by_kind == {"assigned": ("chat",), "queued": ()}
    assert own.wishes.digest is None
    assert own.wishes.quiet is not None
    assert (own.wishes.quiet.zone, own.wishes.quiet.blocks[0]) == ("Europe/Berlin", Block(0, 21 * 60, 31 * 60))
    assert wishes({"zone": "Asia/Tokyo"}, **common).wishes.digest == Digesting(4, 3_600_000)


def test_equal_content_has_one_hash_however_means_are_written() -> None:
    """What was published before there was more to say than means has the hash that it had."""
    ways: list[object] = [{}, {"notify": ["email"]}, {"notify": {"means": ["email"]}}]
    written = [to_wire(validated(from_data({"users": {"ann": way}}), "x")[0]) for way in ways]
    assert set(written) == {b'{"division":"main","users":{"ann":{}}}'}
    (short,) = {
        to_wire(validated(from_data({"users": {"ann": {"notify": way}}}), "x")[0])
        for way in (["chat"], {"means": ["chat"]})
    }
    assert short == b'{"division":"main","users":{"ann":{"notify":["chat"]}}}'


def test_means_that_nobody_knows_are_noted(tmp_path: Path) -> None:
    """Which of them a message takes is for the service that sends it, so they are no mistake."""
    text = "users: {ann: {notify: {means: [emial], kinds: {assigned: [pigeon]}}}, bob: {notify: [in-app]}}"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    noted = [note.message for note in load(tmp_path).notes]
    assert len(noted) == 2
    assert any('did you mean "email"?' in note for note in noted)
    assert any('"pigeon"' in note for note in noted)


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
