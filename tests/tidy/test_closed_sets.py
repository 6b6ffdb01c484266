"""No closed set is listed again, but where each member is answered for, with the reason."""

from __future__ import annotations

from typing import Final

import pytest

from tests.tidy.closed_sets import TABLES, ClosedSet, closed_sets, listed_again
from tests.tidy.tree import PRODUCT, module_of, modules

WALKED: Final = frozenset({"Affix", "Change", "Condition", "Leaf", "Order", "Sense", "Takes"})
"""Kinds of nodes, and what rows of operators are made of: whoever walks a tree or reads a row answers for each of them,
and the type checker says where one is missing.
"""

ROWS: Final = {
    ("ActionKind", "service/core/telling/workflows.py"): "what each action is, in words",
    ("ActionKind", "service/core/workflow/actions.py"): "how each action is done",
    ("TriggerKind", "service/core/telling/workflows.py"): "what each trigger is, in words",
    ("TriggerKind", "service/core/events.py"): "what happens to records, of which workflows are triggered by some",
    ("Occurrence", "service/core/hearing.py"): "what brings a deleted record back is some of what happens to one",
    ("Occurrence", "schemas/scenario.py"): "steps of scenarios tell of what a CRM tells, and of no assignment",
    ("AbsenceReason", "service/cli/members.py"): "one command per word",
    ("AbsenceReason", "service/core/holding/presence.py"): "what each word changes of a person's causes",
    ("Availability", "service/cli/members.py"): "one command per word",
    ("Availability", "service/core/holding/presence.py"): "what each word changes of a person's causes",
    ("AvailabilityWord", "service/cli/members.py"): "one command per word",
    ("EntryTarget", "service/core/configuration.py"): "what each target reads",
    ("EntryTarget", "service/core/targets.py"): "how each target is found",
    ("Event", "service/core/decide.py"): "what is decided for each event",
    ("Event", "service/wire/retelling.py"): "how each event is told again",
    ("FieldType", "service/config/lint/fields.py"): "what each type holds, in words",
    ("FieldType", "service/connectors/file/event_map.py"): "cells have only some of the types",
    ("INPUTS", "schemas/samples.py"): "an example of each event",
    ("INPUTS", "service/wire/input_fields.py"): "the core's word for each event",
    ("Agreed", "service/kafka/configuration.py"): "what the log says of each that is read",
    ("LogRecord", "service/lane/folding.py"): "what each record does to the state",
    ("News", "service/core/following.py"): "what follows from each news",
    ("Notice", "service/app/troubles.py"): "what is wrong, and what to do, in words",
    ("NotificationKind", "service/cli/notifications.py"): "what is decided where each kind is told",
    ("Notation", "service/language/printing.py"): "how each notation is written",
    ("Outcome", "service/cli/demo_report.py"): "the counts and the examples of a demonstration",
    ("Outcome", "service/cli/watch.py"): "colours; an outcome without one is dim",
    ("Outcome", "service/rehearsal/scenarios/crm.py"): "what a CRM does with each outcome",
    ("Outcome", "service/wire/outcomes.py"): "the bytes of each outcome",
    ("OwnerKind", "schemas/config_waiting.py"): "keys that exclude each other are fields of a model",
    ("OwnerKind", "schemas/scenario_values.py"): "keys that exclude each other are fields of a model",
    ("Period", "service/config/limits.py"): "how long each period is at least and at most",
    ("Strategy", "service/core/sharing/strategies.py"): "how each strategy orders members",
    ("TargetKind", "service/core/targets.py"): "what stands against each kind of target",
}
"""Set and module: what that module has one of per member. A new member needs its row there."""

SETS: Final = closed_sets(modules(*PRODUCT))
COLOURS: Final = ClosedSet("Colour", "service/a.py", frozenset({"red", "green", "blue", "Dot"}))

AGAIN: Final = [
    "X = Literal['red', 'green', 'blue']",
    "X = {'red': 1, 'green': 2, 'blue': 3}",
    "X = frozenset({'red', 'green', 'blue'})",
    "def f():\n  return ('red', 'green', 'blue')",
    "match x:\n  case 'red' | 'green': ...\n  case Dot(): ...",
    "X = red | green | Dot",
    "f(red=1, green=2, blue=3)",
    "class A:\n  red: int\n  green: int\n  blue: int",
]


def test_no_closed_set_is_listed_again() -> None:
    found = {
        (closed.name, place.name): str(place)
        for module in modules(*PRODUCT)
        for closed in SETS
        if closed.name not in WALKED
        for place in listed_again(module, closed, [each.members for each in SETS if each.home == module.name])
    }

    assert [place for key, place in found.items() if key not in ROWS] == []
    assert [key for key in ROWS if key not in found] == []


def test_a_new_member_of_a_set_touches_few_modules() -> None:
    """A strategy, an outcome, an event or a kind of state: its home, and two rows at most that nobody can guess."""
    for name in ("Kind", "Outcome", "Strategy"):
        guessed = {
            "service/cli/demo_report.py",
            "service/cli/watch.py",
            "service/views/waiting.py",
        }
        rows = [module for named, module in ROWS if named == name and module not in guessed]
        assert len(rows) <= 2


@pytest.mark.parametrize("text", AGAIN)
def test_a_second_list_is_found(text: str) -> None:
    assert list(listed_again(module_of("service/b.py", text), COLOURS))


@pytest.mark.parametrize("text", ["X = ('red', 'green')", "f('red')\nf('green')\nf('blue')"])
def test_a_choice_is_no_list(text: str) -> None:
    assert not list(listed_again(module_of("service/b.py", text), COLOURS))


def test_a_set_of_the_module_itself_is_no_list_of_another() -> None:
    text = "X = {'red': 1, 'green': 2, 'blue': 3, 'black': 4}"
    own = frozenset({"red", "green", "blue", "black"})

    assert not list(listed_again(module_of("service/b.py", text), COLOURS, [own]))
    assert not list(listed_again(module_of("service/b.py", "X = ('red', 'green', 'blue', *'abcd', 1, 2, 3)"), COLOURS))


@pytest.mark.parametrize("text", AGAIN)
def test_a_set_is_listed_at_home(text: str) -> None:
    assert not list(listed_again(module_of("service/a.py", text), COLOURS))


def test_who_may_not_import_a_set_is_let_off() -> None:
    text = AGAIN[0]
    published = COLOURS._replace(home="schemas/a.py")

    assert not list(listed_again(module_of("schemas/b.py", text), COLOURS))
    assert not list(listed_again(module_of("service/core/b.py", text), published))
    assert list(listed_again(module_of("service/wire/b.py", text), published))


def test_sets_are_found_by_their_definitions() -> None:
    """A set within a set counts with its members; tables only where they are named."""
    text = "A = Literal['a', 'b', 'c']\nB = Literal[A, 'd']\nC = Left | Right | Up\nD = {'x': 1, 'y': 2, 'z': 3}"
    found = {closed.name: closed.members for closed in closed_sets([module_of("service/a.py", text)])}

    assert found == {"A": set("abc"), "B": set("abcd"), "C": {"Left", "Right", "Up"}}
    assert {closed.name for closed in SETS} >= {*TABLES, "Kind", "Outcome", "Strategy", "TroubleName"}
