"""What the configuration topic says of the sources: epochs, which topic is known as which, and what may be passed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.config.history import History, sources_record
from service.config.sources import (
    MAX_NUMBER,
    Agreed,
    AgreedLevel,
    Loss,
    Skip,
    Sources,
    SourceState,
    SourceTopic,
    read_source,
    source_content,
)

TOPIC = "crm.records"
OTHER = "crm.members"

records = st.one_of(
    st.builds(Sources, st.integers(0, 6), st.just("division"), st.integers(0, 2), st.none() | st.integers(0, 6)),
    st.builds(SourceTopic, st.sampled_from([TOPIC, OTHER]), st.sampled_from(["", "a", "b"]), st.integers(0, 6)),
    st.builds(Skip, st.integers(0, 6), st.just(TOPIC), st.integers(0, 1), st.integers(-1, 5), st.integers(0, 8)),
    st.builds(Loss, st.integers(0, 6), st.just(TOPIC), st.integers(0, 1), st.integers(-1, 5)),
)


def told(*contents: Agreed) -> SourceState:
    history = History()
    for content in contents:
        assert history.fold(sources_record(content).value) == content
    return history.source_state


BEGUN = Sources(0, "division", 1)


@given(st.lists(records, max_size=40))
def test_a_topics_epoch_never_goes_back(contents: list[Agreed]) -> None:
    """Positions of an epoch that was used before would look old to the lanes, and their events be dropped."""
    history = History()
    state = history.source_state
    for content in contents:
        before = state.next_epoch, state.epoch_of(TOPIC), state.epoch_of(OTHER)
        history.fold(source_content(content))
        after = state.next_epoch, state.epoch_of(TOPIC), state.epoch_of(OTHER)
        assert all(now >= then for then, now in zip(before, after, strict=True))
        assert state.current is None or after[0] > max(after[1:])


def test_a_topic_begins_in_the_epoch_of_all() -> None:
    """Nothing was read of it yet that another epoch would have to be told from."""
    state = told(BEGUN, SourceTopic(TOPIC, "a", 0))
    assert state.topic(TOPIC) == SourceTopic(TOPIC, "a", 0)
    assert (state.epoch_of(TOPIC), state.epoch_of(OTHER)) == (0, 0)


def test_an_identity_is_not_replaced_without_an_epoch() -> None:
    """Only somebody who resets the topic says that another one may be read under its name."""
    state = told(BEGUN, SourceTopic(TOPIC, "a", 0))
    assert state.fold(SourceTopic(TOPIC, "b", 0)) is None
    assert state.topic(TOPIC) == SourceTopic(TOPIC, "a", 0)


def test_an_identity_that_is_told_later_is_taken() -> None:
    """The brokers were upgraded: the topic is the same."""
    state = told(BEGUN, SourceTopic(TOPIC, "", 0), SourceTopic(TOPIC, "a", 0))
    assert state.topic(TOPIC) == SourceTopic(TOPIC, "a", 0)


def test_a_reset_of_one_topic_leaves_the_others_in_theirs() -> None:
    """And the next reset of all is above both."""
    state = told(BEGUN, SourceTopic(TOPIC, "a", 0), SourceTopic(OTHER, "x", 0), SourceTopic(TOPIC, "b", 1))
    assert (state.epoch_of(TOPIC), state.epoch_of(OTHER), state.next_epoch) == (1, 0, 2)
    assert state.fold(Sources(1, "division", 1, 1)) is None
    assert state.fold(Sources(2, "division", 1, 0)) is None
    assert state.fold(Sources(2, "division", 1, 1)) is not None
    assert (state.epoch_of(TOPIC), state.topic(TOPIC)) == (2, None)


@given(st.lists(st.integers(0, MAX_NUMBER), max_size=5))
def test_whatever_epochs_were_begun_there_is_a_next_one(epochs: list[int]) -> None:
    """Else one record, written by mistake or by a stranger, would be the end of all resets."""
    history = History()
    state = history.source_state
    history.fold(sources_record(BEGUN).value)
    for epoch in epochs:
        history.fold(sources_record(Sources(epoch, "division", 1, state.expected_epoch)).value)
    following = Sources(state.next_epoch, "division", 1, state.expected_epoch)
    assert history.fold(sources_record(following).value) == following


def test_a_skip_counts_in_its_epoch_alone() -> None:
    """The offsets of a topic that was made anew mean something else."""
    skip = Skip(0, TOPIC, 3, 5, 8)
    state = told(BEGUN, SourceTopic(TOPIC, "a", 0), skip)
    assert [state.skip_at(TOPIC, 3, offset) for offset in (4, 5, 7, 8)] == [None, skip, skip, None]
    assert state.skip_at(TOPIC, 2, 5) is None
    assert state.skip_at(OTHER, 3, 5) is None
    assert state.fold(skip) is None
    state.fold(SourceTopic(TOPIC, "b", 1))
    assert state.skip_at(TOPIC, 3, 5) is None
    assert state.fold(skip) is None


def test_a_loss_stands_until_its_topic_is_reset() -> None:
    """The first that was told counts; another topic's reset does not end it, and what is told late begins none."""
    loss = Loss(0, TOPIC, 1, 50)
    state = told(BEGUN, SourceTopic(TOPIC, "a", 0), loss, SourceTopic(OTHER, "b", 1))
    assert state.fold(loss._replace(offset=70)) is None
    assert (state.loss_of(TOPIC, 1), state.loss_of(TOPIC, 0), state.loss_of(OTHER, 1)) == (loss, None, None)
    assert state.fold(SourceTopic(TOPIC, "a", 2)) is not None
    assert state.loss_of(TOPIC, 1) is None
    assert state.fold(loss) is None


def test_identities_of_a_topic_are_remembered_over_resets() -> None:
    """What was sealed for an earlier one is still ours."""
    state = told(BEGUN, SourceTopic(TOPIC, "a", 0), Sources(1, "division", 1, 0), SourceTopic(TOPIC, "b", 1))
    assert sorted(state.lives(TOPIC)) == ["", "a", "b"]
    assert list(state.lives(OTHER)) == [""]


def test_an_epoch_may_begin_far_above() -> None:
    """Where lanes know of epochs that the topic has lost. What is begun at the same moment does not count."""
    state = told(BEGUN, Sources(7, "division", 1, 0))
    assert state.fold(Sources(7, "division", 1, 0)) is None
    assert (state.epoch_of(TOPIC), state.next_epoch) == (7, 8)


def test_who_says_what_is_known_of_a_topic_is_not_late() -> None:
    """Two processes that begin a deployment at the same moment both say it: nobody need ever hear of that."""
    known = SourceTopic(TOPIC, "a", 0)
    state = told(BEGUN, known)
    assert (state.fold(known), state.topic(TOPIC)) == (known, known)
    state.fold(SourceTopic(TOPIC, "b", 1))
    assert state.fold(known) is None


def test_a_level_is_agreed_on_only_from_the_one_it_expects() -> None:
    """Who says it twice, or late, does nothing; who was mistaken may take it back."""
    state = told(BEGUN, AgreedLevel(3))
    assert state.fold(AgreedLevel(3, 3)) == AgreedLevel(3, 3)
    for late in (AgreedLevel(10**9), AgreedLevel(10**9, 10**9), AgreedLevel(0, 3)):
        assert state.fold(late) is None
    assert state.fold(AgreedLevel(10**9, 3)) is not None
    assert state.fold(AgreedLevel(3, 10**9)) == AgreedLevel(3, 10**9)
    assert state.level == 3


def test_an_epoch_counts_only_behind_the_one_it_expects() -> None:
    """What somebody writes by mistake, or wrote long ago and sends again, begins nothing and forgets no topic."""
    state = told(BEGUN, SourceTopic(TOPIC, "a", 0))
    for expected in (None, 1, 6_999):
        assert state.fold(Sources(7_000, "x", 1, expected)) is None
    assert state.fold(SourceTopic(TOPIC, "theirs", 7_000)) is None
    assert (state.current, state.topic(TOPIC)) == (BEGUN, SourceTopic(TOPIC, "a", 0))


def test_a_level_that_expects_none_raises_nothing() -> None:
    """Builds before this one began with it: that is ours, and no stranger's."""
    state = told(BEGUN)
    assert state.fold(agreed({"level": 1})) == AgreedLevel(1, 1)
    assert state.fold(agreed({"level": 2})) is None
    assert state.fold(agreed({"level": 10**9})) is None
    assert state.level == 1
    assert [read_source({"level": level}) for level in (True, "2", -1, None)] == [None] * 4


def agreed(content: dict[str, object]) -> Agreed:
    """What a record says, which is one of ours."""
    read = read_source(content)
    assert read is not None
    return read
