"""What was taken down of a run, and the digests by which two runs are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from tests.lane.mixed_events.events import BLOCK

DIGEST_CHARACTERS = 16
"""Of a block's digest: it only has to differ."""

NAMED_BY = ("ce_type", "dead_letter_reason")
"""The headers that say of which kind a message is."""


class Published(NamedTuple):
    """A message as it was published."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def kind(self) -> str:
        """The topic, and what the message tells of."""
        known = dict(self.headers)
        named = next((known[name] for name in NAMED_BY if known.get(name)), None)
        return f"{self.topic} {(named or b'').decode()}".rstrip()


class Outcome(NamedTuple):
    """An outcome as the log lists it."""

    offset: int
    ordinal: int
    kind: str
    reason: str
    decision_id: str
    source: str


class Mark(NamedTuple):
    """How much had been taken down when a block of events began."""

    published: int
    outcomes: int


@dataclass
class Taken:
    """Everything published and decided, in order. `marks` has the beginning of each block of events."""

    published: list[Published] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    log_bytes: list[bytes] = field(default_factory=list)
    events: int = 0
    marks: list[Mark] = field(default_factory=list)

    def begin(self, events: int) -> None:
        """So many more events arrive now; what is taken down from here on counts as theirs."""
        if events and self.events % BLOCK == 0:
            self.marks.append(Mark(len(self.published), len(self.outcomes)))
        self.events += events

    @property
    def kinds(self) -> Counter[str]:
        """How often each outcome with its reason was listed."""
        return Counter(f"{line.kind} {line.reason}".rstrip() for line in self.outcomes)

    def summary(self) -> dict[str, Any]:
        """What is recorded: digests of the whole and of each block, and the counts that say what moved."""
        return {
            "events": self.events,
            "published": digest(self.published),
            "outcomes": digest(self.outcomes),
            "published_counts": dict(sorted(Counter(message.kind for message in self.published).items())),
            "outcome_counts": dict(sorted(self.kinds.items())),
            "blocks": [
                f"{digest(published)[:DIGEST_CHARACTERS]} {digest(outcomes)[:DIGEST_CHARACTERS]}"
                for published, outcomes in self._blocks()
            ],
        }

    def lines(self) -> Iterator[str]:
        """Everything as text, a line each, for a comparison with another run's."""
        for number, (published, outcomes) in enumerate(self._blocks()):
            yield f"# events {number * BLOCK} to {(number + 1) * BLOCK - 1}"
            yield from map(repr, outcomes)
            yield from map(repr, published)

    def _blocks(self) -> Iterator[tuple[Sequence[Published], Sequence[Outcome]]]:
        """Parts of both lists, from mark to mark. What came before the first event belongs to the first block."""
        starts = [Mark(0, 0), *self.marks[1:]]
        ends = [*self.marks[1:], Mark(len(self.published), len(self.outcomes))]
        for start, end in zip(starts, ends, strict=True):
            yield self.published[start.published : end.published], self.outcomes[start.outcomes : end.outcomes]


def digest(rows: Iterable[tuple[Any, ...]]) -> str:
    """SHA-256 of the rows, of each its plain values."""
    found = sha256()
    for row in rows:
        found.update(repr(tuple(row)).encode())
        found.update(b"\n")
    return found.hexdigest()


def differences(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What differs between two summaries, in sentences; empty where nothing does."""
    told = [f"{name} differ" for name in ("events", "published", "outcomes") if recorded[name] != found[name]]
    for name in ("published_counts", "outcome_counts"):
        before, after = recorded[name], found[name]
        told += [
            f"{name}: {each} {before.get(each, 0)} -> {after.get(each, 0)}"
            for each in sorted({*before, *after})
            if before.get(each, 0) != after.get(each, 0)
        ]
    for number, (before, after) in enumerate(zip(recorded["blocks"], found["blocks"], strict=False)):
        if before != after:
            told.append(
                f"the first block that differs is that of events {number * BLOCK} to {(number + 1) * BLOCK - 1}"
            )
            break
    return told
