"""Read a lane's log as it must be read, and note what is wrong in it. Part of the independent checker.

A record counts if its token is the newest claim before it. Batches are folded as they come; a snapshot's chunk must be
equal to the fold in front of it, numbers must follow each other, and what a batch decides is what it publishes.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

Content = dict[str, dict[str, Any]]
Headers = tuple[tuple[str, bytes | None], ...]

NOTHING_FOLDED: Final = -1
PUBLISHED_KINDS: Final = frozenset({"assigned", "pending", "rejected", "released"})
DEAD_LETTER_REASON: Final = "dead_letter_reason"
UNREAD: Final = "assignment.events"
"""An input that cannot be read has no source: its place in the lane's input stands for it, and moves no watermark."""


class Seen(NamedTuple):
    """A record of a topic as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Headers = ()


class Output(NamedTuple):
    """A message as the log holds it; two are the same if all of this is."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


@dataclass
class Reader:
    """Reads one lane's log, record after record, and notes what is wrong in it."""

    lane: int
    token: int = NOTHING_FOLDED
    last_offset: int = NOTHING_FOLDED
    clock: int = 0
    place: tuple[int, int] = (0, 0)
    content: Content = field(default_factory=dict)
    batches: dict[int, list[Output]] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
    completes: list[tuple[int, int]] = field(default_factory=list)
    decided: dict[str, tuple[int, int]] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)
    marks: dict[str, list[int]] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    _turns: Counter[tuple[str, str]] = field(default_factory=Counter)
    _sequences: Counter[tuple[str, str]] = field(default_factory=Counter)
    _ids: set[str] = field(default_factory=set)

    @property
    def last_batch(self) -> int:
        """The offset of the last batch that counts."""
        return max(self.batches, default=NOTHING_FOLDED)

    def read(self, offset: int, value: bytes) -> None:
        """Read the next record."""
        if self.last_offset != NOTHING_FOLDED and offset != self.last_offset + 1:
            self.complain(f"the log has a hole between {self.last_offset} and {offset}")
        self.last_offset = offset
        record = json.loads(value)
        kind = record["kind"]
        if kind == "claim":
            self.token = offset
        elif record["token"] == self.token:
            {"batch": self._batch, "chunk": self._chunk, "complete": self._complete}[kind](offset, record)
            self.digests[offset] = digest(value)

    def complain(self, what: str) -> None:
        self.found.append(f"lane {self.lane}: {what}")

    def _batch(self, offset: int, batch: dict[str, Any]) -> None:
        if tuple(batch["from"]) != self.place:
            self.complain(f"batch {offset} begins at {batch['from']}; the one before ended at {self.place}")
        self.place = (batch["to"][0], batch["to"][1])
        if batch["time"] < self.clock:
            self.complain(f"batch {offset} turns the clock back")
        self.clock = batch["time"]
        apply(self.content, batch["changes"])
        outputs = [read_output(row, batch["headers"]) for row in batch["outputs"]]
        self.batches[offset] = outputs
        self._outcomes(offset, batch["outcomes"], outputs)
        for output in outputs:
            self._output(output)
        self._own_fields(offset)

    def _outcomes(self, offset: int, lines: list[list[Any]], outputs: list[Output]) -> None:
        for at, ordinal, kind, _, name, source in lines:
            if name in self._ids or not name.endswith(f"-{at}-{ordinal}") or not name.startswith(f"{self.lane}-"):
                self.complain(f"the decision id {name} in batch {offset} comes twice or is of another place")
            self._ids.add(name)
            if source:
                self.answered.add(at)
            if source and kind != "dropped":
                self._taken(source, offset, at)
        said = sorted(name for _, _, kind, _, name, _ in lines if kind in PUBLISHED_KINDS)
        told = sorted(header(each, "ce_id") for each in outputs if header(each, "ce_type").startswith("assignment."))
        if said != told:
            self.complain(f"batch {offset} decides {said} and publishes {told}")
        letters = sum(bool(header(each, DEAD_LETTER_REASON)) for each in outputs)
        if letters != sum(line[2] == "dead_letter" for line in lines):
            self.complain(f"batch {offset} has {letters} dead letters, and another number of such outcomes")

    def _taken(self, source: str, offset: int, at: int) -> None:
        if self.decided.setdefault(source, (offset, at)) != (offset, at):
            self.complain(f"{source} is decided twice: in batch {self.decided[source][0]} and again in {offset}")
        epoch, topic, partition, position = _split(source)
        if topic.endswith(UNREAD):
            return
        mark = f"/mark/{topic}/{partition}"
        self.marks[mark] = max(self.marks.get(mark, [NOTHING_FOLDED]), [epoch, position])

    def _output(self, output: Output) -> None:
        kind = header(output, "ce_type")
        if not kind.startswith("assignment."):
            return
        said, division = json.loads(output.value), header(output, "ce_division")
        record = f"{said['record']['type']}/{said['record']['id']}"
        self._sequences[division, record] += 1
        if said["sequence"] != self._sequences[division, record]:
            self.complain(f"{division} {record} has sequence {said['sequence']} in {header(output, 'ce_id')}")
        if said.get("turn"):
            self._turns[division, said["pool"]] += 1
            if said["turn"] != self._turns[division, said["pool"]]:
                self.complain(f"{division} {said['pool']} has turn {said['turn']} in {header(output, 'ce_id')}")

    def _own_fields(self, offset: int) -> None:
        """Watermarks, place and clock in the state are those of the batches."""
        own = self.content.get("lane", {})
        marks = {name: value for name, value in own.items() if name.startswith("/mark/")}
        if marks != self.marks:
            self.complain(f"the watermarks of batch {offset} are {marks}; what was taken says {self.marks}")
        if own.get("/input") != list(self.place) or own.get("/clock") != self.clock:
            self.complain(f"place or clock of batch {offset} are not what its changes say")

    def _chunk(self, offset: int, chunk: dict[str, Any]) -> None:
        for key, fields in chunk["content"].items():
            if fields != self.content.get(key, {}):
                self.complain(f"chunk {offset} holds {key} as it was at another revision")

    def _complete(self, offset: int, complete: dict[str, Any]) -> None:
        if complete["start"] <= self.token:
            self.complain(f"the snapshot that ends at {offset} began before the claim")
        else:
            self.completes.append((complete["start"], offset))


def read_log(lane: int, log: Sequence[Seen]) -> Reader:
    """Read a whole log."""
    reader = Reader(lane)
    for record in log:
        reader.read(record.offset, record.value)
    return reader


def read_snapshot(log: Sequence[Seen], start: int) -> tuple[Content, set[str]]:
    """What the snapshot and all batches after it add up to, and the keys it covers."""
    content: Content = {}
    covered: set[str] = set()
    token: int | None = None
    for seen in log:
        if seen.offset < start:
            continue
        record = json.loads(seen.value)
        token = record["token"] if token is None else token
        if record["kind"] == "claim":
            token = seen.offset
        elif record["token"] != token:
            continue
        elif record["kind"] == "batch":
            apply(content, [change for change in record["changes"] if change[0] in covered])
        elif record["kind"] == "chunk" and start in (seen.offset, record["start"]):
            content.update({key: dict(fields) for key, fields in record["content"].items()})
            covered |= set(record["content"])
    return content, covered


def fold(log: Sequence[Seen], revision: int) -> Content:
    """All batches that count, up to and with the one at `revision`."""
    content: Content = {}
    token = NOTHING_FOLDED
    for seen in log:
        if seen.offset > revision:
            break
        record = json.loads(seen.value)
        if record["kind"] == "claim":
            token = seen.offset
        elif record["kind"] == "batch" and record["token"] == token:
            apply(content, record["changes"])
    return content


def apply(content: Content, changes: list[list[Any]]) -> None:
    """Make each change's final value the value of its field."""
    for key, name, value in changes:
        if value is None:
            content.get(key, {}).pop(name, None)
        else:
            content.setdefault(key, {})[name] = value


def read_output(row: list[Any], headers: list[list[Any]]) -> Output:
    """A message from a batch, whose headers it names by position; what is no text stands there in base64."""
    topic, key, value, positions = row
    own = [headers[position] for position in positions]
    return Output(
        topic, _plain(key), _plain(value), tuple((name, None if said is None else _plain(said)) for name, said in own)
    )


def header(output: Output | Seen, name: str) -> str:
    """The header's text; empty where there is none."""
    return next((str(said or b"", "utf-8") for known, said in output.headers if known == name), "")


def digest(value: bytes) -> str:
    """The checksum of a log record."""
    return hashlib.blake2b(value, digest_size=8).hexdigest()


def _plain(text: str | list[str]) -> bytes:
    return text.encode() if isinstance(text, str) else b64decode(text[0])


def _split(source: str) -> tuple[int, str, int, int]:
    epoch, _, rest = source.partition("/")
    topic, partition, offset = rest.rsplit("/", 2)
    return int(epoch), topic, int(partition), int(offset)
