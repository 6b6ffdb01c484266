"""The count of what was published stands on what is ours."""

from __future__ import annotations

import pytest

from service.demo.tally import Tally
from service.wire.messages import Headers, RawRecord
from service.wire.topics import Topics

TOPICS = Topics.of()
FOREIGN: tuple[tuple[bytes | None, Headers], ...] = (
    (None, ()),
    (b"", ()),
    (b"\xff", (("ce_id", b"\xff"),)),
    (b"[]", (("ce_id", b"1"),)),
    (b'{"kind":"batch"}', (("ce_id", b"1"), ("ce_chaindepth", b"x"))),
    (b"[" * 100_000, (("dead_letter_reason", None),)),
)


@pytest.mark.parametrize(("value", "headers"), FOREIGN)
@pytest.mark.parametrize("topic", [TOPICS.log, TOPICS.assignments, TOPICS.dead_letters])
def test_a_foreign_record_is_listed_and_counts_nowhere(topic: str, value: bytes | None, headers: Headers) -> None:
    tally = Tally(TOPICS, 1)
    tally.take(RawRecord(topic, 0, 7, b"k", value, headers, 0))
    assert tally.foreign == [f"{topic}/0/7"]
    assert (tally.missing, tally.doubles, tally.answered) == ([], [], 0)
