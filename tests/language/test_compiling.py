"""Generated functions: who wins, which criterion decided, and that nothing a user wrote becomes code."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language import compiling, criteria
from service.language.compiling import first_match
from service.language.tree import MAX_COMPARISONS, MAX_DEPTH, All, Always, Condition, Never, Not, leaves
from service.language.tree import Any as AnyOf
from tests.language.trees import NOW_MS, conditions, fits, line, records

CORE = Path(compiling.__file__).parent


def decided(condition: Condition, facts: dict[str, Any]) -> tuple[bool, int]:
    """What holds, and the leaf that was asked last, by the definition."""

    def ask(part: Condition, first: int) -> tuple[bool, int]:
        match part:
            case All(parts) | AnyOf(parts):
                at = first
                answer = (isinstance(part, All), at)
                for inside in parts:
                    answer = ask(inside, at)
                    at += len(leaves(inside))
                    if answer[0] is isinstance(part, AnyOf):
                        return answer
                return answer
            case Not(inside):
                holds, leaf = ask(inside, first)
                return not holds, leaf
            case _:
                return fits(part, facts), first

    return ask(condition, 0)


@given(st.lists(conditions(), max_size=5), records())
def test_the_first_that_holds_wins_and_the_deciding_leaf_of_the_others_is_noted(
    several: list[Condition], facts: dict[str, Any]
) -> None:
    """S49 D16: the compiled function against the definition, word by word."""
    winner, late = first_match(several)(facts, NOW_MS)
    answers = [decided(each, facts) for each in several]
    expected = next((at for at, (holds, _) in enumerate(answers) if holds), -1)
    asked = answers[:expected] if expected >= 0 else answers
    assert winner == expected
    assert [late.get(at, 0) for at in range(len(asked))] == [leaf for _, leaf in asked]
    assert set(late) <= set(range(len(asked)))


@pytest.mark.parametrize(
    ("text", "facts", "leaf"),
    [
        ("a > 1 and b > 1", {"a": 1, "b": 2}, 0),
        ("a > 1 and b > 1", {"a": 2, "b": 1}, 1),
        ("a > 1 or b > 1", {}, 1),
        ("a > 1 or b > 1 and c > 1", {"b": 1, "c": 2}, 1),
        ("a > 1 or b > 1 and c > 1", {"b": 2, "c": 1}, 2),
        ("not (a > 1 or b > 1) and c > 1", {"a": 2}, 0),
        ("not (a > 1 or b > 1) and c > 1", {"b": 2}, 1),
        ("not (a > 1 and b > 1)", {"a": 2, "b": 2}, 1),
    ],
)
def test_the_criterion_asked_last_is_the_one_that_decided(text: str, facts: dict[str, Any], leaf: int) -> None:
    """D16: what comes after it was not looked at."""
    winner, late = first_match([line(text)])(facts, NOW_MS)
    assert (winner, late.get(0, 0)) == (-1, leaf)


def test_constant_conditions_win_or_lose_always() -> None:
    """S43: an entry without criteria takes everything."""
    assert first_match([Never(), Always()])({}, NOW_MS) == (1, {})
    assert first_match([])({}, NOW_MS) == (-1, {})


def test_a_condition_as_large_as_allowed_compiles() -> None:
    """S43: wide or deep, the generated code stays within what Python reads."""
    comparison = line("a > 1")
    wide = AnyOf((comparison,) * (MAX_COMPARISONS - 1) + (line("b > 1"),))
    assert first_match([wide, All((wide.parts[0],) * MAX_COMPARISONS)])({"b": 2}, NOW_MS) == (0, {})
    assert first_match([wide])({}, NOW_MS) == (-1, {0: MAX_COMPARISONS - 1})
    deep: Condition = comparison
    for _ in range(MAX_DEPTH):
        deep = Not(AnyOf((All((comparison,) * 12 + (deep,)), line("c > 1"))))
    assert fits(deep, {"a": 2}) in (True, False)
    assert first_match([deep])({"a": 2}, NOW_MS)[0] in (0, -1)


@given(st.text(min_size=1), st.text(), records())
def test_names_and_values_are_handed_over_and_never_become_code(name: str, value: str, facts: dict[str, Any]) -> None:
    """S50 S74: whatever a field or a value is called, it is data."""
    quoted = ["".join(f"\\{each}" if each in '\\"' else each for each in text) for text in (name, value)]
    condition = criteria.parse(f'"{quoted[0]}" equals "{quoted[1]}"')
    assert fits(condition, {**facts, name: value})


def test_code_is_generated_in_one_place_only() -> None:
    """S74: nothing else in the core calls eval, exec, compile, or imports by name."""
    dangerous = {"eval", "exec", "compile", "__import__"}
    places = {
        (path.name, node.func.id)
        for path in CORE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in dangerous
    }
    assert places == {("compiling.py", "exec"), ("compiling.py", "compile")}


def test_no_module_of_the_core_reads_python() -> None:
    """S74: parsers of Python text compile, too, so the core has none of them."""
    names = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for path in CORE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not names & {"ast", "code", "codeop", "importlib", "pickle", "runpy"}
