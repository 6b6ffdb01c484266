"""Sales plans as people look at them: the plans, the clients of one, what is theirs alone, and who joins first."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from service.wire.messages import Message
from tests.cli.conftest import Run
from tests.cli.running import Service, running_service


def said(value: object) -> Any:
    """A JSON value, of which a test knows the form."""
    return value


def told(kind: str, name: str, **more: str) -> Message:
    """An event about a lead that a plan may care for."""
    data = {"record": {"type": "lead", "id": name}, **more}
    value = {"type": f"crm.{kind}.v1", "id": f"{kind}-{name}-{'-'.join(more.values())}", **data}
    return Message("crm.records", f"lead/{name}".encode(), orjson.dumps(value))


@pytest.fixture
def clients(service: Service) -> None:
    """Two leads came in through the form, one after the other, and one, whom eve knows, by an offer."""
    service.send(told("record.created", "p1", tool="form"))
    service.send(told("record.created", "p2", tool="form"))
    service.send(told("record.contacted", "p3", person="eve"), told("offer.paid", "p3", offer="gold"))


@pytest.mark.usefixtures("clients")
def test_plans_are_listed_with_clients_potential_and_label(run: Run) -> None:
    """S132 S133 D11 One table for each: who has how many, what they are worth, and the label as it will look."""
    ended = run("plans")
    assert ended.code == 0
    assert "Spring campaign (spring) · uniform · 2 clients · potential 25.00 USD · label  Spring " in ended.out
    assert "After the sale (care) · linked · 1 client" in ended.out
    found = {each["plan"]: each for each in said(run("plans", "--json").json)}
    assert found["spring"]["managers"] == [
        {"person": "ann", "clients": 1, "is_manager": True},
        {"person": "bob", "clients": 1, "is_manager": True},
    ]
    assert found["spring"]["potential"] == {"amount": 25.0, "currency": "USD"}
    assert found["spring"]["label"] == {"text": "Spring", "colour": "#15803d"}
    assert found["care"]["potential"] is None


@pytest.mark.usefixtures("clients")
def test_the_clients_of_a_plan_say_how_they_came_in(run: Run) -> None:
    """S134-S136 The tool and the offer by the names people know."""
    ended = run("plans", "care")
    assert (ended.code, "Spring campaign" in ended.out) == (0, False)
    assert "lead/p3" in ended.out
    assert 'the offer "Gold" (paid)' in ended.out
    (plan,) = said(run("plans", "spring", "--json").json)
    assert {(each["record"], each["owner"], each["by"], each["through"]) for each in plan["leads"]} == {
        ("lead/p1", "ann", "tool", "form"),
        ("lead/p2", "bob", "tool", "form"),
    }


@pytest.mark.usefixtures("clients")
def test_a_person_sees_their_plans_and_there_their_clients(run: Run) -> None:
    """S111 S112 What is not theirs does not exist: the same answer as for a plan that there is not."""
    (mine,) = said(run("plans", "--as", "bob", "--json").json)
    assert (mine["plan"], mine["clients"], mine["potential"]["amount"]) == ("spring", 1, 12.5)
    ended = run("plans", "spring", "--as", "bob")
    assert ("lead/p2" in ended.out, "lead/p1" in ended.out, "ann" in ended.out) == (True, False, False)
    hidden, unknown = run("plans", "care", "--as", "bob"), run("plans", "nowhere", "--as", "bob")
    assert (hidden.code, hidden.out) == (unknown.code, unknown.out) == (1, "")
    assert hidden.err.replace("care", "nowhere") == unknown.err


def test_a_plan_that_there_is_not_is_named(run: Run) -> None:
    """1, and the nearest of those that there are."""
    ended = run("plans", "sprnig")
    assert (ended.code, ended.out) == (1, "")
    assert "there is no plan sprnig to see; did you mean spring?" in ended.err


@pytest.mark.usefixtures("clients")
def test_explain_says_how_a_lead_came_into_its_plan(run: Run) -> None:
    """D16 S127 One sentence, and for machines the way, why it is not whose turn it is, and since when."""
    assert 'came into the plan "After the sale" through the offer "Gold" (paid), to eve, who was in' in " ".join(
        run("explain", "lead/p3").out.split()
    )
    (decision,) = said(run("explain", "lead/p3", "--json").json)["decisions"]
    trace = decision["trace"]
    assert (trace["question"], trace["through"], trace["link"]) == ("paid", "gold", "contact")
    assert trace["contacted"].endswith("Z")
    assert decision["plan"] == "care"


WITH_PLAN: Final = """
users: {ann: {}, bob: {}, eve: {}}
plans: {spring: {name: Spring, managers: [ann, bob], tools: [form]}}
tools: [form]
"""
WITH_EVE: Final = WITH_PLAN.replace("[ann, bob]", "[ann, bob, eve]")
FIRST: Final = (
    "eve joins the plan spring, which is in use, and gets {} first, until they have as many clients as the others"
)


def test_publishing_names_who_joins_a_plan_in_use_and_how_many_leads_they_get_first(
    alone: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """S114 S115 D46 From the memory, and in general words where that does not answer."""
    (tmp_path / "all.yaml").write_text(WITH_PLAN)
    with running_service(tmp_path) as running:
        monkeypatch.setenv("FAIRLEAD_REDIS__URL", running.redis)
        monkeypatch.setenv("FAIRLEAD_KAFKA__BOOTSTRAP", running.kafka)
        running.send(*(told("record.created", str(number), tool="form") for number in range(4)))

        def publish(content: str) -> str:
            (tmp_path / "all.yaml").write_text(content)
            ended = alone("config", "publish", tmp_path)
            assert ended.code == 0, ended.err
            return " ".join(ended.out.split())

        assert FIRST.format("the next 2 new leads") in publish(WITH_EVE)
        assert "joins" not in publish(WITH_PLAN)
        back = said(alone("config", "rollback", "2", "--json").json)
        assert back["joining"] == [{"division": "main", "plan": "spring", "person": "eve", "leads": 2}]
        publish(WITH_PLAN)
        monkeypatch.setenv("FAIRLEAD_REDIS__URL", "redis://127.0.0.1:1")
        assert FIRST.format("every new lead") in publish(WITH_EVE)
