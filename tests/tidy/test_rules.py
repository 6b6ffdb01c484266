"""Each rule of style finds what it forbids: a check that cannot fail checks nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.tidy import rules
from tests.tidy.tree import Module, Place, module_of

Rule = Callable[[Module], Iterator[Place]]

BROKEN: list[tuple[Rule, str]] = [
    (rules.too_long, "x = 1\n" * 401),
    (rules.too_long, "def f():\n" + "    x = 1\n" * 50),
    (rules.too_many_parameters, "def f(a, b, c, d, e, f, g): ..."),
    (rules.too_many_parameters, "class A:\n  async def f(self, a, b, c, *, d, e, f, g): ..."),
    (rules.without_docstring, "x = 1"),
    (rules.catches_everything, "try: ...\nexcept Exception: ..."),
    (rules.catches_everything, "try: ...\nexcept (ValueError, BaseException): ..."),
    (rules.catches_everything, "try: ...\nexcept: ..."),
    (rules.sleeps, "time.sleep(0)"),
    (rules.sleeps, "await asyncio.sleep(0.1)"),
    (rules.reads_environment, "os.environ['A']"),
    (rules.reads_environment, "os.getenv('A')"),
    (rules.leftovers, "x = 1  # TO" + "DO: two"),
    (rules.silences_without_reason, "x = 1  # type: ignore"),
    (rules.silences_without_reason, "x = 1  # type: ignore[assignment]"),
    (rules.silences_without_reason, "x = 1  # noqa"),
    (rules.silences_without_reason, "x = 1  # noqa: E501"),
    (rules.misnamed_log_lines, "log.info('Claimed lane')"),
    (rules.misnamed_log_lines, "self._log.info(f'lane.{name}')"),
    (rules.logs_peoples_data, "log.info('record.changed', fields=fields)"),
    (rules.logs_peoples_data, "log.info('record.changed', **fields)"),
    (rules.generators_passed_on, "def f(xs):\n    return (x for x in xs)"),
    (rules.generators_passed_on, "def f(xs):\n    return iter(()) if xs is None else (x for x in xs)"),
    (rules.generators_passed_on, "def f(xs):\n    yield from (x for x in xs)"),
]

KEPT: list[tuple[Rule, str]] = [
    (rules.too_long, "x = 1\n" * 400),
    (rules.too_long, "def f():\n" + "    x = 1\n" * 49),
    (rules.too_many_parameters, "class A:\n  def f(self, a, b, c, d, e, f): ..."),
    (rules.without_docstring, ""),
    (rules.catches_everything, "try: ...\nexcept ValueError: ..."),
    (rules.sleeps, "await asyncio.sleep(0)"),
    (rules.reads_environment, "os.getpid()"),
    (rules.silences_without_reason, "x = 1  # type: ignore[assignment]  # the driver has no types"),
    (rules.silences_without_reason, "x = 1  # noqa: E501 a long sentence"),
    (rules.silences_without_reason, "x = 1  # noqa: E501 why\ny = 2  # noqa: E501"),
    (rules.misnamed_log_lines, "log.info('lane.claimed')"),
    (rules.misnamed_log_lines, "stream.info('anything')"),
    (rules.logs_peoples_data, "log.info('record.changed', record='lead/1')"),
]


def named(value: Rule | str) -> str:
    """The same name in every process."""
    return value if isinstance(value, str) else value.__name__


@pytest.mark.parametrize(("rule", "text"), BROKEN, ids=named)
def test_a_broken_rule_is_found(rule: Rule, text: str) -> None:
    assert list(rule(module_of("a.py", text)))


@pytest.mark.parametrize(("rule", "text"), KEPT, ids=named)
def test_a_kept_rule_is_not(rule: Rule, text: str) -> None:
    assert not list(rule(module_of("a.py", text)))


@pytest.mark.parametrize("name", ["service/utils.py", "service/common/words.py", "schemas/base.py"])
def test_a_junk_drawer_is_known_by_its_name(name: str) -> None:
    assert list(rules.junk_drawer(module_of(name, "")))


def test_a_field_of_another_type_is_found_and_who_reads_it() -> None:
    one = "    one: int  # type: ignore[assignment]  # why\n"
    two = "    two: Annotated[  # type: ignore[override]\n        int, 3]\n"
    text = f"class B(A):\n{one}{two}    other: int\n"
    names = rules.fields_of_another_type(module_of("a.py", text))

    assert names == {"one", "two"}
    assert [place.what for place in rules.read_as_declared(module_of("a.py", "b.two, b.other"), names)] == [
        "reads .two"
    ]


def test_an_import_from_outside_is_found() -> None:
    outside = "import orjson\nfrom service.wire import x\nimport service.corewards\n"
    inside = "import json\nfrom service.core.model import Target\nfrom service.core import model\n"

    assert len(list(rules.imports_outside(module_of("a.py", outside), "service.core"))) == 3
    assert not list(rules.imports_outside(module_of("a.py", inside), "service.core"))


def test_a_struct_is_recognised() -> None:
    source = "class A(Struct, frozen=True): ...\nclass B(msgspec.Struct): ...\nclass C(NamedTuple): ...\n"

    assert len(list(rules.structs([module_of("a.py", source)]))) == 2


def test_classes_that_others_may_import_are_listed() -> None:
    assert [place.what for place in rules.classes(module_of("a.py", "class A: ...\nclass _B: ...\nclass C: ..."))] == [
        "A",
        "C",
    ]


@pytest.mark.parametrize("text", ["where he stood", "His turn.", "as she likes", "`her` record", "(him)"])
def test_a_man_or_a_woman_is_found(text: str) -> None:
    assert list(rules.he_or_she(text))


@pytest.mark.parametrize("text", ["they take their turn", "the other", "https://he.example", "a/his/b", "where"])
def test_anybody_is_not(text: str) -> None:
    assert not list(rules.he_or_she(text))
