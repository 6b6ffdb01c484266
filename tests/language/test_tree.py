"""The tree itself: what it reads, how deep it is, what it asks in which order."""

from __future__ import annotations

from hypothesis import given

from service.language.tree import (
    All,
    Always,
    Any,
    Compare,
    Condition,
    Never,
    Not,
    Operator,
    Probe,
    depth,
    leaves,
    moves,
    reads,
)
from tests.language.trees import conditions, fits, line, records

LINKED = Operator("some", {}, lambda value: Probe("False"))


def test_a_condition_says_which_fields_it_reads() -> None:
    """S52 S50: with dots for linked records; what is asked of linked records counts from the link."""
    assert reads(line('country == "DE" or not account.tier == "vip" and country == "FR"')) == {
        "country",
        "account.tier",
    }
    inside = Compare(("lines",), LINKED, line('product.kind == "x" and amount > 5'))
    assert reads(Not(inside)) == {"lines.product.kind", "lines.amount"}
    assert reads(Compare(("lines",), LINKED, Always())) == {"lines"}
    assert reads(All((Always(), Never()))) == frozenset()


def test_leaves_are_counted_in_the_order_in_which_they_are_asked() -> None:
    """D16: a trace names a leaf by its place."""
    a, b, c = line("a > 1"), line("b > 1"), line("c > 1")
    assert leaves(All((a, Any((b, Not(c)))))) == (a, b, c)
    assert leaves(All(())) == (Always(),)
    assert leaves(Any(())) == (Never(),)


def test_depth_counts_what_stands_inside_each_other() -> None:
    """S74: the limit on depth counts conditions on linked records, too."""
    a = line("a > 1")
    assert [depth(each) for each in (a, Always(), Not(a), All((a, Not(a))), Compare(("x",), LINKED, Not(a)))] == [
        1,
        1,
        2,
        3,
        3,
    ]


def test_no_parts_at_all_means_what_logic_says() -> None:
    """S43: all of nothing holds, one of nothing does not."""
    assert [fits(each, {}) for each in (All(()), Any(()), Always(), Never())] == [True, False, True, False]


@given(conditions(), records())
def test_a_tree_is_what_its_parts_are(condition: Condition, facts: dict[str, object]) -> None:
    """S43: and, or, not mean what they mean, however the function is generated."""

    def holds(part: Condition) -> bool:
        match part:
            case All(parts):
                return all(map(holds, parts))
            case Any(parts):
                return any(map(holds, parts))
            case Not(inside):
                return not holds(inside)
            case _:
                return fits(part, facts)

    assert fits(condition, facts) is holds(condition)


def test_a_condition_says_whether_time_alone_changes_its_answer() -> None:
    """What is compared with a day that moves with now, wherever in the tree; a date that is written stays."""
    for text, is_moving in {
        "created == today": True,
        'not (country == "DE" and created > last_week)': True,
        "created in [2026-03-01, today]": True,
        "created > 2026-03-01": False,
        'country == "DE" or amount > 5': False,
    }.items():
        assert moves(line(text)) is is_moving, text
    assert moves(Compare(("lines",), LINKED, line("due == today")))
    assert not moves(Compare(("lines",), LINKED, Always()))
