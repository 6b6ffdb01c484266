"""Read a lane's log as it must be read, and note what is wrong in it. Part of the independent checker.

A record counts if its token is the newest claim before it. Batches are folded as they come; a snapshot's chunk must be
equal to the fold in front of it, numbers must follow each other, and what a batch decides is what it publishes. State
is compared by kind and full name; in a chunk it stands in the bucket that a hash of the name says. What is no JSON
object of a known kind was written by somebody else and does not count.

A snapshot whose end names no batch was restored from a memory. From there on the lane is what it holds; of what was
decided before only that counts which its marks say was taken, whether the log still has it or not.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from zlib import crc32

from tests.log_outputs import Headers, Output, read_outputs

Content = dict[str, dict[str, Any]]
"""By kind and full name."""

NOTHING_FOLDED: Final = -1
FORMAT: Final = 1
CONTENT: Final = {
    "claim": "owner",
    "outputs": "kind",
    "batch": "changes",
    "snapshot": "kinds",
    "chunk": "content",
    "complete": "checksum",
}
"""Of each kind of record, the field that holds an object or a text; anything else is none of ours."""
PUBLISHED_KINDS: Final = frozenset({"assigned", "pending", "rejected", "released"})
DEAD_LETTER_REASON: Final = "dead_letter_reason"
UNHEARD: Final = frozenset({"dropped", "dead_letter"})
"""Outcomes of inputs that changed nothing."""
REDRIVEN: Final = "redriven_already"
"""The reason where a dead letter that was sent again had been decided before."""
UNREAD: Final = "assignment.events"
"""An input that cannot be read has no source: its place in the lane's input stands for it, and moves no watermark."""


class Seen(NamedTuple):
    """A record of a topic as it was read. `time_ms`: when the broker had it; none: that is not known."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Headers = ()
    time_ms: int | None = None


class Line(NamedTuple):
    """What became of an input, or a timer decided: where it stands in the input, its reason, the source position
    (empty: none), what was published of it (none: nothing), and when (`ms`, by the lane's clock). `forgotten`: it is
    none of these, but that a record (`main/lead/1`) was forgotten.
    """

    at: int
    reason: str
    source: str
    output: Output | None
    forgotten: str = ""
    ms: int = 0


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
    opened: dict[str, int] = field(default_factory=dict)
    buckets: Content = field(default_factory=dict)
    is_at_work: bool = False
    restored: Content = field(default_factory=dict)
    restored_at: int = NOTHING_FOLDED
    parts: dict[int, list[Output]] = field(default_factory=dict)
    part: tuple[str, dict[str, Any]] | None = None
    decided: dict[str, tuple[int, int]] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)
    became: dict[str, set[str]] = field(default_factory=dict)
    marks: dict[str, list[int]] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    story: list[Line] = field(default_factory=list)
    _turns: Counter[tuple[str, str]] = field(default_factory=Counter)
    _sequences: Counter[tuple[str, str]] = field(default_factory=Counter)
    _ids: dict[str, int] = field(default_factory=dict)
    _chunks: Content = field(default_factory=dict)
    _doubts: list[str] = field(default_factory=list)
    _unnumbered: set[tuple[str, str]] = field(default_factory=set)

    @property
    def last_batch(self) -> int:
        """The offset of the last batch that counts, since the lane was restored if it was."""
        newest = max(self.batches, default=NOTHING_FOLDED)
        return newest if newest > self.restored_at else NOTHING_FOLDED

    def read(self, offset: int, value: bytes) -> None:
        """Read the next record."""
        if self.last_offset != NOTHING_FOLDED and offset != self.last_offset + 1:
            self.complain(f"the log has a hole between {self.last_offset} and {offset}")
        self.last_offset = offset
        record = read_record(value)
        if record is None:
            return
        if record["kind"] == "claim":
            self.token, self.is_at_work = offset, False
        elif record["token"] == self.token:
            if "outputs" in record:
                record["outputs"] = read_outputs(value)
            self._kinds[record["kind"]](offset, record)
            self.digests[offset] = digest(value)

    @property
    def _kinds(self) -> dict[str, Callable[[int, dict[str, Any]], None]]:
        return {
            "outputs": self._outputs,
            "batch": self._batch,
            "snapshot": self._opening,
            "chunk": self._chunk,
            "complete": self._complete,
        }

    def complain(self, what: str) -> None:
        self.found.append(f"lane {self.lane}: {what}")

    def _batch(self, offset: int, batch: dict[str, Any]) -> None:
        if tuple(batch["from"]) != self.place:
            self.complain(f"batch {offset} begins at {batch['from']}; the one before ended at {self.place}")
        self.is_at_work = True
        self.place = (batch["to"][0], batch["to"][1])
        if batch["time"] < self.clock:
            self.complain(f"batch {offset} turns the clock back")
        self.clock = batch["time"]
        if self.part is not None:
            self.complain(f"batch {offset} stands between two parts of {self.part[0]}")
        if batch["changes"].keys() - batch["kinds"].keys():
            self.complain(f"batch {offset} does not say how many buckets all its kinds have")
        apply(self.content, batch["changes"])
        if self.opened:
            apply(self.buckets, in_buckets(batch["changes"], self.opened))
        self._forget(batch["changes"])
        outputs = [output for part in batch["parts"] for output in self.parts.pop(part)]
        outputs += batch["outputs"]
        self.batches[offset] = outputs
        self._outcomes(offset, batch["outcomes"], outputs)
        self._tell(batch, outputs)
        for output in outputs:
            self._output(output)
        self._own_fields(offset)

    def _tell(self, batch: dict[str, Any], outputs: list[Output]) -> None:
        """Go on with the story of all that was decided, in order."""
        by_id = {header(each, "ce_id"): each for each in outputs if header(each, "ce_type").startswith("assignment.")}
        for at, _, kind, reason, name, source in batch["outcomes"]:
            if kind not in UNHEARD:
                self.story.append(Line(at, reason, source, by_id.get(name), ms=batch["time"]))
        gone = [name for name, value in batch["changes"].get("record", {}).items() if value is None]
        self.story += [Line(self.place[0], "", "", None, name, batch["time"]) for name in gone]

    def _forget(self, changes: Content) -> None:
        """A record that is gone comes anew with a sequence above all that went; a pool that is gone begins anew."""
        for name, value in changes.get("record", {}).items():
            division, _, record = name.partition("/")
            if value is None:
                self._sequences.pop((division, record), None)
                self._unnumbered.discard(("record", name))
            elif (division, record) not in self._sequences and ("record", name) not in self._unnumbered:
                self._sequences[division, record] = self._floor(division)
        for name, value in changes.get("pool", {}).items():
            if value is None:
                division, _, pool = name.partition("/")
                self._turns.pop((division, pool), None)
                self._unnumbered.discard(("pool", name))

    def _floor(self, division: str) -> int:
        return int(self.content.get("forgotten", {}).get(f"{division}/records", [0])[0])

    def _outputs(self, offset: int, record: dict[str, Any]) -> None:
        self.parts[offset] = record["outputs"]

    def _outcomes(self, offset: int, lines: list[list[Any]], outputs: list[Output]) -> None:
        for at, ordinal, kind, reason, name, source in lines:
            if name in self._ids or not name.endswith(f"-{at}-{ordinal}") or not name.startswith(f"{self.lane}-"):
                self.complain(f"the decision id {name} in batch {offset} comes twice or is of another place")
            self._ids[name] = at
            if source:
                self.answered.add(at)
            if source and kind != "dropped":
                self._taken(source, offset, at)
                self.became.setdefault(source, set()).add(kind if reason != REDRIVEN else reason)
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
        if not kind.startswith(("assignment.", "workflow.")):
            return
        said, division = json.loads(output.value), header(output, "ce_division")
        record = f"{said['record']['type']}/{said['record']['id']}"
        self._next(self._sequences, (division, record), "record", said["sequence"])
        if said["sequence"] != self._sequences[division, record]:
            self.complain(f"{division} {record} has sequence {said['sequence']} in {header(output, 'ce_id')}")
        if kind.startswith("workflow."):
            return
        if said.get("turn"):
            self._next(self._turns, (division, said["pool"]), "pool", said["turn"])
            if said["turn"] != self._turns[division, said["pool"]]:
                self.complain(f"{division} {said['pool']} has turn {said['turn']} in {header(output, 'ce_id')}")

    def _next(self, numbers: Counter[tuple[str, str]], name: tuple[str, str], kind: str, said: int) -> None:
        """Count on; the first number of what a restored lane had is taken as it is told, for its log is gone."""
        where = (kind, "/".join(name))
        if where in self._unnumbered:
            self._unnumbered.discard(where)
            numbers[name] = said - 1
        numbers[name] += 1

    def _own_fields(self, offset: int) -> None:
        """Watermarks, place and clock in the state are those of the batches."""
        own = self.content.get("lane", {})
        marks = {name: value for name, value in own.items() if name.startswith("/mark/")}
        if marks != self.marks:
            self.complain(f"the watermarks of batch {offset} are {marks}; what was taken says {self.marks}")
        if own.get("/input") != list(self.place) or own.get("/clock") != self.clock:
            self.complain(f"place or clock of batch {offset} are not what its changes say")

    def _opening(self, offset: int, opening: dict[str, Any]) -> None:
        self.opened, self.part, self._chunks = opening["kinds"], None, {}
        self._doubts = []
        self.buckets = in_buckets(self.content, self.opened)

    def _chunk(self, offset: int, chunk: dict[str, Any]) -> None:
        keys = list(chunk["content"])
        for key, fields in chunk["content"].items():
            if self.part is not None:
                if self.part[0] != key:
                    self.complain(f"chunk {offset} does not go on with {self.part[0]}")
                fields = {**self.part[1], **fields}
            self.part = (key, fields) if chunk["goes_on"] and key == keys[-1] else None
            if self.part is None and fields != self.buckets.get(key, {}):
                doubt = f"chunk {offset} holds {key} as it was at another revision"
                self.complain(doubt) if self.is_at_work else self._doubts.append(doubt)
            self._chunks.setdefault(key.rpartition(":")[0], {}).update(fields)

    def _complete(self, offset: int, complete: dict[str, Any]) -> None:
        if complete["start"] <= self.token:
            self.complain(f"the snapshot that ends at {offset} began before the claim")
            return
        self.completes.append((complete["start"], offset))
        if complete["batch"] == NOTHING_FOLDED:
            self._restore(offset)
        else:
            for doubt in self._doubts:
                self.complain(doubt)

    def _restore(self, offset: int) -> None:
        """The lane is what the snapshot holds. What its marks do not cover was not decided."""
        self.content, self.restored, self.restored_at = self._chunks, deepcopy(self._chunks), offset
        own = self.content.get("lane", {})
        self.marks = {name: value for name, value in own.items() if name.startswith("/mark/")}
        self.place, self.clock = tuple(own["/input"]), own["/clock"]
        self.decided = {source: where for source, where in self.decided.items() if self.covers(source)}
        self.answered = {at for at in self.answered if at < self.place[0]}
        self._ids = {name: at for name, at in self._ids.items() if at < self.place[0]}
        self._turns.clear()
        self._sequences.clear()
        self._unnumbered = {(kind, name) for kind in ("record", "pool") for name in self.content.get(kind, {})}

    def covers(self, source: str) -> bool:
        """Whether a restored lane had taken a position, as its marks say."""
        epoch, topic, partition, position = _split(source)
        mark = self.restored.get("lane", {}).get(f"/mark/{topic}/{partition}")
        return mark is not None and [epoch, position] <= mark


def read_log(lane: int, log: Sequence[Seen]) -> Reader:
    """Read a whole log."""
    reader = Reader(lane)
    for record in log:
        reader.read(record.offset, record.value)
    return reader


def bucket(kind: str, name: str, kinds: Mapping[str, int]) -> str:
    """The bucket in which a snapshot of these kinds has this field; of a kind it does not have: none."""
    return f"{kind}:{crc32(name.encode()) % kinds[kind]}" if kind in kinds else ""


def in_buckets(content: Content, kinds: Mapping[str, int]) -> Content:
    """The content by bucket instead of by kind."""
    found: Content = {}
    for kind, fields in content.items():
        for name, value in fields.items():
            found.setdefault(bucket(kind, name, kinds), {})[name] = value
    return found


def fold(log: Sequence[Seen], revision: int) -> Content:
    """All batches that count, up to and with the one at `revision`, since the lane was restored if it was."""
    return read_log(NOTHING_FOLDED, [seen for seen in log if seen.offset <= revision]).content


def apply(content: Content, changes: Content) -> None:
    """Make each change's final value the value of its field."""
    for kind, fields in changes.items():
        for name, value in fields.items():
            if value is None:
                content.get(kind, {}).pop(name, None)
            else:
                content.setdefault(kind, {})[name] = value


def differences(one: Content, other: Content) -> Iterator[str]:
    """Where two contents differ; a key without fields is no key."""
    for key in sorted(one.keys() | other.keys()):
        left, right = one.get(key, {}), other.get(key, {})
        for name in sorted(left.keys() | right.keys()):
            if left.get(name) != right.get(name):
                yield f"{key} {name} is {left.get(name)} and {right.get(name)}"


def read_record(value: bytes) -> dict[str, Any] | None:
    """A record of a lane's log; none: it is none. What has a format and a kind of ours is taken at its word."""
    try:
        record = json.loads(value)
    except ValueError:
        return None
    if not isinstance(record, dict) or record.get("format") != FORMAT or not isinstance(record.get("kind"), str):
        return None
    content = record.get(CONTENT.get(record["kind"], ""))
    is_signed = record["kind"] == "claim" or isinstance(record.get("token"), int)
    return record if isinstance(content, dict | str) and is_signed else None


def header(output: Output | Seen, name: str) -> str:
    """The header's text; empty where there is none."""
    return next((str(said or b"", "utf-8") for known, said in output.headers if known == name), "")


def digest(value: bytes) -> str:
    """The checksum of a log record."""
    return hashlib.blake2b(value, digest_size=8).hexdigest()


def _split(source: str) -> tuple[int, str, int, int]:
    epoch, _, rest = source.partition("/")
    topic, partition, offset = rest.rsplit("/", 2)
    return int(epoch), topic, int(partition), int(offset)
