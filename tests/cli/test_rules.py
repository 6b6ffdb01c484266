"""`fairlead rules stats`: how often each entry was used, and which never were."""

from __future__ import annotations

from typing import Any

from tests.cli.conftest import Run
from tests.cli.deployment import Deployment
from tests.cli.running import Service, lead


def said(value: object) -> Any:
    """A JSON value, of which a test knows the form."""
    return value


def test_rules_stats_lists_hits_and_names_entries_never_hit(run: Run, service: Service) -> None:
    """S61: with share and time of the last; only what rules gave is counted."""
    (leads,) = said(run("rules", "stats", "--json").json)
    assert (leads["rule_set"], leads["record_type"], leads["never_hit"][0]) == ("leads", "lead", "vip")
    vip, everybody, _ = leads["entries"]
    assert (vip["entry"], vip["hits"], vip["share"], vip["last"]) == ("vip", 0, 0, None)
    assert (everybody["entry"], everybody["name"]) == ("all", "Everybody else")
    assert 0 < everybody["share"] <= 1
    assert everybody["last"].startswith("20")
    service.send(lead("counted"))
    (after,) = said(run("rules", "stats", "--json").json)
    assert after["entries"][1]["hits"] == everybody["hits"] + 1


def test_rules_stats_as_a_table(run: Run) -> None:
    """S61: for people who review the rules."""
    told = run("rules", "stats")
    assert told.code == 0
    assert "Everybody else" in told.out
    assert "%" in told.out
    assert "never hit: vip" in told.out


def test_a_division_without_rules_is_a_problem(deployment: Deployment) -> None:
    """There is nothing to count."""
    told = deployment.run("rules", "stats", "--division", "main")
    assert (told.code, told.err) == (1, "no rule set is active\n")
