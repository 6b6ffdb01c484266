"""What people are told, as messages: one for one decision, in words that are no danger to whoever shows them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from schemas.decisions import OUTPUTS
from schemas.envelope import ID_LIMIT, Envelope
from service.config.loader import compile_inline
from service.core.model import Assigned, Decision, LateNews, NewsSummary, Nothing, Notification
from service.telemetry.metrics import METERS
from service.telemetry.sieve import Sieve
from service.wire import notifications
from service.wire.messages import Message
from service.wire.outputs import Context, render
from service.wire.topics import Topics

POOLS = {"sales": {"record_type": "lead", "name": "Sales EMEA", "members": ["ann"]}}


def messages(decision: Decision, division: str = "main", **document: Any) -> list[Message]:
    config = compile_inline({"pools": POOLS, "division": division, **document}, "x")
    context = Context(Topics.of(), division, 1_772_000_000_000, 7, "label", config)
    return [each for each in render(decision, "0-0-9-0", context) if each.topic == "notifications"]


def told(facts: dict[str, Any], *, record: str = "lead/7", **document: Any) -> dict[str, Any]:
    notification = Notification("assigned", "ann", ("email",))
    decision = Decision(record=record, outcome=Assigned("ann", "sales", 3), notifications=(notification,), facts=facts)
    (message,) = messages(decision, **document)
    return fits(message)


def fits(message: Message) -> dict[str, Any]:
    """What the message says, after its envelope and its model have accepted it."""
    attributes = {name[3:]: (value or b"").decode() for name, value in message.headers if name.startswith("ce_")}
    Envelope.model_validate(attributes)
    said: dict[str, Any] = orjson.loads(message.value)
    OUTPUTS[attributes["type"]].model_validate(said, extra="forbid")
    return said


def header(message: Message, name: str) -> str:
    return (dict(message.headers)[name] or b"").decode()


def texts(**letter: str) -> dict[str, Any]:
    return {"assigned": {"en": {"subject": "S", "body": "B", **letter}}}


def count(part: str) -> float:
    return METERS.registry.get_sample_value("fairlead_texts_failed_total", {"part": part}) or 0.0


@pytest.mark.parametrize("part", ["subject", "body", "html"])
def test_a_text_that_cannot_be_written_is_the_shipped_one_and_no_value_is_told(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message goes out; the metric counts each, and the log names kind, language and part, and nothing of the
    record: once for all whom it concerns, and after a minute with how many there were.
    """
    before, clock = count(part), [0.0]
    said: dict[str, Any] = {}
    monkeypatch.setattr(notifications, "FAILURES", Sieve(lambda: clock[0]))
    with capture_logs() as lines:
        for clock[0] in (0.0, 1.0, 59.0, 61.0):
            said = told({"amount": "secret"}, templates=texts(**{part: "{{ amount | divided_by: 0 }}"}))
    assert count(part) == before + 4
    line = {"event": "text.failed", "log_level": "warning", "kind": "assigned", "language": "en", "part": part}
    line |= {"error": "FilterArgumentError"}
    assert lines == [line | {"left_out": 0}, line | {"left_out": 2}]
    assert said["subject"] == ("Yours: lead 7" if part == "subject" else "S")
    assert said["body"] == ("lead 7 is yours now. It was your turn in Sales EMEA." if part == "body" else "B")
    assert "html" not in said


def test_a_link_that_is_none_is_left_out() -> None:
    link = "https://crm.example/{% for each in record.id %}{{ each }}{% endfor %}{{ record.type | divided_by: 0 }}"
    before = count("link")
    assert told({}, settings={"notifications": {"link": link}})["link"] == ""
    assert count("link") == before + 1


outside = st.text(max_size=60) | st.text(st.sampled_from("\r\n\t\x00\x1b\u2028\u202e\x85ab<&\"' "), max_size=40)


@settings(max_examples=200, deadline=None)
@given(outside, st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=20))
def test_a_subject_is_one_line_and_nothing_of_a_record_turns_or_hides_what_stands_beside_it(
    title: str, record_id: str
) -> None:
    """f5 Whatever a record says, and however it is called."""
    html = "<p>{{ title }}</p>"
    settings_ = {"notifications": {"link": "https://crm.example/{{ record.id }}"}}
    templates = texts(subject="New: {{ title }}", body="{{ title }} {{ record.name }}", html=html)
    said = told({"title": title}, record=f"lead/{record_id}", templates=templates, settings=settings_)
    assert said["subject"].startswith("New:")
    assert len(said["subject"]) <= 200
    assert said["subject"].splitlines() == [said["subject"]]
    assert not any(each < " " or each in "\x7f\u202e\u2028" for each in said["subject"])
    assert not any(each < " " and each not in "\n\t" for each in said["body"] + said["html"])
    assert said["html"].count("<") == 2
    assert said["link"] == "" or said["link"].startswith("https://crm.example/")


def test_late_news_have_the_id_of_the_decision_that_they_are_about() -> None:
    """D22 Told late or at once, it is one notification of one decision."""
    late = Notification("assigned", "ann", ("chat",), LateNews("0-0-3-1", "turn", "sales"))
    (message,) = messages(Decision(record="lead/7", outcome=Nothing("told_late"), notifications=(late,)))
    said = fits(message)
    assert header(message, "ce_id") == "0-0-3-1/assigned/ann"
    assert header(message, "ce_causationid") == said["decision"] == "0-0-3-1"
    assert said["reason"] == "It was your turn in Sales EMEA."


@pytest.mark.parametrize(
    ("language", "word", "reason"),
    [
        ("en", "by_workflow vips", 'The workflow "To the VIPs" gives it to you.'),
        ("en", "reassigned_by_workflow vips", 'The workflow "To the VIPs" gives it to somebody else.'),
        ("en", "workflow vips", 'The workflow "To the VIPs" tells you of it.'),
        ("de", "by_workflow vips", "Der Workflow „To the VIPs“ gibt es dir."),
        ("de", "reassigned_by_workflow vips", "Der Workflow „To the VIPs“ gibt es jemand anderem."),
        ("de", "workflow vips", "Der Workflow „To the VIPs“ sagt dir Bescheid."),
        ("en", "workflow gone since", 'The workflow "gone since" tells you of it.'),
        ("en", "workflow", "A workflow tells you of it."),
        ("de", "by_workflow", "Ein Workflow gibt es dir."),
        ("en", "escalated sales", "It waited too long."),
    ],
)
def test_what_a_workflow_does_is_told_with_its_name(language: str, word: str, reason: str) -> None:
    """D22 By the name that it has when it is told; one that is gone by its id. An older build kept no name."""
    late = Notification("workflow", "ann", ("chat",), LateNews("0-0-3-1", word, "sales"))
    (message,) = messages(
        Decision(record="lead/7", outcome=Nothing("told_late"), notifications=(late,)),
        users={"ann": {"notify": {"language": language}}},
        fields={"lead": {"x": "text"}},
        workflows={
            "vips": {"name": "To the VIPs", "record_type": "lead", "trigger": "created", "action": {"notify": "owner"}}
        },
    )
    assert fits(message)["reason"] == reason


def test_the_day_of_a_summary_has_the_reader_s_word() -> None:
    summary = NewsSummary(2, 1_772_000_000_000, 1_772_000_600_000, ("lead/1",))
    told = (Notification("assigned", "ann", ("chat",), summary=summary),)
    (message,) = messages(
        Decision(record="", outcome=Nothing("told_late"), notifications=told),
        users={"ann": {"notify": {"language": "de"}}},
    )
    assert "seit Mi 2026-02-25 06:13 UTC" in fits(message)["body"]


def test_a_summary_is_one_for_person_kind_and_time() -> None:
    """Its id does not depend on which decision told it; two divisions have different ones."""
    summary = NewsSummary(96, 1_772_000_000_000, 1_772_000_600_000, ("lead/1", "deal/2"))
    decision = Decision(
        record="",
        outcome=Nothing("told_late"),
        notifications=(Notification("assigned", "ann", ("chat",), summary=summary),),
    )
    (message,), (other,) = messages(decision), messages(decision, "acme")
    assert header(message, "ce_id") == "ann/assigned/1772000000000"
    assert header(other, "ce_id") == "acme/ann/assigned/1772000000000"
    assert fits(message) == {
        "kind": "assigned",
        "person": "ann",
        "via": ["chat"],
        "count": 96,
        "since": "2026-02-25T06:13:20.000Z",
        "until": "2026-02-25T06:23:20.000Z",
        "records": [{"type": "lead", "id": "1"}, {"type": "deal", "id": "2"}],
        "language": "en",
        "subject": "96 more: yours now",
        "body": "96 more since Wed 2026-02-25 06:13 UTC: yours now.\nlead 1, deal 2, … (+94)",
    }


def test_an_id_is_never_longer_than_it_may_be() -> None:
    notifications = tuple(Notification("assigned", person * 256, ("email",)) for person in ("ä", "a"))
    decision = Decision(record="lead/7", outcome=Assigned("a", "sales", 1), notifications=notifications)
    ids = [header(message, "ce_id") for message in messages(decision)]
    assert len(set(ids)) == 2
    assert max(map(len, ids)) <= ID_LIMIT
