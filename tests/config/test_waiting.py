"""What a pool says of records that wait: read, refused, and looked at for circles."""

from __future__ import annotations

import pytest

from service.config.compiler import compile_document
from service.core.events import Target
from service.core.pool_spec import Accepting, Escalation
from tests.config.files import document, read, refused

TEAM = "users: [ann, boss]\n"


def pools(said: str, more: str = "") -> str:
    """A pool that says this, and others."""
    return f"{TEAM}pools:\n  sales: {{record_type: lead, members: [ann], {said}}}\n{more}"


def test_everything_that_a_pool_says_is_read() -> None:
    """D3 D15 D50"""
    said = (
        "accept_within: 15s, hand_on: 7, ask_again: true, longest_wait: 2h, "
        "nobody_eligible: {fallback: {user: boss}}, escalate: {after: 30m, to: {queue: rest}}"
    )
    written = document(pools(said, "  rest: {record_type: lead, strategy: take}"))
    spec = compile_document(written).pools["sales"]

    assert spec.accepting == Accepting(15_000, 7, ask_again=True)
    assert (spec.fallback, spec.assign_anyway) == (Target("user", "boss"), False)
    assert spec.escalation == Escalation(1_800_000, Target("queue", "rest"))
    assert spec.longest_wait_ms == 7_200_000


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("accept_within: 15x", "a time is a whole number"),
        ("accept_within: 15m, hand_on: 8", "hand_on"),
        ("nobody_eligible: wait", "is left to park, assign_anyway"),
        ("nobody_eligible: {fallback: {pool: sales}}", "does not help itself out"),
        ("nobody_eligible: {fallback: {pool: elsewhere}}", "not declared"),
        ("nobody_eligible: {fallback: {user: bob}}", "not declared"),
        ("nobody_eligible: {fallback: {}}", "one of user, pool and queue"),
        ("nobody_eligible: {fallback: {user: boss}, assign_anyway: true}", "either a fallback or assign_anyway"),
        ("escalate: {after: 30m, to: {pool: deals}}", "serves deal records"),
        ("escalate: {after: 30m, to: {pool: rest}}", "is a queue"),
        ("escalate: {to: {user: boss}}", "after"),
    ],
)
def test_what_leads_nowhere_is_refused(said: str, what: str) -> None:
    more = "  deals: {record_type: deal}\n  rest: {record_type: lead, strategy: take}\n"

    assert [line for line in refused(config=pools(said, more)) if what in line]


def test_c6_a_circle_is_named_and_is_no_mistake() -> None:
    """c6 `check` warns, once for each circle."""
    said = "nobody_eligible: {fallback: {pool: west}}"
    more = "  west: {record_type: lead, members: [ann], nobody_eligible: {fallback: {pool: sales}}}\n"

    found = [note.message for note in read(config=pools(said, more)).notes if "circle" in note.message]
    (message,) = found
    assert message.endswith("in a circle, sales → west → sales: each is asked once, then the record waits")


def test_a_pool_that_watches_for_skew_has_a_manager_and_people_with_a_share() -> None:
    """S19 Else nobody is told, or there is nothing to tell."""
    assert compile_document(document(pools("manager: boss, skewed_after: 3"))).pools["sales"].skewed_after == 3

    found = [note.message for note in read(config=pools("skewed_after: 3, strategy: ranked")).notes]
    assert [message for message in found if "skewed_after" in message] == [
        "pools.sales.skewed_after: nobody is told when this pool is skewed: name its manager",
        'pools.sales.skewed_after: with "strategy: ranked" nobody has a share to be behind: leave this out',
    ]


def test_a_queue_gives_nothing_out() -> None:
    said = "strategy: take, accept_within: 15m"

    assert [note for note in read(config=pools(said)).notes if "out of a queue" in note.message]
