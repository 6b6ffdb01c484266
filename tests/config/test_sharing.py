"""How a pool shares out, as it is written: strategies, priorities, ways of entering."""

from __future__ import annotations

import pytest

from service.config.loader import compile_inline
from service.config.problems import ConfigurationError
from service.core.configuration import Config
from service.core.entry_policy import Ceiling, EntryPolicy
from tests.config.linting import warned


def compiled(**pool: object) -> Config:
    """A configuration whose one pool is as given."""
    written = {"record_type": "lead", "members": ["ann", "bob"], **pool}
    return compile_inline({"users": ["ann", "bob"], "pools": {"sales": written}}, "test")


@pytest.mark.parametrize(
    ("written", "policy"),
    [
        (None, None),
        ("end_of_ring", EntryPolicy()),
        ("catch_up", EntryPolicy(catches_up=True)),
        ({"catch_up": None}, EntryPolicy(catches_up=True)),
        ({"catch_up": {"at_most": 1, "of": 2}}, EntryPolicy(catches_up=True, ceiling=Ceiling(1, 2))),
    ],
)
def test_how_newcomers_enter_is_a_word_or_says_how_fast(written: object, policy: EntryPolicy | None) -> None:
    """D1 Also after a way over the wire; absent, it is as the strategy has it."""
    assert compiled(entry=written).pools["sales"].entry == policy


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("at_par", "newcomers enter by end_of_ring, catch_up, or"),
        ({"catch_up": {"at_most": 1}}, "a ceiling is so many of more turns"),
        ({"catch_up": {"at_most": 2, "of": 2}}, "a ceiling is so many of more turns"),
        ({"catch_up": {"at_most": 1, "of": 101}}, "100 or less is expected"),
    ],
)
def test_a_way_in_that_there_is_not_is_refused(written: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        compiled(entry=written)


def test_a_priority_may_be_written_as_text() -> None:
    """Trap d5 "10" is the number; what is no number is refused."""
    config = compiled(strategy="ranked", members=[{"user": "ann", "priority": "10"}, {"user": "bob", "priority": 9}])
    assert config.pools["sales"].ranks == {"ann": 1, "bob": 0}

    with pytest.raises(ConfigurationError, match="a priority is a number, such as 1"):
        compiled(members=[{"user": "ann", "priority": "high"}])


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        ("strategy: ranked, members: [ann, bob]", "nobody has a priority, so all share in turn"),
        ("members: [ann, {user: bob, priority: 1}]", 'a priority says nothing under "strategy: round_robin"'),
        ("strategy: take, entry: catch_up, members: [ann]", "a queue hands nothing out"),
        ("entry: {catch_up: {at_most: 1, of: 3}}, members: [ann, bob]", "newcomers never get level"),
    ],
)
def test_check_warns_of_what_says_nothing(pool: str, message: str) -> None:
    """D1 D13 It can be used, and is hardly meant."""
    (found,) = warned(f"users: [ann, bob]\npools:\n  sales: {{record_type: lead, {pool}}}\n", "division: main\n")
    assert message in found


def test_the_usual_ceiling_is_no_warning() -> None:
    text = "users: [ann, bob]\npools: {sales: {record_type: lead, strategy: least_loaded, members: [ann, bob]}}\n"
    assert not warned(text, "division: main\n")
