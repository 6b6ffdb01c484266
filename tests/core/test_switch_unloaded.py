"""A switch of configurations loads no record, so it changes none: it would write one anew that it does not know."""

from __future__ import annotations

import pytest

from service.core.holding.membership import SwitchStep, switch_steps
from service.core.holding.reservations import RESERVATION_PREFIX
from service.core.record import Record
from service.core.reservation import Reservation
from service.core.state import State
from tests.core.build import START_MS, config, pool

MINUTE_MS = 60_000


def test_an_offer_is_looked_at_under_a_new_configuration_without_its_record() -> None:
    """Who it was made to is no member any more; the record is in the lane's memory, and not here."""
    state = State()
    state.apply({"offer": {"lead/1": Reservation("ann", "sales", START_MS + MINUTE_MS)}})
    for step in switch_steps(state, config(pool("bob")), START_MS):
        state.apply(step.changes())
    assert state.timers[RESERVATION_PREFIX + "lead/1"].due_ms == START_MS


def test_a_step_that_would_change_a_record_raises_instead() -> None:
    """Then that step is left out and told of, and nothing is written over."""
    step = SwitchStep("pool/sales", lambda: {"record": {"lead/1": Record()}})
    with pytest.raises(RuntimeError, match="lead/1"):
        step.changes()
