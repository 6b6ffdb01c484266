"""All that the independent checker asks of giving, where it is told what the configurations say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.accept_checker import course_violations
from tests.giving_words import Known
from tests.limits_checker import limit_violations
from tests.log_reader import Reader, Seen
from tests.open_items_checker import open_item_violations
from tests.steps_checker import step_violations


def giving_violations(known: Known, reader: Reader, inputs: Sequence[Seen], *, is_finished: bool) -> Iterator[str]:
    """Limits, open items, what is offered and escalated, steps, and who is idle."""
    yield from limit_violations(known, reader)
    yield from open_item_violations(known, reader, inputs)
    yield from course_violations(known, reader, inputs, is_finished=is_finished)
    yield from step_violations(known, reader, inputs, is_finished=is_finished)
