"""What people are told when something is wrong, whoever checked it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from pydantic_core._pydantic_core import list_all_errors

from service.config.loader import load
from service.config.problems import ConfigurationError
from service.rehearsal.scenarios.reading import read_directory
from service.wording import worded

FOREIGN_WORDS: Final = re.compile(
    r"<class|object at 0x|Input should|type=|pydantic|Value error|valid (integer|string|dictionary)|Errno|Traceback|"
    r"\b(dict|tuple|NoneType|ErrorDetails|SecretStr)\b",
)
"""What only programmers understand."""

WRONG: Final = {
    "a list": "[1, 2]",
    "a text": "text",
    "a tab": "pools:\n\tsales: {}\n",
    "a bracket": "pools: {sales: [}",
    "a tag": "pools: !!python/object:os.system {}",
    "two keys": "pools: {}\npools: {}\n",
    "no types": "pools: {sales: {record_type: lead, members: 7}}",
    "wrong types": "pools: {sales: {record_type: [lead], members: {a: b}, strategy: 3, pace: x}}",
    "unknown words": "pools: {sales: {record_typ: lead}}\nnonsense: 1\n",
    "numbers": "pools: {p: {record_type: lead, members: [{user: ann, weight: .nan, max_open: 1.5}]}}",
    "infinity": "pools: {p: {record_type: lead, members: [{user: ann, weight: .inf, max_open: -1}]}}",
    "settings": "settings: {depth_limit: many, unowned: [x]}",
    "rules": "rule_sets: {a: {record_type: lead, active: 3, entries: [{id: 1, criteria: 7, target: {pool: {}}}, 5]}}",
    "fields": "fields: {lead: {score: {type: nonsense}, name: 3}}",
    "scores": "scores: {lead: [{criteria: [a equals b], points: x}, 3]}",
    "defaults": "defaults: {lead: {nobody: 3}, x: 1}",
    "people": "users: {ann: {name: {}, roles: {a: b}, active: perhaps, manager: [x]}}",
    "division": "division: [a]\n",
    "conditions": "users: {a: {}}\npools: {p: {record_type: lead, members: [a], domain: [[a, b]], criteria: [x ~ y]}}",
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_a_configuration_is_refused_in_words_for_people(tmp_path: Path, content: str) -> None:
    (tmp_path / "all.yaml").write_text(content)
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path)
    assert not FOREIGN_WORDS.search(str(refused.value)), str(refused.value)


def test_a_tab_is_called_a_tab(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(WRONG["a tab"])
    with pytest.raises(ConfigurationError, match=r"all\.yaml:2:1: a tab stands here: YAML is indented with spaces"):
        load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "steps: 3",
        "name: [a]\nsteps: [{record: 3}, {member: x}, 7, {wait: {}}, {record: lead/1, expect: {owner: [1]}}]",
        "name: a\nconfig: [1]\nsteps: []",
        "name: a\nsteps:\n\t- record: lead/1\n",
        "name: a\nsteps: [{record: lead/1, fields: 3, linked: [x], at: never, version: x}]",
    ],
)
def test_a_scenario_is_refused_in_words_for_people(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "a.yaml").write_text(content)
    problems = read_directory(tmp_path).problems
    assert problems
    for problem in problems:
        assert not FOREIGN_WORDS.search(str(problem)), str(problem)


@pytest.mark.parametrize("error", list_all_errors(), ids=lambda error: str(error["type"]))
def test_whatever_a_validator_finds_has_words(error: dict[str, object]) -> None:
    """For every kind of error there is, also those that no model of ours can have today."""
    detail = {"type": error["type"], "loc": (), "msg": error["message_template_python"], "input": "hush", "ctx": {}}
    detail["ctx"] = error.get("example_context") or {}
    said = worded(detail)  # type: ignore[arg-type]  # as the validator gives it
    assert said
    assert "hush" not in said
    assert not FOREIGN_WORDS.search(said)
