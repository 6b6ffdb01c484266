"""A trouble has a beginning, an end and a number, whatever its sentence says in between."""

from __future__ import annotations

from typing import get_args

import orjson
from structlog.testing import capture_logs

from service.app.health import Health
from service.http.routes import LaneShown, Readiness
from service.telemetry.metrics import METERS, metrics_page
from service.telemetry.troubles import Trouble, TroubleName
from tests.tidy.tree import ROOT

SILENT = Trouble("kafka_silent", "", "no answer for 10 s", "look at the broker")


def test_what_nobody_complains_of_is_no_problem() -> None:
    assert Health([list, tuple]).look() == ()


def test_readiness_is_the_union_of_what_its_sources_say() -> None:
    stuck = Trouble("lane_stuck", "3", "lane 3 does not move", "wait")
    health = Health([lambda: [SILENT], lambda: [stuck]])
    assert [problem.name for problem in health.look()] == ["kafka_silent", "lane_stuck"]


def test_a_trouble_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    now, troubles = 1_000.0, [SILENT]
    health = Health([lambda: troubles], lambda: now)
    with capture_logs() as lines:
        (first,) = health.look()
        now, troubles[0] = 1_012.5, SILENT._replace(what="no answer for 22 s")
        (second,) = health.look()
        troubles.clear()
        assert health.look() == ()
        health.look()
    assert (first.since, first.seconds) == (1_000.0, 0.0)
    assert (second.since, second.seconds, second.what) == (1_000.0, 12.5, "no answer for 22 s")
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("trouble.begun", "error"),
        ("trouble.ended", "info"),
    ]
    assert lines[0]["todo"] == "look at the broker"
    assert lines[1]["seconds"] == 12.5


def test_two_lanes_in_trouble_are_two_troubles_of_one_name() -> None:
    health = Health([lambda: [Trouble("lane_stuck", str(number), "", "") for number in (1, 2)]])
    assert len(health.look()) == 2
    page = metrics_page(METERS).decode()
    assert 'fairlead_trouble{kind="lane_stuck"} 2.0' in page
    assert 'fairlead_trouble{kind="kafka_silent"} 0.0' in page


def test_the_answer_names_since_when_and_what_to_do() -> None:
    problems = Health([lambda: [SILENT]], lambda: 1_000_000.25).look()
    said = orjson.loads(Readiness(problems, {3: LaneShown("claiming", "reading the log, 5 of 9")}).as_json())
    assert said == {
        "ready": False,
        "problems": [
            {
                "name": "kafka_silent",
                "what": "no answer for 10 s",
                "todo": "look at the broker",
                "since": "1970-01-12T13:46:40+00:00",
                "seconds": 0.0,
            }
        ],
        "lanes": {"3": {"state": "claiming", "doing": "reading the log, 5 of 9"}},
    }


def test_the_readme_names_every_kind_of_trouble() -> None:
    """Who is woken by one looks it up there."""
    page = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in get_args(TroubleName) if f"`{name}`" not in page] == []


def test_a_process_without_troubles_is_ready() -> None:
    assert orjson.loads(Readiness((), {}).as_json())["ready"] is True
