"""What is published for 8,000 mixed events is, byte for byte, what was recorded, and so are the log's outcomes.

A change that is to change no behaviour leaves this alone. Where it fails: `python -m tests.lane.mixed_events --dump
FILE` before and after the change shows every difference, and `--write` records anew what was meant to change.
"""

from __future__ import annotations

import json

import pytest

from tests.lane.mixed_events.events import EVENTS, steps
from tests.lane.mixed_events.runs import RECORDED, RUNS, run
from tests.lane.mixed_events.taken import Outcome, Published, Taken, differences

MIXED = "mixed"
KINDS_MET = 20
"""So many different outcomes at least are among the mixed ones."""


@pytest.fixture(scope="module", params=RUNS)
def played(request: pytest.FixtureRequest) -> tuple[str, Taken]:
    """A run's name, and what came of it."""
    return request.param, run(request.param)


def test_the_same_is_published_and_decided_as_before(played: tuple[str, Taken]) -> None:
    name, taken = played
    assert differences(json.loads(RECORDED.read_text())[name], taken.summary()) == []


def test_the_events_are_mixed_enough(played: tuple[str, Taken]) -> None:
    name, taken = played
    assert taken.events == EVENTS
    assert name != MIXED or len(taken.kinds) >= KINDS_MET


def test_the_same_seed_gives_the_same_events() -> None:
    assert list(steps(seed=7, events=500)) == list(steps(seed=7, events=500))
    assert list(steps(seed=7, events=500)) != list(steps(seed=8, events=500))


def test_a_difference_is_named_with_the_counts_that_moved_and_its_block() -> None:
    before, after = (_taken(reason) for reason in ("echo", "deleted"))
    assert differences(before.summary(), before.summary()) == []
    assert differences(before.summary(), after.summary()) == [
        "outcomes differ",
        "outcome_counts: nothing deleted 0 -> 1",
        "outcome_counts: nothing echo 2 -> 1",
        "the first block that differs is that of events 250 to 499",
    ]


def _taken(reason: str) -> Taken:
    """Two blocks with an outcome each; the second has this reason."""
    taken = Taken()
    for each in ("echo", reason):
        taken.begin(250)
        taken.outcomes.append(Outcome(0, 0, "nothing", each, "0-0-0-0", ""))
        taken.published.append(Published("topic", b"", b"", ()))
    return taken
