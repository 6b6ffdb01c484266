"""Workflows as documents say them, and the mistakes that can be made."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from service.config.compiler import compile_document, from_wire, to_wire
from service.config.problems import ConfigurationError
from service.config.workflows import FIELDS_MAX, notes_on_workflows
from service.core.parts import at
from service.core.state import LEVEL
from service.core.workflow_specs import StepName
from tests.config.files import document, read, refused
from tests.core.directions import direction

CATALOGUE: Final = """\
fields: {deal: {budget: number, decided: date, signed: checkbox, note: text, tags: list, odd: , account.size: number},
         lead: {source: text}}
processes:
  sales: {steps: {call: , won: , offer: {requires_note: true}, visit: {generates_task: true}}}
  hunt: {record_type: lead, steps: [found]}
"""


def filled(field: str, step: str, process: str = "sales", more: str = "") -> str:
    """A workflow of the first direction."""
    return (
        f"{{trigger: {{field_filled: {field}}}, action: {{mark_step: {{process: {process}, step: {step}}}}}, {more}}}"
    )


def marked(step: str, field: str, enforcement: str = "ask", more: str = "") -> str:
    """A workflow of the second direction."""
    return (
        f"{{trigger: {{step_marked: {{process: sales, step: {step}}}}}, "
        f"action: {{require_field: {{field: {field}, enforcement: {enforcement}}}}}, {more}}}"
    )


def flows(**workflows: str) -> str:
    """The catalogue with these workflows."""
    return CATALOGUE + "workflows:\n" + "".join(f"  {name}: {text}\n" for name, text in workflows.items())


def noted(text: str) -> list[str]:
    """What is worth a look."""
    return [each.message for each in notes_on_workflows(document(text))]


def test_a_workflow_is_plain_data() -> None:
    """S79 S81 S83 S84 S85 One trigger, one action, in two directions; the wire form keeps all."""
    text = flows(
        a=filled("budget", "won", more="name: Budget known, active: true"), b=marked("call", "note", "required")
    )
    config = from_wire(to_wire(document(text)), 3)

    found = {name: replace(each, revision="") for name, each in config.workflows.all.items()}
    assert found == {
        "a": direction("a", "deal", ("budget", "number"), StepName("sales", "won"), name="Budget known", active=True),
        "b": direction("b", "deal", ("note", "text"), StepName("sales", "call"), "required"),
    }
    assert config.workflows.all["a"].actions[0].kind == "mark_step"
    assert config.workflows.all["b"].actions[0].kind == "require_field"


def test_a_workflow_does_nothing_until_it_is_active() -> None:
    """S97 S98 Saved means inactive until it is activated, and is shown as worth a look."""
    text = flows(a=filled("budget", "won"), b=marked("call", "note", more="active: true"))
    config = compile_document(document(text))

    assert config.workflows.cares("field_filled", "deal", "budget") == ()
    assert len(config.workflows.cares("step_marked", "deal", StepName("sales", "call"))) == 1
    assert ["not active, so it does nothing" in note.message for note in read(config=text).notes] == [True]


def test_all_types_of_field_of_the_source_can_be_used() -> None:
    """S86 Text, checkbox, date, number; a checkbox is a boolean."""
    text = flows(a=filled("budget", "won"), b=marked("call", "signed"), c=filled("source", "found", "hunt"))
    config = compile_document(document(text))

    found = [each.trigger.field_type or each.actions[0].field_type for each in config.workflows.all.values()]
    assert found == ["number", "boolean", "text"]
    assert config.workflows.fields["deal"] == {
        "account.size": "number",
        "budget": "number",
        "decided": "date",
        "note": "text",
        "signed": "boolean",
    }


@pytest.mark.parametrize(
    ("workflow", "told"),
    [
        (filled("source", "won"), 'workflows.a.trigger.field_filled: a deal has no field "source"; add it under'),
        (filled("budgt", "won"), 'a deal has no field "budgt"; did you mean "budget"?'),
        (marked("call", "source"), 'workflows.a.action.require_field.field: a deal has no field "source"'),
        (filled("tags", "won"), '"tags" is a list: workflows take fields of type text, checkbox, date or number'),
        (filled("odd", "won"), 'the type of "odd" is not declared'),
        (filled("account.size", "won"), "is a field of a linked record, and none of the deal itself"),
        (filled("budget", "won", "sails"), '"sails" is not declared under "processes"; did you mean "sales"?'),
        (filled("budget", "wan"), 'the process "sales" has no step "wan"; did you mean "won"?'),
        (filled("budget", "found"), 'the process "sales" has no step "found"; add it under "processes.sales.steps"'),
        (filled("budget", "offer"), 'the step "offer" requires a note, so no workflow can use it'),
        (marked("visit", "note"), 'the step "visit" generates a task, so no workflow can use it'),
        ("{trigger: {field_filled: budget}, action: {require_field: note}}", 'add "record_type"'),
        ("{trigger: {}, action: {require_field: note}}", "a trigger is one of on, field_filled"),
        ("{trigger: {field_filled: budget}, action: {}}", "an action is one of mark_step, require_field"),
        ("{trigger: {field_filled: budget}}", 'a workflow has an "action", or "actions"'),
    ],
)
def test_what_a_workflow_cannot_use_is_refused_with_the_reason(workflow: str, told: str) -> None:
    """S92-S96 Fields of the deal, steps of the process, and none that takes more than marking it."""
    assert any(told in problem for problem in refused(config=flows(a=workflow)))


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (filled("budget", "won"), filled("budget", "call"), 'b.trigger.field_filled: the field "budget" of a deal is'),
        (filled("budget", "won"), marked("call", "budget"), 'b.action.require_field.field: the field "budget" of a'),
        (
            filled("budget", "won"),
            filled("note", "won"),
            'b.action.mark_step: the step "won" of the process',
        ),
        (filled("budget", "won", more="active: true"), marked("won", "note"), 'b.trigger.step_marked: the step "won"'),
    ],
)
def test_each_field_and_each_step_is_used_once_over_all_workflows(first: str, second: str, told: str) -> None:
    """S103 S104 D17 D48 In whichever direction, and also by workflows that are not active."""
    (problem,) = refused(config=flows(a=first, b=second))

    assert told in problem
    assert problem.endswith('is used by the workflow "a" already: each is used once')


def test_what_was_deleted_is_free_again() -> None:
    """S102 S91 Deleting a workflow frees its field and its step; renaming one changes nothing else."""
    before = compile_document(document(flows(a=filled("budget", "won", more="name: Old"))))
    renamed = compile_document(document(flows(a=filled("budget", "won", more="name: New"))))
    after = compile_document(document(flows(b=filled("budget", "won"))))

    assert before.workflows.all["a"].revision == renamed.workflows.all["a"].revision
    assert renamed.workflows.all["a"].called == "New"
    assert after.workflows.all["b"].fields == ("budget",)


def test_the_product_plan_says_whether_there_are_workflows_and_how_many_may_be_active() -> None:
    """S80 S99 D47 One more than may be active is refused with a typed reason; inactive ones do not count."""
    limit = "settings: {product: {workflows: {at_most: 1}}}\n"
    one = flows(a=filled("budget", "won", more="active: true"), b=marked("call", "note"))
    two = flows(a=filled("budget", "won", more="active: true"), b=marked("call", "note", more="active: true"))

    assert compile_document(document(limit + one)).workflows.at_most == 1
    with pytest.raises(ConfigurationError) as error:
        document(limit + two)
    (problem,) = error.value.problems
    assert problem.refusal == "over_the_number"
    assert "your product plan has 1 active workflows, these are 2" in problem.message
    with pytest.raises(ConfigurationError) as error:
        document("settings: {product: {workflows: {available: false}}}\n" + one)
    assert [problem.refusal for problem in error.value.problems] == ["not_in_product"]


def test_so_many_workflows_may_be_active_for_one_type_of_record() -> None:
    """What is remembered of a record is bounded; inactive ones do not count."""
    numbers = range(FIELDS_MAX + 1)
    catalogue = (
        f"fields: {{deal: {{{', '.join(f'f{number}: text' for number in numbers)}}}}}\n"
        f"processes: {{sales: {{steps: [{', '.join(f's{number}' for number in numbers)}]}}}}\n"
    )

    def text(active: int) -> str:
        each = (
            filled(f"f{number}", f"s{number}", more=f"active: {str(number < active).lower()}") for number in numbers
        )
        return catalogue + "workflows:\n" + "".join(f"  w{number}: {flow}\n" for number, flow in enumerate(each))

    assert len(compile_document(document(text(FIELDS_MAX))).workflows.fields_read["deal"]) == FIELDS_MAX
    (problem,) = refused(config=text(FIELDS_MAX + 1))
    assert "at most 100 fields of deals may be used by active workflows: deactivate some" in problem


@pytest.mark.parametrize(
    ("workflow", "told"),
    [
        ("{record_type: deal, trigger: {on: changed}, action: {notify: owner}}", "workflows.a.trigger"),
        (
            "{record_type: deal, trigger: {waiting_for: soon}, action: {notify: owner}}",
            "a.trigger.waiting_for",
        ),
        ("{record_type: deal, trigger: created, action: {notify: {person: nobody}}}", "workflows.a.action.notify"),
        ("{record_type: deal, trigger: created, action: {assign: {pool: none}}}", "workflows.a.action.assign"),
        ("{record_type: deal, trigger: created, action: {set_field: {field: budgt, value: 1}}}", "workflows.a.action"),
        ("{record_type: deal, trigger: created, criteria: [budget is 3], action: {notify: owner}}", "a.criteria"),
    ],
)
def test_what_other_workflows_cannot_use_is_refused_with_its_place(workflow: str, told: str) -> None:
    """S92 S93 Triggers and actions beyond the two directions are held to the same."""
    problems = refused(config=flows(a=workflow))
    assert [problem for problem in problems if told in problem]


def test_workflows_that_set_each_other_off_are_named_once() -> None:
    """A rule of the CRM may have the circle go round; one that ends in nothing is none."""
    circle = flows(
        a="{active: true, record_type: deal, trigger: {on: updated, changed: note}, "
        "action: {set_field: {field: budget, value: 1}}}",
        b="{active: true, record_type: deal, trigger: {on: updated, changed: budget}, "
        "action: {set_field: {field: note, value: x}}}",
    )
    found = [each for each in noted(circle) if "set each other off" in each]
    assert len(found) == 1
    assert "a → b → a" in found[0]

    once = circle.replace("changed: budget", "changed: decided")
    assert [each for each in noted(once) if "set each other off" in each] == []


@pytest.mark.parametrize(
    ("trigger", "action"),
    [
        ("{step_marked: {process: sales, step: call}}", "{mark_step: {process: sales, step: call}}"),
        ("{field_filled: budget}", "{set_field: {field: budget, value: 1}}"),
        ("{field_cleared: budget}", "{set_field: {field: budget, value: 1}}"),
        ("updated", "{require_field: budget}"),
        ("created", "{create_record: {type: deal}}"),
    ],
)
def test_each_kind_of_news_that_a_workflow_asks_for_may_go_round(trigger: str, action: str) -> None:
    """Of another type of record, or where it tells people only, nothing does."""
    alone = flows(a=f"{{active: true, record_type: deal, trigger: {trigger}, action: {action}}}")
    assert [each for each in noted(alone) if "set each other off: a → a" in each]

    for quiet in (alone.replace(action, "{notify: owner}"), alone.replace("active: true", "active: false")):
        assert [each for each in noted(quiet) if "set each other off" in each] == []


def test_workflows_of_a_level_are_off_below_it() -> None:
    """The two directions of the source are of level 2, all else is of level 4."""
    text = flows(
        plain=filled("budget", "won", more="active: true"),
        other="{active: true, record_type: deal, trigger: created, action: {notify: owner}}",
    )
    config = compile_document(document(text))
    assert [sorted(at(config, level).workflows.all) for level in (1, 2, 3)] == [[], ["plain"], ["plain"]]
    assert at(config, LEVEL) is config
