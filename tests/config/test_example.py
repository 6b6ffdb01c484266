"""The example configuration that a newcomer reads first: it must be right, and show what it says it shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from service.config.compiler import compile_document
from service.config.loader import load
from service.core.rules import match

EXAMPLE = Path(__file__).parents[2] / "deploy" / "config"


def test_the_example_has_three_pools_a_dozen_people_and_a_few_rules() -> None:
    """The only note is about the draft that is there to show one."""
    loaded = load(EXAMPLE)
    config = compile_document(loaded.documents["main"])
    assert (len(config.pools), len(config.users)) == (3, 12)
    assert ["leads-by-size" in note.message for note in loaded.notes] == [True]


def test_leads_of_a_region_go_to_the_people_who_know_it() -> None:
    """S34 S36 S52: a key account by hand, the others by country, criteria on linked and on custom fields."""
    config = compile_document(load(EXAMPLE).documents["main"])
    targets = Counter(
        str(winner.target) if (winner := match(config.rule_sets["lead"], facts, 0)[0]) else "default"
        for facts in (
            {"country": "NO"},
            {"country": "us", "account": {"employees": 4_999}},
            {"country": "US", "account": {"employees": 5_000}},
            {"country": "DE", "source": "Partner"},
            {"country": "BR", "source": "partner", "partner_region": "LATAM"},
            {"country": "JP"},
        )
    )
    assert targets == {"pool:emea-inbound": 1, "pool:americas-inbound": 2, "user:kate": 1, "user:liam": 1, "default": 1}
