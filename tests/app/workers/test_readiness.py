"""Readiness of several: what one lacks all lack, and whose it is is told."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.app.workers.readiness import folded
from service.app.workers.troubles import BEGIN_SECONDS, REPLACED_SECONDS, SILENT_SECONDS, WorkerSeen, worker_troubles
from service.http.routes import LaneShown, OngoingTrouble, Readiness
from service.telemetry.metrics import LANE_STATES

PROBLEMS = st.builds(
    OngoingTrouble,
    st.sampled_from(["kafka_silent", "lane_halted"]),
    st.sampled_from(["no answer", "stopped"]),
    st.just("do this"),
    st.integers(0, 2_000_000_000).map(float),
    st.integers(0, 1_000).map(float),
    st.none(),
)
LANES = st.dictionaries(
    st.integers(0, 5), st.builds(LaneShown, st.sampled_from(LANE_STATES), st.just("wait"), st.none())
)
SAID = st.builds(Readiness, st.lists(PROBLEMS, max_size=3), LANES)
WORKERS = st.dictionaries(st.integers(1, 4), SAID)


@given(st.lists(PROBLEMS, max_size=2), WORKERS)
def test_all_are_ready_exactly_if_each_is_and_every_cause_names_its_worker(
    own: list[OngoingTrouble], workers: dict[int, Readiness]
) -> None:
    said = folded(own, workers)
    by_worker = {
        number: [problem._replace(worker=None) for problem in said.problems if problem.worker == number]
        for number in workers
    }
    assert by_worker == {number: list(each.problems) for number, each in workers.items()}
    assert [problem for problem in said.problems if problem.worker is None] == own
    assert (not said.problems) == (not own and all(not each.problems for each in workers.values()))


@given(WORKERS)
def test_every_lane_is_shown_once_as_one_of_those_who_have_it_says(workers: dict[int, Readiness]) -> None:
    """Of whoever works on it, where one was told that somebody else does."""
    said = folded([], workers)
    assert set(said.lanes) == {lane for each in workers.values() for lane in each.lanes}
    for lane, shown in said.lanes.items():
        assert shown.worker is not None
        assert workers[shown.worker].lanes[lane] == shown._replace(worker=None)
        told = {each.lanes[lane].state for each in workers.values() if lane in each.lanes}
        assert (shown.state == "silent") == (told == {"silent"})


@given(SAID, st.integers(1, 4))
def test_what_is_said_is_read_as_it_was_meant(said: Readiness, worker: int) -> None:
    for each in (said, folded([], {worker: said})):
        assert Readiness.from_json(each.as_json()) == Readiness(list(each.problems), dict(each.lanes))


@given(SAID)
def test_a_newer_build_may_say_more(said: Readiness) -> None:
    """A worker that is begun after an upgrade in place has a parent of the build before."""
    newer = orjson.loads(said.as_json())
    for each in (newer, *newer["problems"], *newer["lanes"].values()):
        each["added_since"] = "x"
    assert Readiness.from_json(orjson.dumps(newer)) == Readiness(list(said.problems), dict(said.lanes))


@pytest.mark.parametrize(
    "said", [b"", b"[]", b"Service Unavailable", b'{"problems":[]}', b'{"problems":[1],"lanes":{}}']
)
def test_what_is_no_answer_is_none(said: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # its message is for nobody
        Readiness.from_json(said)


@pytest.mark.parametrize(
    ("seen", "names"),
    [
        (WorkerSeen(1), []),
        (WorkerSeen(1, has_answered=False), ["starting"]),
        (WorkerSeen(1, silent_seconds=SILENT_SECONDS - 1), []),
        (WorkerSeen(1, silent_seconds=SILENT_SECONDS), ["worker_silent"]),
        (WorkerSeen(1, is_running=False, ended="ended with 1", times=1), ["worker_ended"]),
        (WorkerSeen(1, has_answered=False, ended="ended with 1", times=1), ["worker_ended"]),
        (WorkerSeen(1, ended="ended with 1", times=1), []),
        (WorkerSeen(1, ended="ended with 1", times=2), ["worker_ended"]),
        (
            WorkerSeen(1, ended="ended with 1", times=2, silent_seconds=SILENT_SECONDS),
            ["worker_ended", "worker_silent"],
        ),
    ],
)
def test_what_makes_a_trouble_of_a_worker(seen: WorkerSeen, names: list[str]) -> None:
    """One death is over when the next process answers; several in a row are not."""
    assert [trouble.name for trouble in worker_troubles([seen])] == names


@pytest.mark.parametrize(
    ("seen", "is_given_up"),
    [
        (WorkerSeen(1, silent_seconds=REPLACED_SECONDS - 1), False),
        (WorkerSeen(1, silent_seconds=REPLACED_SECONDS), True),
        (WorkerSeen(1, has_answered=False, silent_seconds=REPLACED_SECONDS), False),
        (WorkerSeen(1, has_answered=False, silent_seconds=BEGIN_SECONDS), True),
        (WorkerSeen(1, is_running=False, silent_seconds=BEGIN_SECONDS), False),
    ],
)
def test_who_is_given_up(seen: WorkerSeen, is_given_up: bool) -> None:
    """A process that begins may take longer than one that has answered."""
    assert seen.is_given_up is is_given_up
