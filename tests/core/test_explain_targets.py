"""Whom a target means, in the words of the explanation: people, fields that name one, related records."""

from __future__ import annotations

from typing import Any

import pytest

from service.config.loader import compile_inline
from service.core.telling.explain import explain
from tests.core.build import Division


@pytest.mark.parametrize(
    ("facts", "entry", "steps"),
    [
        (
            {"kind": "plain", "manager": " ann "},
            "to the person in manager (ann)",
            [],
        ),
        (
            {"kind": "plain", "manager": "zed"},
            "to the person in manager (zed); passed over: there is no such user",
            [],
        ),
        (
            {"kind": "plain"},
            "to the person in manager; passed over: the field that names a person is not set",
            [],
        ),
        (
            {"kind": "steps", "manager": "ann"},
            'yes   kind == "steps"',
            ["ann (Ann Lee)", "the person in manager", "the owner of account", "pool sales"],
        ),
    ],
)
def test_who_is_meant_by_a_person_or_a_field_is_said_in_words(
    facts: dict[str, object], entry: str, steps: list[str]
) -> None:
    """D16 D56 Also where it was a step of a target, and whoever the field names."""
    people: list[dict[str, Any]] = [{"user": "ann"}, {"user": {"field": "manager"}}, {"owner_of": "account"}]
    document = {
        "users": {"ann": {"name": "Ann Lee"}, "bob": {}},
        "pools": {"sales": {"record_type": "lead", "members": ["bob"]}},
        "rule_sets": {
            "r": {
                "record_type": "lead",
                "active": True,
                "entries": [
                    {"id": "plain", "when": 'kind == "plain"', "target": {"user": {"field": "manager"}}},
                    {
                        "id": "steps",
                        "when": 'kind == "steps"',
                        "target": [*({**each, "wait": "1h"} for each in people), {"pool": "sales"}],
                    },
                    {"id": "rest", "target": {"pool": "sales"}},
                ],
            }
        },
    }
    division = Division()
    division.take_over(compile_inline(document, "test"))
    division.create("lead/1", owner=None, facts=facts)
    said = explain(division.last(), division.config, facts=facts)
    assert [line for line in said if line.rstrip().endswith(entry)]
    assert [" ".join(line.split("   ")[1:2]) for line in said if line.startswith("  step")] == steps
