"""More workflows act on one record than are counted by themselves: still none acts more often than it may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.acting import COUNTED_MAX, DAY_MS
from service.core.workflow_specs import Action, Cap, Workflow
from tests.core.build import Division, created, updated
from tests.core.flows import TASK, catalogue, division, flow, names, on, where, withheld

CAP: Final = 3


def crowd(count: int, *, cap: int = CAP) -> list[Workflow]:
    """So many workflows, each of which wants `x` to be another value."""
    return [
        flow(
            f"w{n:02}", on("updated", changed=("x",)), Action("set_field", field=f"y{n}", value=n), cap=Cap(cap, 10**6)
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [COUNTED_MAX, COUNTED_MAX + 1, COUNTED_MAX + 10, 2 * COUNTED_MAX + 5])
def test_what_a_crm_sets_back_for_ever_ends_however_many_workflows_ask_for_it(count: int) -> None:
    """e2 A rule of the CRM sets the field back each time, and asks for nothing less: it comes to an end, for good."""
    told = division(*crowd(count))
    told.send(created("lead/1", facts={"x": 0}))
    acted: Counter[str] = Counter()
    for day in range(3):
        for n in range(3 * CAP + 3):
            acted.update(names(told, updated("lead/1", facts={"x": n + 100 * day + 1, **_reset(count, n)})))
        if day:
            assert names(told, updated("lead/1", facts={"x": -day, **_reset(count, -1)})) == []
        assert len(told.state.acting["lead/1"].acted) <= COUNTED_MAX + 1
        told.later(ms=DAY_MS)
    assert max(acted.values()) <= CAP * (1 if count <= COUNTED_MAX else 2)
    assert set(withheld(told).values()) == {"record_paused"}
    anew = [replace(each, revision="2") for each in crowd(count)]
    told.configure(workflows=catalogue(*anew))
    assert names(told, updated("lead/1", facts={"x": -9, **_reset(count, -9)}))


def _reset(count: int, n: int) -> dict[str, object]:
    """The CRM sets what was asked for to something else each time."""
    return {f"y{number}": f"no {n}" for number in range(count)}


TASKS: Final = [TASK, replace(TASK, fields=(("subject", "Again"),))]


@given(
    caps=st.integers(1, 4),
    events=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 61), st.booleans()), max_size=25),
)
@settings(max_examples=30, deadline=None)
def test_no_cap_for_a_record_is_ever_exceeded_whichever_of_many_act(
    caps: int, events: Sequence[tuple[int, int, bool]]
) -> None:
    """e2 Whichever of 61 workflows an update sets off, on whatever day."""
    told: Division = division(
        *(
            flow(f"w{n:02}", on("updated"), *TASKS, criteria=where(f"x greater than {n - 1}"), cap=Cap(caps, 10**6))
            for n in range(61)
        )
    )
    told.send(created("lead/1"))
    done: Counter[str] = Counter()
    for first, x, is_next_day in events:
        done.update(names(told, updated("lead/1", facts={"x": x, "a": first})))
        assert all(times <= caps for times in done.values())
        if is_next_day:
            told.later(ms=DAY_MS)
            done.clear()
