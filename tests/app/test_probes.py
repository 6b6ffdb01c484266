"""What lanes have taken is compared with what the sources hold: nothing can be taken that was never there."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition

from service.app.probes import marks_beyond
from service.config.sources import Loss
from service.lane.book import SourceMark

HERE = TopicPartition("crm.records", 0)


@pytest.mark.parametrize(
    ("mark", "end", "is_possible"),
    [
        ((1, 9), 10, True),
        ((1, 9), 9, False),
        ((1, 2**62), 10, False),
        ((0, 2**62), 10, True),
        ((1, 9), None, True),
    ],
    ids=["the last", "one too many", "far beyond", "of an earlier epoch", "not answered"],
)
def test_a_mark_lies_before_the_end_of_its_source(mark: SourceMark, end: int | None, is_possible: bool) -> None:
    """A mark of an earlier epoch says nothing about positions of this one."""
    ends = {} if end is None else {HERE: end}
    found = list(marks_beyond({HERE: mark}, ends, lambda topic: 1))
    assert found == ([] if is_possible else [Loss(1, HERE.topic, HERE.partition, mark[1] + 1)])
