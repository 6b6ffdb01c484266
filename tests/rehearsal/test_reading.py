"""The reader of scenario files: every word is known, and every mistake has its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.scenario import VERBS
from service.rehearsal.scenarios.reading import read_directory
from tests.rehearsal.build import SALES, problems, scenario

HEAD = f"name: a scenario\n{SALES}\nsteps:\n"
USERS = "users: [ann, bob]\n"
POOLS = "pools: {sales: {record_type: lead, members: [ann, bob]}}\ndefaults: {lead: {pool: sales}}\n"
NO_VERB = f"a step has one of the words {', '.join(VERBS)}"
OUTCOMES = "assigned, pending, rejected, released, nothing, dead_letter"
STEP = "steps:\n  - {record: lead/1, expect: {owner: ann}}\n"


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (
            "{record: lead/1, expect: {ownr: ann}}",
            '4:31 steps[0].expect.ownr: this word is unknown; did you mean "owner"?',
        ),
        ("{record: lead/1, chanel: api}", '4:22 steps[0].chanel: this word is unknown; did you mean "channel"?'),
        ("{recrod: lead/1}", f'4:5 steps[0]: {NO_VERB}; did you mean "record"?'),
        (
            "{record: lead/1, member: {ann: away}}",
            '4:22 steps[0].member: this step is about "record" already: make "member" a step of its own',
        ),
        ("{record: lead}", '4:14 steps[0].record: "lead" names no record: write its type and id, such as lead/1'),
        (
            "{time: 8h}",
            '4:12 steps[0].time: a time is "+8h", "+1d30m", or written out with its zone, like 2026-03-02T09:00:00Z',
        ),
        (
            "{owner: {lead/1: {pol: sales}}}",
            '4:23 steps[0].owner.lead/1.pol: this word is unknown; did you mean "pool"?',
        ),
        (
            "{record: lead/1, owner: {pool: sales, user: ann}}",
            "4:29 steps[0].owner: an owner is a person's name, or one of {pool: …}, {queue: …}, {plan: …}",
        ),
        (
            "{record: 'lead/{n}', repeat: 2, expect: {owner: ann}}",
            '4:5 steps[0]: "owner" speaks of the one record of its step: use "owners: {lead/1: ann}" here',
        ),
        (
            "{record: lead/1, expect: {outcome: asigned}}",
            f"4:40 steps[0].expect.outcome: an outcome, or a list of them, is expected here: {OUTCOMES}",
        ),
        (
            "{update: lead/1, merged_into: deal/2}",
            "4:5 steps[0]: lead/1 is merged into a record of its own type, not into deal/2",
        ),
        ("{update: lead/1, status: close}", '4:30 steps[0].status: "close" is not known here; did you mean "closed"?'),
        ("{record: lead/1, expect: {turn: first}}", "4:37 steps[0].expect.turn: a whole number is expected here"),
        (
            "{record: lead/1, version: 99999999999999999999}",
            "4:31 steps[0].version: a number has at most 18 digits here, this one has 20: write a smaller one",
        ),
        (
            "{record: lead/1, version: 9999999999999999}",
            "4:31 steps[0].version: 9007199254740991 or less is expected",
        ),
        ("{record: lead/1, expect: {counts: ann}}", "4:39 steps[0].expect.counts: a mapping is expected here"),
    ],
)
def test_a_mistake_is_refused_with_line_and_column(tmp_path: Path, step: str, problem: str) -> None:
    """An unknown word would otherwise be an expectation that always holds."""
    assert problems(tmp_path, f"{HEAD}  - {step}\n") == [problem]


def test_all_mistakes_of_all_files_are_listed_at_once(tmp_path: Path) -> None:
    scenario(tmp_path, f"{HEAD}  - {{recrod: 1}}\n  - {{time: soon}}\n", "one.yaml")
    scenario(tmp_path, "name: [\n", "two.yaml")
    scenario(tmp_path, f"{SALES}\nnaem: x\n{STEP}", "three.yaml")

    found = read_directory(tmp_path)

    assert [(Path(problem.file).name, problem.line) for problem in found.problems] == [
        ("one.yaml", 4),
        ("one.yaml", 5),
        ("three.yaml", 1),
        ("three.yaml", 2),
        ("two.yaml", 2),
    ]


def test_a_configuration_inside_a_scenario_is_checked_in_place(tmp_path: Path) -> None:
    text = "name: x\nconfig:\n  pools:\n    sales: {record_type: laed, members: [ann]}\n" + STEP

    (problem,) = problems(tmp_path, text)

    assert problem.startswith("4:26 ")
    assert '"laed"' in problem


def test_a_new_version_inside_a_step_is_checked_in_place(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f"{HEAD}  - config: {{pols: 1}}\n")

    assert problem.startswith("4:14 pols: this key is unknown")


def test_a_scenario_may_imply_its_people(tmp_path: Path) -> None:
    assert problems(tmp_path, f"name: x\n{SALES}\n{STEP}") == []


def test_a_directory_must_declare_its_people(tmp_path: Path) -> None:
    (tmp_path / "pools.yaml").write_text(POOLS, encoding="utf-8")

    found = read_directory(scenario(tmp_path, f"name: x\n{STEP}"))

    assert {problem.message.partition(": ")[2] for problem in found.problems} == {
        f'"{name}" is not declared under "users"; add it under "users"' for name in ("ann", "bob")
    }
    assert found.scripts == ()


def test_a_scenario_without_a_configuration_tests_the_directory_around_it(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(USERS + POOLS, encoding="utf-8")

    found = read_directory(scenario(tmp_path, f"name: x\n{STEP}"))

    assert found.problems == ()
    assert list(found.scripts[0].configs[0].pools) == ["sales"]


def test_a_scenario_may_name_another_directory(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "all.yaml").write_text(USERS + POOLS, encoding="utf-8")

    found = read_directory(scenario(tmp_path, f"name: x\nconfig_dir: ../other\n{STEP}"))

    assert found.problems == ()
    assert list(found.scripts[0].configs[0].pools) == ["sales"]


def test_two_configurations_are_one_too_many(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f"name: x\n{SALES}\nconfig_dir: ..\n{STEP}")

    assert problem == '1:1 a scenario has "config" or "config_dir", not both'


def test_a_configuration_that_is_missing_is_said_once(tmp_path: Path) -> None:
    scenario(tmp_path, f"name: x\n{STEP}", "one.yaml")
    scenario(tmp_path, f"name: y\n{STEP}", "two.yaml")

    (problem,) = read_directory(tmp_path).problems

    assert "here are 0 YAML files" in problem.message


def test_one_file_holds_several_scenarios_of_different_names(tmp_path: Path) -> None:
    one = f"name: x\n{SALES}\n{STEP}"

    assert problems(tmp_path, f"{one}---\n{one.replace('name: x', 'name: y')}") == []
    assert problems(tmp_path, f"{one}---\n{one}") == [
        '6:7 an earlier scenario of this file is called "x": give each its own name'
    ]


def test_scenarios_may_lie_in_folders(tmp_path: Path) -> None:
    (tmp_path / "scenarios" / "emea").mkdir(parents=True)
    scenario(tmp_path, f"name: x\n{SALES}\n{STEP}", "emea/one.yaml")

    assert [script.name for script in read_directory(tmp_path).scripts] == ["x"]
    assert [script.name for script in read_directory(tmp_path / "scenarios").scripts] == ["x"]


def test_a_scenario_without_steps_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, f"name: x\n{SALES}\nsteps: []\n") == ["3:8 steps: add at least one"]
