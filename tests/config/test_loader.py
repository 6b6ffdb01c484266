"""Configuration directories: what they may say, and what is said about their mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.config.loader import MAX_WIRE_BYTES, NOBODY, NOTHING, compile_inline, load
from service.config.nodes import from_yaml
from service.config.problems import ConfigurationError
from service.core.events import Target
from tests.config.files import PEOPLE, SALES, document, read, refused, rule_set


def test_the_order_of_members_cannot_be_set() -> None:
    """S16: there is no key for it, and the problem says so."""
    (only,) = refused(config=PEOPLE + "pools: {s: {record_type: lead, members: [{user: ann, order: 2}]}}")
    assert "the order of members cannot be set" in only


def test_members_keep_the_order_of_the_file() -> None:
    """S3 S17: several who are new in one version join in file order."""
    pool = document(PEOPLE, "pools: {s: {record_type: lead, members: [eve, {user: ann, weight: 2}, bob]}}").pools["s"]
    assert [member.user for member in pool.members] == ["eve", "ann", "bob"]


def test_short_and_long_forms_mean_the_same() -> None:
    """Names alone, names with nothing behind them, and names with details."""
    short = document("users: [ann, 7]\n", "pools: {s: {record_type: lead, members: [ann, 7]}}")
    long = document(
        "users: {ann: , 7: {roles: [member]}}\n",
        "pools: {s: {record_type: lead, strategy: round_robin, members: [{user: ann, weight: 1}, {user: '7'}]}}",
    )
    assert short == long


@pytest.mark.parametrize("text", ["", "# to be written\n"])
def test_files_in_which_nothing_stands_are_noted(text: str) -> None:
    """D37: there is no configuration then, as after a copy that went wrong; beside others they mean nothing."""
    loaded = read(config=text)
    assert not loaded.documents
    assert [note.message for note in loaded.notes] == [NOTHING]
    assert not read(config=text, others=PEOPLE).notes


@pytest.mark.parametrize("text", ["---\n", "{}\n", "users: {}\n", "division: acme\n"])
def test_a_division_of_which_nothing_is_said_is_noted(text: str) -> None:
    """D37: once in force, all its pools are gone."""
    (note,) = read(config=text).notes
    assert note.message.endswith(f": {NOBODY}")


def test_a_country_list_is_text() -> None:
    """S34: `NO` is Norway."""
    entry = "{criteria: ['country in [NO, SE]'], target: {user: ann}}"
    config = compile_inline(from_yaml(rule_set(entry).encode(), "x")[0][0], "x")
    assert config.rule_sets["lead"].entries[0].criteria[0].test({"country": "NO"}, 0)


def test_one_division_may_be_spread_over_files() -> None:
    """A pool in one file names people of another; the files' names and order mean nothing."""
    one = read(a=PEOPLE, b=SALES).documents
    other = read(y=SALES + "---\n" + PEOPLE).documents
    assert one == other == read(z=PEOPLE + SALES).documents


def test_divisions_are_kept_apart() -> None:
    """A pool of one division cannot name a person of another."""
    north = "division: north\n" + PEOPLE + SALES
    assert set(read(a=north, b=PEOPLE + SALES).documents) == {"north", "main"}
    problems = refused(a=north, b="division: south\n" + SALES)
    assert [line.split(":")[0] for line in problems] == ["b.yaml", "b.yaml"]
    assert all('is not declared under "users"' in line for line in problems)


def test_a_name_may_be_declared_in_one_file_only() -> None:
    """Both places are named, so that one can be taken out."""
    problems = refused(a=PEOPLE + SALES, b="users: {joe: , eve: }\n" + SALES)
    assert [line.split(": ")[0:2] for line in problems] == [["b.yaml:1:16", "users.eve"], ["b.yaml:2:9", "pools.sales"]]
    assert "a.yaml, line 1: keep one of the two" in problems[0]


def test_settings_stand_in_one_file_only() -> None:
    """Two files would otherwise quietly disagree."""
    problems = refused(a="settings: {depth_limit: 3}", b="settings: {require_actor: true}")
    assert [line.split(": ")[0:2] for line in problems] == [["b.yaml:1:1", "settings"]]


def test_names_are_not_called_unknown_while_a_file_cannot_be_read() -> None:
    """A missing bracket in the file with the people shall not accuse every pool."""
    (only,) = refused(people="users: {ann: ", pools=SALES)
    assert only.startswith("people.yaml:")
    (only,) = refused(people="users: 5", pools=SALES)
    assert only.startswith("people.yaml:")


def test_a_name_whose_details_are_wrong_is_still_declared() -> None:
    """The mistake is told where it is, not where the name is used."""
    (only,) = refused(config="users: {ann: , bob: 5}\n" + SALES)
    assert only == "config.yaml:1:21: users.bob: a mapping is expected here, not 5"


def test_a_rule_set_does_nothing_until_it_is_active() -> None:
    """S57 S58 S59: it has a name and a description, is reported while inactive, and is then ignored."""
    text = "rule_sets: {web: {name: Web, description: From the web., record_type: lead, entries: []}}"
    loaded = read(config=PEOPLE + text)
    assert [note.message for note in loaded.notes] == [
        'rule_sets.web: this rule set is not active, so it decides nothing: add "active: true" to use it'
    ]
    assert compile_inline({"rule_sets": {"web": {"record_type": "lead"}}}, "x").rule_sets == {}


def test_an_inactive_rule_set_is_checked_as_well() -> None:
    """S59: it must not break on the day it is activated."""
    (only,) = refused(config=PEOPLE + "rule_sets: {web: {record_type: lead, entries: [{target: {user: joe}}]}}")
    assert '"joe" is not declared' in only


def test_a_pool_without_members_is_allowed_and_noted() -> None:
    """S18: the pool is empty and says so."""
    (note,) = read(config="pools: {sales: {record_type: lead}}").notes
    assert (note.line, note.column) == (1, 9)
    assert "nobody is in this pool" in note.message


def test_a_configuration_fits_into_one_record() -> None:
    """Every limit is told before anything is published."""
    names = [f"{'x' * 100}{number}" for number in range(MAX_WIRE_BYTES // 100)]
    problems = refused(config=f"users: [{', '.join(names)}]")
    assert len(problems) == 1
    assert "split the division" in problems[0]


def test_limits_hold_for_all_files_together() -> None:
    """Two halves may be too much as a whole."""
    halves = {name: f"users: [{', '.join(f'{name}{number}' for number in range(10_001))}]" for name in "ab"}
    (only,) = refused(**halves)
    assert "users: 20000 entries or less" in only


def test_a_directory_that_is_not_there_or_empty_is_told(tmp_path: Path) -> None:
    """The error is the same kind as for a mistake inside."""
    for directory, what in ((tmp_path / "none", "cannot be read"), (tmp_path, "here are 0 YAML files")):
        with pytest.raises(ConfigurationError, match=what):
            load(directory)


def test_only_yaml_files_directly_in_the_directory_are_read(tmp_path: Path) -> None:
    """Scenarios and notes may lie beside or below."""
    (tmp_path / "config.yml").write_text(PEOPLE)
    (tmp_path / "README.md").write_text("{")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "one.yaml").write_text("{")
    assert set(load(tmp_path).documents["main"].users) == {"ann", "bob", "eve"}


def test_a_scenario_implies_its_people() -> None:
    """Whoever a pool, an entry or a default names exists; who is declared is as declared."""
    config = compile_inline(
        {
            "users": {"bob": {"active": False}},
            "pools": {"sales": {"record_type": "lead", "members": ["ann", "bob"]}},
            "rule_sets": {"r": {"record_type": "lead", "active": True, "entries": [{"target": {"user": "eve"}}]}},
            "defaults": {"*": {"user": "kim"}},
        },
        "a scenario",
    )
    assert {name: user.active for name, user in config.users.items()} == {
        "ann": True,
        "bob": False,
        "eve": True,
        "kim": True,
    }
    assert config.rule_sets["lead"].entries[0].target == Target("user", "eve")


def test_mistakes_in_a_scenario_are_told_with_its_name() -> None:
    """With a place where the reader knows it, and the path everywhere."""
    text = b"name: x\nconfig: {pools: {sales: {record_type: lead}}, defaults: {lead: {pool: sails}}}\n"
    (root,), _ = from_yaml(text, "one.yaml")
    for data, place in ((root.plain(), "one.yaml: "), (root, "one.yaml:2:71: ")):
        config = data["config"] if isinstance(data, dict) else root.trail(["config"])[-1]
        with pytest.raises(ConfigurationError) as error:
            compile_inline(config, "one.yaml")
        assert str(error.value.problems[0]).startswith(f'{place}defaults.lead.pool: "sails" is not declared')
