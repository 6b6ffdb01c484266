"""`fairlead notifications preview`: what somebody would be told, from a directory alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from service.cli.notifications import told
from service.config.loader import compile_inline
from service.core.model import NotificationKind
from tests.cli.conftest import Run

CONFIGURATION = """\
users: {ann: {name: Ann Lindqvist, notify: {language: de}}, bob: {}}
pools: {sales: {record_type: lead, name: Sales EMEA, members: [ann, bob]}}
settings: {notifications: {link: "https://crm.example/{{ record.type }}/{{ record.id }}"}}
templates:
  assigned:
    en:
      subject: "New: {{ company.name }}"
      body: "For {{ person.name }}: {{ reason }}\\n{{ link }}"
      html: "<p>{{ company.name }}</p>"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "all.yaml").write_text(CONFIGURATION, encoding="utf-8")
    return tmp_path


def test_a_piece_of_news_is_shown_as_somebody_would_get_it(folder: Path, alone: Run) -> None:
    """S19 The texts of the event, without a broker."""
    given = ("--person", "bob", "--record", "lead/7", "--field", "company.name=A\x1b[1mcme")
    shown = alone("notifications", "preview", folder, *given)
    assert shown.code == 0
    assert shown.out.splitlines() == [
        "to: bob",
        "language: en",
        "subject: New: A [1mcme",
        "reason: It was your turn in Sales EMEA.",
        "link: https://crm.example/lead/7",
        "",
        "For bob: It was your turn in Sales EMEA.",
        "https://crm.example/lead/7",
    ]


def test_a_file_may_have_the_fields_and_json_shows_all(folder: Path, alone: Run, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    file.write_text('{"fields": {"tier": "vip"}, "linked": {"company": {"name": "<Acme>"}}}', encoding="utf-8")
    shown = alone("notifications", "preview", folder, "--language", "en", "--file", file, "--json")
    said = json.loads(shown.out)
    assert (said["person"], said["subject"], said["html"]) == ("ann", "New: <Acme>", "<p>&lt;Acme&gt;</p>")


def test_a_summary_and_another_language(folder: Path, alone: Run) -> None:
    shown = alone("notifications", "preview", folder, "--count", "96", "--kind", "waiting")
    assert "subject: 96 weitere: warten" in shown.out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--kind", "gossip"), "there is no news of the kind gossip; there are assigned, offered"),
        (("--kind", "asigned"), "there is no news of the kind asigned; did you mean assigned?"),
        (("--kind", "summary"), "a summary is of one of the kinds, so many of it: --count 5"),
        (("--field", "company"), "write name=value"),
        (("--field", "a=1", "--field", "a.b=2"), "has a value already"),
        (("--division", "other"), "is not configured here"),
        (("--person", "anne"), "there is no person anne in this configuration; did you mean ann?"),
        (("--pool", "support"), "there is no pool or queue support in this configuration"),
        (("--record", "ticket/1"), "ticket/1 names no record: write a type, a slash and an id; types are"),
        (("--record", "lead"), "lead names no record"),
        (("--record", "lead/"), "lead/ names no record"),
    ],
)
def test_what_cannot_be_shown_is_told(folder: Path, alone: Run, given: tuple[str, ...], said: str) -> None:
    shown = alone("notifications", "preview", folder, *given)
    assert shown.code == 2
    assert said in " ".join(shown.err.split())


def test_a_field_that_is_not_declared_is_named_and_shown_all_the_same(tmp_path: Path, alone: Run) -> None:
    """The text is empty there, and one sees why."""
    text = "users: [ann]\nfields: {lead: {title: text}}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    shown = alone("notifications", "preview", tmp_path, "--field", "titel=Boat")
    assert shown.code == 0
    assert 'did you mean "title"?' in " ".join(shown.err.split())
    assert "to: ann" in shown.out


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", get_args(NotificationKind))
def test_there_is_something_to_show_of_each_kind(kind: NotificationKind, language: str) -> None:
    """No sentence has a hole where a pool's name ought to stand."""
    document = {
        "users": {"ann": {"notify": {"language": language}}},
        "pools": {"sales": {"record_type": "lead", "members": ["ann"]}},
    }
    said = told(compile_inline(document, "x"), kind, "ann", ("lead/7", ""), {})
    assert said["kind"] == kind
    assert ("sales" if kind == "skewed" else "7") in said["subject"]  # this is news of a pool
    assert said["reason"]
    assert said["reason"] in said["body"]
    assert not {" .", " ,", "  "} & {said["body"][at : at + 2] for at in range(len(said["body"]))}
