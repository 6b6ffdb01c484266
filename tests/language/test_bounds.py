"""No condition takes long, whatever it asks and whatever the field holds: measured in steps, not in time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from service.language import criteria
from service.language.changes import Change, is_same
from service.language.compiling import check
from service.language.odoo import domains
from service.language.odoo.operators import TABLE as DOMAIN_TABLE
from service.language.odoo.patterns import MAX_PATTERN_CHARACTERS, MAX_SCANNED
from service.language.operators import TABLE
from service.language.probes import MAX_SOUGHT
from service.language.tree import MAX_LIST_ITEMS, Condition
from service.language.unset import MAX_ELEMENTS
from tests.language.trees import NOW_MS

LARGE: Final = 300_000
MOST_LINES: Final = 10 * MAX_SCANNED
"""So many lines of Python run for one comparison at most; ten thousand take about a millisecond."""

NASTY: Final[dict[str, Any]] = {
    "one letter": "a" * LARGE,
    "letters with marks": "á" * LARGE,
    "letters that grow when they are folded": "ßİ" * LARGE,
    "digits": "9" * LARGE,
    "a number that is none": "1" * LARGE + "x",
    "choices": ";" * LARGE,
    "spaces": " " * LARGE,
    "slashes": "1/" * LARGE,
    "a long list of numbers": list(range(LARGE)),
    "a long list of texts": ["aaaaaaaaaaaaaaaaaaaaaaaa"] * LARGE,
    "a long list of links": [{"id": 1, "name": "aa", "parent_path": "1/2/"}] * LARGE,
    "a long list of every choice": [f"v{number}" for number in range(LARGE, -1, -1)] + ["v0"],
    "a list of every choice": ["no"] * (MAX_ELEMENTS - MAX_LIST_ITEMS) + [f"v{each}" for each in range(MAX_LIST_ITEMS)],
    "a long list of lists": [["a"]] * LARGE,
}
PATTERNS: Final = (
    ("%a_" * MAX_PATTERN_CHARACTERS)[: MAX_PATTERN_CHARACTERS - 2] + "%b",
    "%" + "a_" * (MAX_PATTERN_CHARACTERS // 2 - 2) + "b%",
    "%" + "_" * (MAX_PATTERN_CHARACTERS - 3) + "b%",
    ("%a" * MAX_PATTERN_CHARACTERS)[: MAX_PATTERN_CHARACTERS - 2] + "%b",
)
MANY: Final = ", ".join(f'"v{number}"' for number in range(MAX_LIST_ITEMS))


def lines_of(ask: Callable[[], object]) -> int:
    """How many lines of Python run."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        ask()
    finally:
        sys.settrace(before)
    return count


def ours() -> list[Condition]:
    """Every operator of criteria, with the longest list where it takes one."""
    values = {
        "value": ["x", "5", "today", "true", '""', "field y"],
        "order": ["5", "today", '"x"', "field y"],
        "text": ["x", f"[{MANY}]"],
        "list": [f"[{MANY}]", "[5, true]", f"[{', '.join(['today'] * MAX_LIST_ITEMS)}]"],
        "choices": ["x", f"[{MANY}]"],
        "range": ["5 and 6", "today - 7d and today"],
        "values": ["x", f"[{MANY}]"],
        "nothing": [""],
    }
    return [criteria.parse(f"x {row.operator.name} {value}") for row in TABLE for value in values[row.takes]]


def theirs() -> list[Condition]:
    """Every operator of domains, with the patterns that are hardest to find."""
    values: dict[str, list[Any]] = {
        "value": ["x", 5, "today", True, False],
        "ordered": [5, "today", "x"],
        "list": [[f"v{number}" for number in range(MAX_LIST_ITEMS)], [5, "2024-05-01"]],
        "text": list(PATTERNS),
        "domain": [[["name", "ilike", "x"]]],
        "place": [["9", "1/2/3/"]],
        "values": ["x", [f"v{number}" for number in range(MAX_LIST_ITEMS)]],
        "truth": [True],
    }
    terms = [(row.symbol, value) for row in DOMAIN_TABLE for value in values[row.takes]]
    return [domains.parse([["x", symbol, value]]) for symbol, value in terms]


@pytest.mark.interpreted
@pytest.mark.parametrize("fact", NASTY.values(), ids=NASTY)
def test_whether_a_field_was_changed_takes_no_more_steps(fact: Any) -> None:
    """D43: two values are compared in a bounded time, whatever they are."""
    for other in (fact, "x", 5, [fact, "x"]):
        assert lines_of(lambda other=other: is_same(fact, other, ZoneInfo("UTC"))) <= MOST_LINES  # type: ignore[misc]  # bound at once


@pytest.mark.interpreted
@pytest.mark.parametrize("fact", NASTY.values(), ids=NASTY)
def test_no_comparison_takes_more_steps_than_the_limits_allow(fact: Any) -> None:
    """Every operator of each notation, on fields such as nobody should send."""
    for condition in (*ours(), *theirs()):
        ask = check(condition)
        ask({}, NOW_MS)
        change = Change({"x": fact}, frozenset("x"))
        steps = lines_of(lambda ask=ask, change=change: ask({"x": fact, "y": fact}, NOW_MS, change))  # type: ignore[misc]  # bound at once
        assert steps <= MOST_LINES, condition


def test_a_piece_is_found_in_one_step_for_each_character() -> None:
    """However often it nearly fits, and to the limit and no further."""
    ask = check(domains.parse([["x", "=like", "%a_a_a_a_b%"]]))
    assert ask({"x": "a" * (MAX_SCANNED - 1) + "b"}, NOW_MS)
    assert not ask({"x": "a" * MAX_SCANNED + "b"}, NOW_MS)
    assert lines_of(lambda: ask({"x": "a" * LARGE}, NOW_MS)) < 10 * MAX_SCANNED


def test_what_is_at_the_ends_is_found_in_a_text_of_any_length() -> None:
    """Only what is looked for somewhere within has a limit."""
    assert check(domains.parse([["x", "=like", "a_a%b_b%c_c"]]))({"x": "axa" + "bxb" + "x" * LARGE + "cxc"}, NOW_MS)
    assert check(domains.parse([["x", "like", "needle"]]))({"x": "x" * LARGE + "needle"}, NOW_MS)


def test_a_list_of_as_many_values_as_there_may_be_fits_a_criterion() -> None:
    """Also where each is a hundred characters long, quotes and commas counted."""
    long = ",".join(f'"{number:095}"' for number in range(MAX_LIST_ITEMS))
    assert check(criteria.parse(f"x in [{long}]"))({"x": f"{7:095}"}, NOW_MS)


CONSTANTS: Final[dict[str, Any]] = {"text": PATTERNS[0], "domain": [["c", "=", 1]], "list": [5, "x"], "ordered": 5}


def links_of(values: Any) -> list[dict[str, Any]]:
    """Many links, each with this in it."""
    return [{"id": number, "b": values, "name": "aa"} for number in range(MAX_ELEMENTS)]


BEHIND: Final[dict[str, Any]] = {
    "numbers": links_of([5] * MAX_ELEMENTS),
    "texts": links_of(["aaaa"] * MAX_ELEMENTS),
    "links": links_of([{"c": 0, "id": 1, "parent_path": "1/2/"}] * MAX_ELEMENTS),
    "links of links": links_of([{"b": [{"c": 0}] * MAX_ELEMENTS}] * MAX_ELEMENTS),
    "nothing": links_of([[]] * MAX_ELEMENTS),
}


@pytest.mark.parametrize("links", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize("path", ["x.b", "x.b.c", "x.b.b.c", "x.b.name"])
def test_lists_behind_lists_take_no_more_steps(links: list[dict[str, Any]], path: str) -> None:
    """Whatever stands behind each of many links, so many values are looked at as in one list."""
    for row in DOMAIN_TABLE:
        ask = check(domains.parse([[path, row.symbol, CONSTANTS.get(row.takes, True)]]))
        ask({}, NOW_MS)
        assert lines_of(lambda ask=ask: ask({"x": links}, NOW_MS)) <= MOST_LINES, row.symbol  # type: ignore[misc]  # bound at once
    for criterion in ("includes [x]", "includes all [x, y]", "excludes [x]", "equals x"):
        ask = check(criteria.parse(f"{path} {criterion}"))
        ask({}, NOW_MS)
        assert lines_of(lambda ask=ask: ask({"x": links}, NOW_MS)) <= MOST_LINES, criterion  # type: ignore[misc]  # bound at once


@pytest.mark.parametrize("word", ["any", "not any"])
def test_any_within_any_looks_at_so_many_links_at_all(word: str) -> None:
    """However deep they stand in one another; the next condition begins anew."""
    inner: list[Any] = [["c", "=", 1]]
    for _ in range(3):
        inner = [["b", word, inner]]
    ask = check(domains.parse([["x", word, inner]]))
    ask({}, NOW_MS)
    for links in BEHIND.values():
        assert lines_of(lambda links=links: ask({"x": links}, NOW_MS)) <= MOST_LINES  # type: ignore[misc]  # bound at once
    plain = check(domains.parse([["x", "any", [["b", "any", [["c", "=", 1]]]]]]))
    assert plain({"x": [{"b": [{"c": 0}] * (MAX_ELEMENTS - 2)}, {"b": [{"c": 1}]}]}, NOW_MS) is False
    assert plain({"x": [{"b": [{"c": 0}] * (MAX_ELEMENTS - 3)}, {"b": [{"c": 1}]}]}, NOW_MS)


def test_a_list_of_texts_is_sought_in_so_many_characters_at_all() -> None:
    """One text is found anywhere; of many each is found where all of them together take no longer."""
    sought = [f"v{number}" for number in range(MAX_LIST_ITEMS)]
    ask = check(criteria.parse(f"x contains [{', '.join(sought)}]"))
    end = MAX_SOUGHT // MAX_LIST_ITEMS
    assert ask({"x": "." * (end - 2) + "v7"}, NOW_MS)
    assert not ask({"x": "." * end + "v7"}, NOW_MS)
    assert check(criteria.parse("x contains v7"))({"x": "." * LARGE + "v7"}, NOW_MS)
