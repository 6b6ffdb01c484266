"""`fairlead workflows`, and what explanations say of workflows."""

from __future__ import annotations

from typing import Any

from tests.cli.conftest import Run
from tests.cli.running import Service, lead


def said(value: object) -> Any:
    """A JSON value, of which a test knows the form."""
    return value


def test_workflows_lists_state_counter_and_what_is_free(run: Run, service: Service) -> None:
    """S80 S89 S99 S103 S104 With hits and the last one."""
    (before,) = said(run("workflows", "--json").json)
    service.send(lead("asks", budget=5))
    (after,) = said(run("workflows", "--json").json)

    assert (after["active"], after["allowed"]) == (1, 3)
    first, second = after["workflows"]
    hits = before["workflows"][0]["hits"] + 1
    assert (first["id"], first["standing"], first["hits"]) == ("budget-known", "active", hits)
    assert first["last"].startswith("20")
    assert (second["id"], second["standing"], second["last"]) == ("note", "inactive", None)
    assert {each["name"]: each["holder"] for each in after["fields"]} == {
        "lead.budget": "budget-known",
        "lead.country": "",
        "lead.note": "note",
        "lead.size": "",
    }
    told = run("workflows")
    assert told.code == 0
    assert "1 of 3 active" in told.out
    assert "free fields: lead.country, lead.size" in told.out
    assert "free steps: none" in told.out
    assert "hunt/visited (generates a task) can be used by none" in told.out
    assert "…" not in told.out, "a name or a time is cut"


def test_only_administrators_see_workflows_and_change_what_is_configured(run: Run, service: Service) -> None:
    """S87 D10 S9 Where it is said on whose behalf a command runs."""
    assert run("workflows", "--as", "kim").code == 0
    refused = run("workflows", "--as", "bob")
    assert (refused.code, "only administrators may" in refused.err) == (2, True)
    directory = str(service.process.settings.config_dir)
    assert run("config", "publish", directory, "--as", "kim").code == 0
    refused = run("config", "publish", directory, "--as", "bob")
    assert (refused.code, "only administrators may" in refused.err) == (2, True)


def test_explain_says_what_a_workflow_asked_for_and_why(run: Run, service: Service) -> None:
    """D16 S100 In one sentence, with the values before and after in the event."""
    service.send(lead("explained", budget=7))
    told = run("explain", "lead/explained").out
    assert "Budget known: the field budget was filled, so the step found of hunt is to be marked" in told
    (action,) = said(run("explain", "lead/explained", "--json").json)["actions"]
    assert (action["workflow"], action["before"], action["after"]) == ("budget-known", None, 7)
    assert action["id"].endswith("/budget-known")


def test_a_record_shows_which_workflows_cared_for_it(run: Run, service: Service) -> None:
    """D16 S104 Those that nearly asked for something, with the reason."""
    service.send(lead("near", budget=7), lead("near", "updated", budget=8))
    found = said(run("workflows", "--record", "lead/near", "--json").json)
    assert (found["open"], found["weighed"]) == (["budget-known"], {"budget-known": "the field was filled before"})
    told = run("workflows", "--record", "lead/near").out
    assert "budget-known did nothing: the field was filled before" in told
    explained = run("explain", "lead/near").out
    assert "what workflows did that last cared for it" in explained
    assert "budget-known did nothing: the field was filled before" in explained
    weighed = said(run("explain", "lead/near", "--json").json)
    assert weighed["weighed"] == {"budget-known": "the field was filled before"}
    assert weighed["weighed_at"].startswith("20")
    alone = run("explain", "lead/near", "--redis", "redis://127.0.0.1:1/0")
    assert (alone.code, "found of hunt is to be marked" in alone.out) == (0, True)
    assert "what workflows last did is not known: Redis at redis://127.0.0.1:1/0 does not answer" in alone.err
    assert "asked for, and not told to be done: budget-known" in told
