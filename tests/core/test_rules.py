"""Rule sets: the first entry whose criteria all hold decides, and the trace says why the others did not."""

from __future__ import annotations

from service.core.events import Target
from service.core.model import Tried
from service.core.rule_sets import Entry, RuleSet
from service.core.rules import match
from tests.core.build import START_MS, predicate


def entry(name: str, *criteria: str, pool: str = "sales") -> Entry:
    return Entry(name, Target("pool", pool), tuple(map(predicate, criteria)))


def rules(*entries: Entry) -> RuleSet:
    return RuleSet("leads", "lead", entries)


def test_the_first_entry_that_matches_wins() -> None:
    """S43 S44 S47 S48 S49: swap two entries that both match and the other one wins."""
    first, second = entry("emea", "country in [DE, FR]"), entry("web", "source equals web")
    facts = {"country": "DE", "source": "web"}
    assert match(rules(first, second), facts, START_MS)[0] is first
    assert match(rules(second, first), facts, START_MS)[0] is second


def test_all_criteria_of_an_entry_must_hold() -> None:
    """S43: criteria are combined with and; an entry without any always matches."""
    both = entry("both", "country equals DE", "size > 500")
    assert match(rules(both), {"country": "DE", "size": 501}, START_MS)[0] is both
    assert match(rules(both), {"country": "DE", "size": 500}, START_MS)[0] is None
    assert match(rules(entry("all")), {}, START_MS)[0] == entry("all")


def test_the_same_record_and_the_same_rules_give_the_same_answer() -> None:
    """S32 S33: nothing but the record and the rules is asked."""
    rule_set = rules(entry("a", "country equals FR"), entry("b", "country equals DE"))
    assert match(rule_set, {"country": "DE"}, START_MS) == match(rule_set, {"country": "DE"}, START_MS)


def test_the_trace_names_the_criterion_that_decided() -> None:
    """D16: every entry asked is in the trace with the first criterion that failed; entries after the winner are not."""
    rule_set = rules(
        entry("vip", "country equals DE", "account.tier equals vip", "size > 5"),
        entry("emea", "country in [DE, FR]"),
        entry("rest"),
    )
    _, tried = match(rule_set, {"country": "DE", "account": {"tier": "standard"}}, START_MS)
    assert tried == (Tried("vip", matched=False, criterion=1), Tried("emea", matched=True, criterion=None))


def test_no_entry_may_match() -> None:
    """S43: then every entry is in the trace, and the default decides elsewhere."""
    winner, tried = match(rules(entry("a", "x = 1"), entry("b", "y = 1")), {}, START_MS)
    assert winner is None
    assert tried == (Tried("a", matched=False, criterion=0), Tried("b", matched=False, criterion=0))


def test_a_target_may_be_a_pool_or_a_person() -> None:
    """S62: the entry that wins carries its target, whatever its kind."""
    person = Entry("person", Target("user", "ann"), (predicate("size < 10"),))
    rule_set = rules(person, entry("pool", pool="emea"))
    assert [winner.target for size in (5, 50) if (winner := match(rule_set, {"size": size}, START_MS)[0])] == [
        Target("user", "ann"),
        Target("pool", "emea"),
    ]
