"""The story that the demonstration tells the service."""

from __future__ import annotations

import pytest

from service.demo.story import story
from service.wire.topics import Topics


@pytest.mark.parametrize(("events", "seed"), [(400, 1), (401, 2), (2_000, 3)])
def test_a_story_is_as_long_as_asked_for_and_always_the_same(events: int, seed: int) -> None:
    """The same number and seed give the same events, byte for byte."""
    told = [sent for scene in story(events, seed, Topics.of()) for sent in scene]
    assert len(told) == events
    assert told == [sent for scene in story(events, seed, Topics.of()) for sent in scene]
    assert any(sent.elsewhere for sent in told)
