"""The independent checker of the promises: it reads topics and memories, and shares no code with what it checks.

It applies the rule of the log anew (a record counts if its token is the newest claim before it), folds the changes,
reads the snapshots, and compares all of it with what the sources hold, what was published and what the memories hold.
What it is given are plain records, so that a simulation and a run on real back ends can both be checked.

What the sources hold is told by somebody who reads them without the service: so a loss on the way to the lanes is seen,
and so is a decision about what no source holds, as a record that was taken back.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from tests.actions_checker import action_violations, cause_violations, numbers_of
from tests.caps_checker import cap_violations
from tests.giving_checker import giving_violations
from tests.giving_words import Known
from tests.level_checker import level_violations
from tests.log_outputs import Output
from tests.log_reader import (
    DEAD_LETTER_REASON,
    UNREAD,
    Reader,
    Seen,
    header,
    read_log,
)
from tests.memory_checker import Memory, memory_violations, plan_violations, snapshot_violations
from tests.switch_checker import switch_violations
from tests.telling_checker import telling_violations

LANE_REASONS: Final = frozenset(
    {
        "decide_raised",
        "no_configuration",
        "sweep_raised",
        "switch_raised",
        "taken_before",
        "timer_raised",
        "unreadable_event",
    }
)
UNDECIDED: Final = frozenset({"dead_letter", "redriven_already"})
"""What is no decision of an event: that it is a dead letter, and that another redrive of it was decided."""
PASSED_REASON: Final = "unreadable_record"
PASSED: Final = re.compile(r"offsets (\d+) to (\d+) ")
"""What a dead letter about a range says: the first and the last that were passed."""


class Strange(NamedTuple):
    """A record that somebody else wrote into a topic of outputs."""

    topic: str
    key: bytes | None
    value: bytes


@dataclass(frozen=True)
class Evidence:
    """Everything that a run left behind.

    `once` are the source positions (`epoch/topic/partition/offset`) that one lane must have decided, `everywhere`
    those that each lane must; `unreadable` are those that no client can read. Together they are all that the sources
    hold. `inputs` and `logs` are the lanes' topics from their very beginning, what was deleted
    since included; `log_begins` tells where the logs begin now. `outputs` is what was published, dead letters too, in
    order within each partition; `strange` is what somebody else wrote there. `terms` is what the configurations say
    of giving; none: it is not known, and what was given is not judged.
    """

    once: Collection[str]
    everywhere: Collection[str]
    inputs: Mapping[int, Sequence[Seen]]
    logs: Mapping[int, Sequence[Seen]]
    outputs: Sequence[Seen]
    memories: Mapping[int, Memory]
    log_begins: Mapping[int, int] = field(default_factory=dict)
    unreadable: Collection[str] = ()
    strange: Collection[Strange] = ()
    terms: Known = field(default_factory=dict)


def violations(evidence: Evidence, *, is_finished: bool = True) -> list[str]:
    """All promises that were broken. Before a run is finished, what is still under way is not missing."""
    ours = [seen for seen in evidence.outputs if Strange(seen.topic, seen.key, seen.value) not in evidence.strange]
    evidence = replace(evidence, outputs=ours)
    readers = {lane: read_log(lane, log) for lane, log in evidence.logs.items()}
    found = [complaint for reader in readers.values() for complaint in reader.found]
    found += _inputs_answered(evidence, readers)
    found += _published(evidence, readers, is_finished)
    if is_finished:
        found += _nothing_missing(evidence, readers)
    found += _decided_in_one_lane(evidence, readers)
    found += _redriven_once(evidence, readers)
    found += _only_what_there_was(evidence, readers)
    found += action_violations(evidence.inputs, evidence.outputs, _forgetful(readers))
    found += cause_violations(evidence.logs.values(), evidence.outputs, _forgetful(readers))
    for lane, reader in readers.items():
        found += plan_violations(reader)
        inputs, log, terms = evidence.inputs.get(lane, ()), evidence.logs[lane], evidence.terms
        found += giving_violations(terms, reader, inputs, is_finished=is_finished)
        found += telling_violations(terms, reader, log, inputs, is_finished=is_finished)
        found += cap_violations(terms, reader, log)
        found += switch_violations(reader, log, inputs, is_finished=is_finished)
        found += level_violations(reader, log)
        found += snapshot_violations(reader, log, evidence.log_begins.get(lane, 0))
        if lane in evidence.memories:
            memory = evidence.memories[lane]
            found += memory_violations(reader, log, memory)
            if is_finished and (memory.is_building or memory.revision != reader.last_batch):
                found.append(f"lane {lane}: the memory is at {memory.revision}, the log at {reader.last_batch}")
    return found


def passed_positions(letters: Iterable[Seen]) -> Counter[str]:
    """How often each position was passed as unreadable, by the ranges that dead letters name."""
    told = [seen for seen in letters if _is_about_a_range(seen)]
    ranges = {(str(seen.key or b"", "utf-8"), header(seen, "dead_letter_detail")) for seen in told}
    passed: Counter[str] = Counter()
    for start, detail in ranges:
        partition, _, offset = start.rpartition("/")
        named = PASSED.match(detail)
        first, last = map(int, named.groups()) if named else (int(offset), int(offset))
        passed.update(f"{partition}/{number}" for number in range(first, last + 1))
    return passed


def _nothing_missing(evidence: Evidence, readers: Mapping[int, Reader]) -> Iterator[str]:
    """Each position ends once: in a lane or in all lanes, as a dead letter of ingest, or passed with one."""
    refused = _refused(evidence)
    passed = passed_positions(evidence.outputs)
    decided: Counter[str] = Counter(source for reader in readers.values() for source in reader.decided)
    for position in evidence.once:
        times = decided[position] + (position in refused) + passed[position]
        if times != 1 and not (times == 0 and any(reader.covers(position) for reader in readers.values())):
            yield f"{position} ended {times} times"
    for position in evidence.everywhere:
        if decided[position] and position in refused:
            yield f"{position} is decided and refused"
        if position in refused or passed[position]:
            continue
        for lane, reader in readers.items():
            if position not in reader.decided and not reader.covers(position):
                yield f"lane {lane}: {position} is missing"
    for position in evidence.unreadable:
        if passed[position] != 1:
            yield f"{position} cannot be read and was passed {passed[position]} times"


def _only_what_there_was(evidence: Evidence, readers: Mapping[int, Reader]) -> Iterator[str]:
    """What became of a position that no source holds: of a record that was taken back, or that nobody wrote."""
    readable = {*evidence.once, *evidence.everywhere}
    decided = {source for reader in readers.values() for source in reader.decided if not _is_own(source)}
    for position in sorted((decided | _refused(evidence)) - readable):
        yield f"{position} has an outcome, and no source holds such a record"
    for position in sorted(passed_positions(evidence.outputs).keys() & readable):
        yield f"{position} was passed and can be read"


def _refused(evidence: Evidence) -> set[str]:
    """Positions of the dead letters of ingest, one by one."""
    letters = (seen for seen in evidence.outputs if _is_letter_of_ingest(seen) and not _is_about_a_range(seen))
    return {str(seen.key or b"", "utf-8") for seen in letters}


def _is_own(source: str) -> bool:
    """Whether it is a place in a lane's input, which stands for an input without a source."""
    return source.split("/")[1].endswith(UNREAD)


def _decided_in_one_lane(evidence: Evidence, readers: Mapping[int, Reader]) -> Iterator[str]:
    everywhere = set(evidence.everywhere)
    decided = Counter(source for reader in readers.values() for source in reader.decided)
    for source, times in decided.items():
        if times > 1 and source not in everywhere:
            yield f"{source} is decided twice: in {times} lanes"


def _redriven_once(evidence: Evidence, readers: Mapping[int, Reader]) -> Iterator[str]:
    """A dead letter that is sent again is decided once by each lane, however often; all else of it is nothing to do.

    What is sent again has a position of its own and names the first: all of them stand for one event.
    """
    for lane, reader in readers.items():
        decided: defaultdict[str, set[str]] = defaultdict(set)
        for source, first in redriven(evidence.inputs.get(lane, ())).items():
            decided[first] |= {each for each in (first, source) if reader.became.get(each, UNDECIDED) - UNDECIDED}
        for first, sources in decided.items():
            if len(sources) > 1:
                yield f"lane {lane}: the event of {first} is decided as {' and as '.join(sorted(sources))}"


def fates_of_redriven(evidence: Evidence) -> Counter[str]:
    """What became of the dead letters that were sent again, by the words of the log."""
    readers = {lane: read_log(lane, log) for lane, log in evidence.logs.items()}
    sources = [(readers[lane], source) for lane, inputs in evidence.inputs.items() for source in redriven(inputs)]
    return Counter(f"redriven {word}" for reader, source in sources for word in reader.became.get(source, ()))


def redriven(inputs: Iterable[Seen]) -> Mapping[str, str]:
    """Of the inputs that are dead letters sent again: where each was read, and where its event was first."""
    found = {}
    for seen in inputs:
        source = _source_of(seen.value)
        if source and (first := json.loads(seen.value).get("redriven")):
            found[source] = "/".join(map(str, first))
    return found


def _inputs_answered(evidence: Evidence, readers: Mapping[int, Reader]) -> Iterator[str]:
    """Each input in front of the log's position has an outcome, and it is the outcome of what stood there.

    An input that names what no source holds was written by somebody else.
    """
    there = {*evidence.once, *evidence.everywhere}
    for lane, reader in readers.items():
        sources = {at: source for source, (_, at) in reader.decided.items()}
        for seen in evidence.inputs.get(lane, ()):
            source = _source_of(seen.value)
            if seen.offset >= reader.place[0] or source is None:
                continue
            if seen.offset not in reader.answered:
                yield f"lane {lane}: input {seen.offset} was passed over"
            elif source in there and sources.get(seen.offset, source) != source:
                yield f"lane {lane}: input {seen.offset} is {source}, the log says {sources[seen.offset]}"


def _published(evidence: Evidence, readers: Mapping[int, Reader], is_finished: bool) -> Iterator[str]:
    """All outputs of the log are out, nothing else is, and the first ones of a record are in order."""
    logged = {output for reader in readers.values() for outputs in reader.batches.values() for output in outputs}
    out = {Output(seen.topic, seen.key or b"", seen.value, seen.headers) for seen in evidence.outputs}
    for lane, reader in readers.items():
        for offset, outputs in reader.batches.items():
            if is_finished or offset != reader.last_batch:
                for output in outputs:
                    if output not in out:
                        yield f"lane {lane}: {_name(output)} of batch {offset} was never published"
    by_id: dict[str, Output] = {}
    for output in out:
        if output not in logged and not _is_letter_of_ingest(output):
            yield f"{_name(output)} was published and is in no batch that counts"
        name = header(output, "ce_id")
        if name and by_id.setdefault(name, output) != output:
            yield f"{name} was published with different bytes"
    yield from _order(evidence.outputs, _forgetful(readers), is_finished=is_finished)


def _forgetful(readers: Mapping[int, Reader]) -> set[str]:
    """The divisions that forgot records."""
    floors = {where for reader in readers.values() for where in reader.content.get("forgotten", {})}
    return {where.partition("/")[0] for where in floors}


def _order(outputs: Sequence[Seen], forgetful: Collection[str], *, is_finished: bool) -> Iterator[str]:
    """Sequence numbers grow by one, over a record's decisions and actions together, and in each topic they grow; in a
    division that forgot records they may begin or go on higher.
    """
    decided, asked = (numbers_of(outputs, prefix) for prefix in ("assignment.", "workflow."))
    newest: defaultdict[tuple[str, bytes | None, str], int] = defaultdict(int)
    known: set[str] = set()
    for seen in outputs:
        name = header(seen, "ce_id")
        if not header(seen, "ce_type").startswith(("assignment.", "workflow.")) or name in known:
            continue
        known.add(name)
        sequence = json.loads(seen.value)["sequence"]
        record = (seen.topic, seen.key, header(seen, "ce_division"))
        elsewhere = decided if header(seen, "ce_type").startswith("workflow.") else asked
        between = {*range(newest[record] + 1, sequence)} - elsewhere[record[1:]]
        may_lack = record[2] in forgetful or (not is_finished and bool(asked[record[1:]]))
        is_next = sequence > newest[record] and (may_lack or not between)
        if not is_next:
            yield f"{name} is the first with sequence {sequence}; {newest[record]} came before"
        newest[record] = sequence


def _source_of(value: bytes) -> str | None:
    """The source position of an input; none for a tick, empty for what cannot be read."""
    try:
        found = json.loads(value)
        if "tick" in found:
            return None
        epoch, topic, partition, offset = found["at"]
        is_event = not found.keys().isdisjoint(("record", "member", "catalogue"))
        return f"{epoch}/{topic}/{partition}/{offset}" if is_event else ""
    except (ValueError, KeyError, TypeError):
        return ""


def _is_about_a_range(seen: Seen) -> bool:
    return header(seen, DEAD_LETTER_REASON) == PASSED_REASON


def _is_letter_of_ingest(output: Output | Seen) -> bool:
    reason = header(output, DEAD_LETTER_REASON)
    return bool(reason) and reason not in LANE_REASONS


def _name(output: Output) -> str:
    return header(output, "ce_id") or f"the dead letter {str(output.key, 'utf-8')}"
