"""How fast rules are: `python -m tests.bench.rules`. Prints ratios of one run, so that any machine will do.

Against a function that somebody wrote by hand for the same twenty entries, with the same rules about letter case, unset
fields and numbers in text; the cost of one more entry; the same conditions in three notations; a thousand entries of
which the last matches, and how long they take to compile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from time import perf_counter
from typing import Final

from service.core.events import Target
from service.core.rule_sets import Entry, RuleSet
from service.core.rules import match
from service.language import criteria, expression
from service.language.odoo import domains
from service.language.predicate import Predicate
from service.language.tree import Facts, number_in

ROUNDS: Final = 7
RECORDS: Final = 2_000
NOW_MS: Final = 1_700_000_000_000
MANY: Final = 1_000

ENTRIES: Final = (
    ("account.tier equals vip",),
    ("country in [DE, AT, CH]", "account.employees >= 5000"),
    ("country in [DE, AT, CH]", "industry equals automotive"),
    ("country in [DE, AT, CH]", "account.employees >= 500"),
    ("country in [FR, BE, LU]", "account.employees >= 500"),
    ("country in [FR, BE, LU]", "industry in [energy, utilities]"),
    ("country in [US, CA, MX]", "account.employees >= 5000"),
    ("country in [US, CA, MX]", "industry equals retail", "score > 60"),
    ("country in [US, CA, MX]", "source equals partner"),
    ("country in [BR, AR, CL]", "source not equal web"),
    ("title contains chief", "score >= 80"),
    ("title starts with head of", "score >= 70"),
    ("source equals event", "industry not in [education, public]"),
    ("source equals event", "account.employees < 50"),
    ("industry equals education",),
    ("industry equals public", "title does not contain assistant"),
    ("country in [DE, AT, CH]",),
    ("country in [FR, BE, LU]",),
    ("country in [US, CA, MX]",),
    ("country in [JP, KR]", "score > 40"),
)
DACH, BENELUX, NORTH, SOUTH, FAR = (
    frozenset(names.split()) for names in ("de at ch", "fr be lu", "us ca mx", "br ar cl", "jp kr")
)


def text(value: object) -> str:
    """As somebody would write it: text without case and white space at its ends, anything else as unset."""
    return value.strip().casefold() if isinstance(value, str) else ""


def number(value: object) -> float:
    """A number, also one in text; anything else is below every limit and not above."""
    if isinstance(value, int | float):
        return value
    read = number_in(value) if isinstance(value, str) else None
    return float("nan") if read is None else read


def by_hand(facts: Facts, _now_ms: int) -> int:  # noqa: C901  # twenty entries, one after another, are the point
    """The position of the first entry that matches, -1 if none does."""
    account = facts.get("account")
    linked = account if isinstance(account, dict) else {}
    country, industry, source = text(facts.get("country")), text(facts.get("industry")), text(facts.get("source"))
    title, score, employees = text(facts.get("title")), number(facts.get("score")), number(linked.get("employees"))
    if text(linked.get("tier")) == "vip":
        return 0
    if country in DACH and employees >= 5000:
        return 1
    if country in DACH and industry == "automotive":
        return 2
    if country in DACH and employees >= 500:
        return 3
    if country in BENELUX and employees >= 500:
        return 4
    if country in BENELUX and industry in ("energy", "utilities"):
        return 5
    if country in NORTH and employees >= 5000:
        return 6
    if country in NORTH and industry == "retail" and score > 60:
        return 7
    if country in NORTH and source == "partner":
        return 8
    if country in SOUTH and source != "web":
        return 9
    if "chief" in title and score >= 80:
        return 10
    if title.startswith("head of") and score >= 70:
        return 11
    if source == "event" and industry not in ("education", "public"):
        return 12
    if source == "event" and employees < 50:
        return 13
    if industry == "education":
        return 14
    if industry == "public" and "assistant" not in title:
        return 15
    return by_country(country, score)


def by_country(country: str, score: float) -> int:
    """The entries at the end, for whole regions."""
    if country in DACH:
        return 16
    if country in BENELUX:
        return 17
    if country in NORTH:
        return 18
    return 19 if country in FAR and score > 40 else -1


def rule_set(conditions: Sequence[tuple[Predicate, ...]]) -> RuleSet:
    """A rule set with these entries."""
    target = Target("pool", "sales")
    return RuleSet("bench", "lead", tuple(Entry(str(at), target, each) for at, each in enumerate(conditions)))


def read(lines: Sequence[str]) -> tuple[Predicate, ...]:
    """Criteria, as a configuration has them."""
    return tuple(Predicate(line, criteria.parse(line)) for line in lines)


def records(random: Random) -> list[Facts]:
    """Leads such as an importer sends: some fields unset, some numbers as text."""
    countries = ["DE", "AT", "FR", "US", "CA", "BR", "JP", "KR", "IT", "ES", "PL", "NO", None]
    return [
        {
            "country": random.choice(countries),
            "industry": random.choice(["Automotive", "retail", "Energy", "public", "education", "software", ""]),
            "source": random.choice(["web", "Partner", "event", "phone", None]),
            "title": random.choice(["Chief Executive", "Head of Sales", "assistant", "Engineer", None]),
            "score": random.choice([random.randrange(100), str(random.randrange(100)), None]),
            "account": {"tier": random.choice(["vip", *["standard"] * 9]), "employees": random.randrange(20_000)},
        }
        for _ in range(RECORDS)
    ]


def fastest(ask: Callable[[Facts, int], object], given: Sequence[Facts]) -> float:
    """Seconds a record of the fastest round."""
    seconds = []
    for _ in range(ROUNDS):
        start = perf_counter()
        for facts in given:
            ask(facts, NOW_MS)
        seconds.append(perf_counter() - start)
    return min(seconds) / len(given)


def against_hand(given: Sequence[Facts]) -> None:
    """The same twenty entries: written by hand, compiled, and compiled with the trace of entries tried."""
    compiled = rule_set([read(lines) for lines in ENTRIES])
    ask = compiled.ask
    for facts in given:
        assert ask(facts, NOW_MS)[0] == by_hand(facts, NOW_MS), facts
    hand, only = fastest(by_hand, given), fastest(ask, given)
    traced = fastest(partial(match, compiled), given)
    print(f"20 entries, by hand             {hand * 1e6:8.2f} µs a record")
    print(f"20 entries, compiled            {only * 1e6:8.2f} µs   {hand / only:5.2f} of the speed by hand")
    print(f"20 entries, compiled and traced {traced * 1e6:8.2f} µs   {hand / traced:5.2f} of the speed by hand")


def added_entries(given: Sequence[Facts]) -> None:
    """What one more entry costs a record that it does not match."""
    seconds = {}
    for count in (20, 220):
        ask = rule_set([read((f"country equals X{at}", "score > 5")) for at in range(count)]).ask
        seconds[count] = fastest(ask, given)
    print(f"one more entry                  {(seconds[220] - seconds[20]) / 200 * 1e9:8.1f} ns")


def notations(given: Sequence[Facts]) -> None:
    """Forty entries that say the same in three notations."""
    count = 40
    written: Mapping[str, list[tuple[Predicate, ...]]] = {
        "criteria": [read(("score > 98", f"title contains x{at}")) for at in range(count)],
        "expression": [
            (Predicate("", expression.parse(f'score > 98 and title contains "x{at}"')),) for at in range(count)
        ],
        "domain": [
            (Predicate("", domains.parse([["score", ">", 98], ["title", "ilike", f"x{at}"]])),) for at in range(count)
        ],
    }
    asks = {name: rule_set(conditions).ask for name, conditions in written.items()}
    seconds = {name: fastest(ask, given) for name, ask in asks.items()}
    for name, each in seconds.items():
        print(f"40 entries as {name:12}      {each * 1e6:8.2f} µs   {each / seconds['criteria']:5.2f} times criteria")


def a_thousand() -> None:
    """Only the last of a thousand entries matches."""
    conditions = [read((f"region equals r{at}", f"country in [DE, FR, c{at}]")) for at in range(MANY)]
    start = perf_counter()
    compiled = rule_set(conditions)
    seconds = perf_counter() - start
    facts = {"region": f"R{MANY - 1}", "country": "FR"}
    assert match(compiled, facts, NOW_MS)[0] is compiled.entries[-1]
    each = fastest(partial(match, compiled), [facts] * 200)
    start = perf_counter()
    for at in range(MANY):
        read((f"region equals r{at}", f"country in [DE, FR, c{at}]"))
    print(f"1,000 entries, the last matches {each * 1e6:8.2f} µs")
    print(f"1,000 entries: read in {perf_counter() - start:.3f} s, compiled in {seconds:.3f} s")


def main() -> None:
    """Measure everything once."""
    given = records(Random(1))
    against_hand(given)
    added_entries(given)
    notations(given)
    a_thousand()


if __name__ == "__main__":
    main()
