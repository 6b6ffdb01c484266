"""Random trees of every operator, compared with brute force: what conditions say of each other, and how they print.

The trees come from a seed, so that a page can say how many there were. Brute force asks a condition about a record for
every value of a list; a conclusion that one of them contradicts is wrong. How often something was concluded at all is
counted, too: a comparison in which nothing is ever concluded proves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from service.language import criteria, expression, logic
from service.language.changes import UNCHANGED, UNTOLD, Change, is_same, told_at
from service.language.compiling import check
from service.language.implication import implies, never
from service.language.moments import instant_in, span_in
from service.language.odoo import domains
from service.language.odoo.dates import date_in
from service.language.odoo.operators import CHANGES as DOMAIN_CHANGES
from service.language.odoo.operators import OPERATORS as DOMAIN
from service.language.odoo.operators import TABLE as DOMAIN_TABLE
from service.language.operators import CHANGES, TABLE
from service.language.printing import Lines, as_criteria, as_domain, as_expression
from service.language.probes import listed
from service.language.tree import (
    All,
    Compare,
    Condition,
    Constant,
    Not,
    Other,
    Path,
    Scalar,
    Span,
    leaves,
    number_in,
)
from service.language.tree import Any as AnyOf

NOW_MS: Final = 1_714_600_000_000
"""In the morning of 2024-05-02 (UTC)."""
UTC: Final = ZoneInfo("UTC")
TEXTS: Final = ("US", "CA", "a", "ab", "b", "5", "6", "true", "1", "0", "")
VALUES: Final[tuple[Any, ...]] = (
    *(None, "", " ", [], {}, True, False, 0, 1, 4, 4.5, 5, 5.0, 6, -1, 10**400),
    *(
        "US",
        "us",
        " Us ",
        "CA",
        "a",
        "A",
        "ab",
        "aB",
        "abc",
        "ba",
        "b",
        "5",
        "5.0",
        "06",
        "6",
        "true",
        "TRUE",
        "1",
        "0",
    ),
    *("2024-05-01", "2024-05-01T10:00Z", "2024-05-02", " 2024-05-03 ", "9999-12-31", "soon"),
    *(["US", "CA"], ["a"], [5, 6], ["a;b"], "a;b", "US; ca", [{"name": "US"}], [{"id": 5}], {"id": 5, "name": "US"}),
    *({"id": None}, {"x": "US"}, [{"x": "a"}, {"x": 5}], "1/4/", [True]),
    *(";", "0000-00-00", [""], [None, {}], {"id": ""}, {"id": None, "x": "US"}, [{"x": ["a", "b"]}, "US"]),
)
"""What a field may hold: for every constant below one that is it, one that is not, and one that looks like it."""
SPANS: Final = tuple(map(span_in, ("2024-05-01", "2024-05-02", "2024-05-01T10:00Z", "today", "last_7_days")))
DATES: Final = tuple(date_in(text, SPANS[0].calendar) for text in ("2024-05-01", "today", "-7d") if SPANS[0])
PATTERNS: Final = ("a", "A%", "%b", "_s", "a_%", "%a%b%", "5")


@dataclass
class Counts:
    """By operator: trees with it that were compared, and what came of it."""

    trees: Counter[str] = field(default_factory=Counter)
    concluded: Counter[str] = field(default_factory=Counter)
    printed: Counter[str] = field(default_factory=Counter)
    translated: Counter[str] = field(default_factory=Counter)


def own_constant(random: Random, takes: str) -> Constant:
    """A constant for an operator of criteria."""
    scalar: list[Scalar] = [*TEXTS, 5, 6, 1, 0, 5.5, True, False, *SPANS]
    ordered: list[Scalar] = [*TEXTS[:-1], 5, 6, 5.5, *SPANS]
    match takes:
        case "value":
            return random.choice([*scalar, Other(("y",))])
        case "order":
            return random.choice([*ordered, Other(("y",))])
        case "text":
            several = tuple(random.choice(TEXTS) for _ in range(random.randint(1, 3)))
            return several if random.random() < 0.5 else random.choice(TEXTS)
        case "range":
            numbers, spans, texts = (5, 6, 7), SPANS[:2], ("a", "b")
            kind: Sequence[Scalar] = random.choice([numbers, spans, texts])
            low, high = sorted(random.choices(range(len(kind)), k=2))
            return kind[low], kind[high]
        case "list":
            return tuple(random.choice(scalar) for _ in range(random.randint(1, 3)))
        case "values":
            return random.choice([*scalar, tuple(random.choice(scalar) for _ in range(random.randint(1, 3)))])
        case "nothing":
            return None
        case _:
            choices = [each for each in scalar if not isinstance(each, Span)]
            return tuple(random.choice(choices) for _ in range(random.randint(1, 3)))


def domain_constant(random: Random, takes: str) -> Constant:
    """A constant for an operator of domains."""
    scalar: list[Scalar] = [*TEXTS, 5, 6, 1, True, False, *DATES]
    match takes:
        case "value":
            return random.choice(scalar)
        case "ordered":
            return random.choice([4, 5, 6, "a", *DATES])
        case "text":
            return random.choice(PATTERNS)
        case "domain":
            inside: Sequence[Scalar] = ("US", 5, "a")
            return Compare(("x",), DOMAIN["="].operator, random.choice(inside))
        case "values":
            return random.choice([*scalar, (random.choice(scalar), random.choice(scalar))])
        case "truth":
            return None
        case _:
            return tuple(random.choice(scalar if takes == "list" else ["1", "4", "US"]) for _ in range(2))


def leaf(random: Random, notation: str) -> Compare:
    """One comparison, mostly of the field x."""
    path = random.choice([("x",)] * 6 + [("y",), ("link", "x")])
    if notation == "domain":
        row = random.choice(DOMAIN_TABLE)
        is_past = row.operator not in DOMAIN_CHANGES and random.random() < IN_PAST
        return Compare(path, row.operator, domain_constant(random, row.takes), is_past)
    ours = random.choice(TABLE)
    is_past = ours.operator not in CHANGES and random.random() < IN_PAST
    return Compare(path, ours.operator, own_constant(random, ours.takes), is_past)


IN_PAST: Final = 0.2
"""So many comparisons ask for the value before."""


def tree(random: Random, notation: str, depth: int = 2) -> Condition:
    """Comparisons with and, or and not between them."""
    kind = random.random()
    if depth == 0 or kind < 0.4:
        return leaf(random, notation)
    if kind < 0.5:
        return Not(tree(random, notation, depth - 1))
    parts = tuple(tree(random, notation, depth - 1) for _ in range(random.randint(2, 3)))
    return All(parts) if kind < 0.8 else AnyOf(parts)


def related(random: Random, condition: Condition, notation: str) -> Condition:
    """One that may well follow: with a part less, with an alternative more, or with another constant."""
    match condition:
        case All(parts) if random.random() < 0.7:
            return parts[random.randrange(len(parts))]
        case Compare(_, operator, (first, *_)) if operator.name != "between" and random.random() < 0.5:
            return replace(condition, value=(first,))
        case Compare() if condition.meaning is not None and random.random() < 0.5:
            return condition.meaning
        case _ if random.random() < 0.5:
            return AnyOf((tree(random, notation, 1), condition))
        case _:
            return tree(random, notation, 1)


def records(random: Random) -> Iterator[tuple[dict[str, Any], Change]]:
    """A record for every value, whose other fields hold anything, and what it was before, as far as that is known."""
    for value in VALUES:
        other, behind = random.choice(VALUES), random.choice(VALUES)
        link = random.choice([{"x": behind}, [{"x": behind}, {"x": other}], behind])
        before = {path: random.choice([*VALUES, value]) for path in ("x", "y", "link.x") if random.random() < 0.75}
        yield changed(before, {"x": value, "y": other, "link": link})


def changed(before: dict[str, Any], facts: dict[str, Any]) -> tuple[dict[str, Any], Change]:
    """A record that has these facts now, and what was known of it before."""
    now = {path: told_at(path, facts) for path in before}
    others = {path for path, value in now.items() if value is not UNTOLD and not is_same(before[path], value, UTC)}
    return facts, Change(before, frozenset(others))


def agrees_with_brute_force(random: Random, first: Condition, second: Condition) -> int:
    """How many conclusions were drawn. Raises `AssertionError` for one that some record contradicts."""
    concludes = [never(first), implies(first, second), implies(second, first)]
    holds, follows = check(first), check(second)
    for record, change in records(random):
        is_first, is_second = holds(record, NOW_MS, change), follows(record, NOW_MS, change)
        assert not (concludes[0] and is_first), (first, record)
        assert not (concludes[1] and is_first and not is_second), (first, second, record)
        assert not (concludes[2] and is_second and not is_first), (second, first, record)
    return sum(concludes)


def prints_as_itself(condition: Condition, notation: str) -> bool:
    """Whether it can be printed in its own notation; what is printed is read as the same condition."""
    if notation == "domain":
        domain = as_domain(condition)
        assert not isinstance(domain, str) or asks_the_same(domains.parse(domain), condition), domain
        return isinstance(domain, str)
    text, lines = as_expression(condition), as_criteria(condition)
    assert isinstance(text, str)
    assert isinstance(lines, Lines)
    parts = [criteria.parse(each) for each in lines.criteria]
    assert asks_the_same(expression.parse(text), condition), text
    assert asks_the_same(logic.parse(lines.logic, parts) if lines.logic else All(tuple(parts)), condition), lines
    return True


def asks_the_same(read: Condition, condition: Condition) -> bool:
    """Whether two conditions ask the same comparisons in the same order."""
    return leaves(read) == leaves(condition)


def translates(condition: Condition) -> bool:
    """Whether it has an equivalent in a domain; that one gives the same answer about texts, numbers, days, nothing."""
    domain = as_domain(condition)
    if not isinstance(domain, str):
        return False
    ask, other = check(condition), check(domains.parse(domain))
    paths = (("x",), ("y",), ("link", "x"))
    kinds = [{id(value) for value in fitting(condition, path)} for path in paths]
    before: dict[str, Any] = {}
    for value in VALUES:
        x, y, behind = (value if id(value) in kind else None for kind in kinds)
        facts, change = {"x": x, "y": y, "link": {"x": behind}}, UNCHANGED
        if value is not VALUES[0]:
            facts, change = changed(before, facts)
        assert ask(facts, NOW_MS, change) is other(facts, NOW_MS, change), (condition, domain, facts, change)
        before = {"x": x, "y": y, "link.x": behind}
    return True


def fitting(condition: Condition, path: Path) -> list[Any]:
    """The values that are of the kind which a field is compared with: numbers, dates, or texts."""
    constants = [
        value
        for each in leaves(condition)
        if isinstance(each, Compare) and each.path == path
        for value in listed(each.value)
        if value != "" and value is not None
    ]
    texts = [value for value in VALUES if isinstance(value, str) and value == value.strip() != ""]
    by_kind: dict[type, list[Any]] = {
        str: texts,
        int: [value for value in VALUES if type(value) in (int, float) or (value in texts and number_in(value))],
        Span: [value for value in texts if instant_in(value, ZoneInfo("UTC")) is not None],
    }
    fit = [by_kind[int if isinstance(value, float) else type(value)] for value in constants]
    plain = [value for value in VALUES if type(value) not in (bool, dict, list)]
    return [value for value in plain if value is None or all(any(value is each for each in kind) for kind in fit)]


def compared(seed: int, count: int) -> dict[str, Counts]:
    """What came of so many trees of each notation."""
    random = Random(seed)
    found = {"criteria and line": Counts(), "domain": Counts()}
    for notation, counts in found.items():
        for _ in range(count):
            first = tree(random, notation)
            second = related(random, first, notation)
            concluded = agrees_with_brute_force(random, first, second)
            printed, translated = prints_as_itself(first, notation), notation != "domain" and translates(first)
            for name in {each.operator.name for each in leaves(first) if isinstance(each, Compare)}:
                counts.trees[name] += 1
                counts.concluded[name] += concluded > 0
                counts.printed[name] += printed
                counts.translated[name] += translated
    return found
