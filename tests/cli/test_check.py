"""`fairlead check DIR`: what it says, and how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.conftest import Run
from tests.rehearsal.build import SALES, scenario
from tests.rehearsal.test_reading import POOLS, STEP, USERS

RIGHT = f"name: ann is first\n{SALES}\n{STEP}"
WRONG = RIGHT.replace("owner: ann", "owner: bob").replace("ann is", "bob is")


def test_all_well_ends_with_0(tmp_path: Path, alone: Run) -> None:
    (tmp_path / "all.yaml").write_text(USERS + POOLS, encoding="utf-8")

    ended = alone("check", scenario(tmp_path, f"name: ann is first\n{STEP}"))

    assert (ended.code, ended.err) == (0, "")
    assert "passed  ann is first" in ended.out
    assert "0 problems, 1 of 1 scenarios passed" in ended.out


def test_a_failed_scenario_ends_with_1_and_says_where_and_why(tmp_path: Path, alone: Run) -> None:
    ended = alone("check", scenario(tmp_path, f"{RIGHT}---\n{WRONG}"))

    assert ended.code == 1
    assert "FAILED  bob is first" in ended.out
    assert "sales.yaml:9:31: owner: expected bob, found ann" in ended.out
    assert "lead/1 → ann" in ended.out
    assert "0 problems, 1 of 2 scenarios passed" in ended.out


def test_every_step_that_failed_is_told_with_what_stands_beside_it(tmp_path: Path, alone: Run) -> None:
    """Step by step: number and line, the candidates, the explanation; then the step that ended it."""
    steps = (
        "{record: lead/1, expect: {trace: {bob: away, ann: full}}}",
        "{record: lead/2, expect: {owner: ann}}",
        "time: 2000-01-01T00:00:00Z",
    )
    text = f"name: ann is first\n{SALES}\nsteps:\n" + "".join(f"  - {step}\n" for step in steps)

    ended = alone("check", scenario(tmp_path, text))
    told = [line.strip().removeprefix(f"{tmp_path}/scenarios/") for line in ended.out.splitlines()]

    assert told[1:5] == [
        "sales.yaml:4:39: trace.bob: expected away, found free (step 1)",
        "sales.yaml:4:50: trace.ann: expected full, found free (step 1)",
        "ann   expected full   found free",
        "bob   expected away   found free",
    ]
    assert told[5].startswith("lead/1 → ann")
    assert told[8] == "sales.yaml:5:31: owner: expected ann, found bob (step 2)"
    assert told[12].startswith("sales.yaml:6:5: expected a step that can be played, found 2000-01-01T00:00:00")
    assert told[12].endswith("time does not go back (step 3)")


def test_a_wrong_configuration_ends_with_1_and_lists_every_problem(tmp_path: Path, alone: Run) -> None:
    (tmp_path / "pools.yaml").write_text(POOLS, encoding="utf-8")

    ended = alone("check", scenario(tmp_path, f"{RIGHT}extra: 1\n"))

    assert ended.code == 1
    assert f"{tmp_path}/pools.yaml:1:46: pools.sales.members[0]" in ended.out
    assert f"{tmp_path}/scenarios/sales.yaml:5:1: extra: this word is unknown" in ended.out
    assert "3 problems, 0 of 0 scenarios passed" in ended.out


def test_a_directory_without_scenarios_is_checked_for_itself(tmp_path: Path, alone: Run) -> None:
    (tmp_path / "all.yaml").write_text(USERS + POOLS, encoding="utf-8")

    ended = alone("check", tmp_path)

    assert ended.code == 0
    assert "0 problems, 0 of 0 scenarios passed" in ended.out


def test_a_directory_with_nothing_in_it_is_a_problem(tmp_path: Path, alone: Run) -> None:
    ended = alone("check", tmp_path)

    assert ended.code == 1
    assert "here are 0 YAML files" in ended.out


def test_a_directory_that_is_not_there_is_wrong_usage(tmp_path: Path, alone: Run) -> None:
    ended = alone("check", tmp_path / "nowhere")

    assert ended.code == 2
    assert "Invalid value for 'DIR'" in ended.err


def test_a_machine_reads_one_json_value(tmp_path: Path, alone: Run) -> None:
    said: Any = alone("check", scenario(tmp_path, f"{RIGHT}---\n{WRONG}"), "--json").json

    assert (said["ok"], said["passed"], said["failed"], said["problems"]) == (False, 1, 1, [])
    right, wrong = said["scenarios"]
    assert (right["name"], right["passed"], right["failures"]) == ("ann is first", True, [])
    assert {name: wrong["failures"][0][name] for name in ("line", "column", "word", "expected", "found")} == {
        "line": 9,
        "column": 31,
        "word": "owner",
        "expected": "bob",
        "found": "ann",
    }


def test_a_note_is_worth_a_look_and_no_problem(tmp_path: Path, alone: Run) -> None:
    (tmp_path / "all.yaml").write_text("pools: {sales: {record_type: lead}}", encoding="utf-8")

    ended = alone("check", tmp_path, "--json")

    said: Any = ended.json
    assert (ended.code, said["ok"]) == (0, True)
    assert "nobody is in this pool" in said["notes"][0]["message"]


DOUBTFUL = (
    USERS
    + POOLS
    + """\
rule_sets:
  leads:
    record_type: lead
    active: true
    entries:
      - {id: big, criteria: [size > 10], target: {pool: sales}}
      - {id: huge, criteria: [size > 100], target: {pool: sales}}
"""
)


def test_what_is_hardly_meant_is_a_warning_with_its_place(tmp_path: Path, alone: Run) -> None:
    """S43 S49: an entry that is never reached is named; by itself that fails nothing."""
    (tmp_path / "all.yaml").write_text(DOUBTFUL, encoding="utf-8")

    ended = alone("check", tmp_path)

    line = DOUBTFUL.splitlines().index("      - {id: huge, criteria: [size > 100], target: {pool: sales}}") + 1
    assert ended.code == 0
    assert f'warning  {tmp_path}/all.yaml:{line}:9: rule_sets.leads.entries[1]: entry "big" above' in ended.out
    assert "0 problems, 1 warning, 0 of 0 scenarios passed" in ended.out


def test_strict_takes_warnings_for_problems(tmp_path: Path, alone: Run) -> None:
    """S49: for a pipeline that lets nothing doubtful through."""
    (tmp_path / "all.yaml").write_text(DOUBTFUL, encoding="utf-8")

    ended = alone("check", tmp_path, "--strict", "--json")

    said: Any = ended.json
    assert (ended.code, said["ok"], said["problems"]) == (1, False, [])
    (warning,) = said["warnings"]
    assert warning["message"].startswith('rule_sets.leads.entries[1]: entry "big" above is more general')
    assert alone("check", tmp_path, "--json").code == 0


def test_a_part_of_a_higher_level_is_a_note(tmp_path: Path, alone: Run) -> None:
    """Whoever uses it means it, so also a strict check passes."""
    hours = "users: {ann: {hours: {mon-fri: '09:00-17:00'}}}\n"
    (tmp_path / "all.yaml").write_text(f"{hours}pools: {{sales: {{record_type: lead, members: [ann]}}}}\n", "utf-8")

    ended = alone("check", tmp_path, "--strict")

    assert ended.code == 0, ended.out
    assert f"note  {tmp_path}/all.yaml:1:" in ended.out
    assert "users.ann.hours.mon: this is off on lanes below level 3" in ended.out
