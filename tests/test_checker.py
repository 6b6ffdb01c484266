"""The checker finds what it is there for: each broken promise, planted in a run that is otherwise right."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.checker import Evidence, Strange, violations
from tests.log_reader import Content, Seen, apply, digest, in_buckets
from tests.memory_checker import Memory

ASSIGNMENTS, LOG, EVENTS, LETTERS = "assignments", "assignment.log", "assignment.events", "assignment.dead-letters"
KINDS = {"lane": 1, "record": 2}
KEYS = ("lane:0", "record:0", "record:1")


def assigned(number: int, **more: Any) -> list[Any]:
    """The output of the decision about input `number`: turn and sequence fit if each input is another record."""
    said: dict[str, Any] = {
        "record": {"type": "lead", "id": str(number)},
        "pool": "sales",
        "turn": number + 1,
        "sequence": 1,
    } | more
    headers = [("ce_id", f"0-0-{number}-0"), ("ce_type", "assignment.assigned.v1"), ("ce_division", "main")]
    return [ASSIGNMENTS, f"lead/{said['record']['id']}", json.dumps(said), headers]


@dataclass
class Run:
    """A run of one lane in the making: each batch assigns one record, everything is published, the memory is equal."""

    log: list[dict[str, Any]] = field(default_factory=list)
    inputs: list[bytes] = field(default_factory=list)
    content: Content = field(default_factory=dict)
    published: list[list[Any]] = field(default_factory=list)
    token: int = -1
    revision: int = -1

    def claim(self) -> Run:
        self.token = len(self.log)
        return self._log({"kind": "claim", "owner": "one"})

    def _log(self, record: dict[str, Any]) -> Run:
        self.log.append({"format": 1, "level": 1, **record})
        return self

    def batch(self, outputs: list[list[Any]] | None = None, **more: Any) -> Run:
        """Decide the next input; `outputs`, with their headers, and `more` replace fields of the batch."""
        number = len(self.inputs)
        published = [assigned(number)] if outputs is None else outputs
        headers = sorted({header for *_, own in published for header in own})
        at = [0, "crm.records", 0, number]
        self.inputs.append(json.dumps({"at": at, "record": {}}).encode())
        changes: Content = {
            "lane": {"/input": [number + 1, 0], "/clock": number, "/mark/crm.records/0": [0, number]},
            "record": {f"main/lead/{number}": ["ann"]},
        }
        source = "/".join(map(str, at))
        record: dict[str, Any] = {
            "kind": "batch",
            "token": self.token,
            "from": [number, 0],
            "to": [number + 1, 0],
            "time": number,
            "outcomes": [[number, 0, "assigned", "", f"0-0-{number}-0", source]],
            "parts": [],
            "kinds": KINDS,
            "changes": changes,
            "headers": headers,
            "outputs": [[*output, [headers.index(header) for header in own]] for *output, own in published],
        } | more
        apply(self.content, record["changes"])
        self.published += published
        self.revision = len(self.log)
        return self._log(record)

    def opening(self) -> Run:
        return self._log({"kind": "snapshot", "token": self.token, "kinds": KINDS})

    def chunk(self, start: int, *, goes_on: bool = False, **content: Any) -> Run:
        """The whole state as it is, unless another content is given."""
        whole = {key: dict[str, Any]() for key in KEYS} | in_buckets(self.content, KINDS)
        held = json.loads(json.dumps({key.replace("_", ":"): fields for key, fields in content.items()} or whole))
        return self._log({"kind": "chunk", "token": self.token, "start": start, "content": held, "goes_on": goes_on})

    def complete(self, start: int) -> Run:
        return self._log(
            {"kind": "complete", "token": self.token, "start": start, "batch": self.revision, "checksum": ""}
        )

    def evidence(self) -> Evidence:
        """What a right run would have left."""
        log = [Seen(LOG, 0, at, b"", json.dumps(record).encode()) for at, record in enumerate(self.log)]
        memory = Memory(
            self.revision,
            digest(log[self.revision].value),
            False,
            {
                key: {name: json.dumps(value).encode() for name, value in fields.items()}
                for key, fields in in_buckets(self.content, KINDS).items()
            },
        )
        return Evidence(
            once=[f"0/crm.records/0/{number}" for number in range(len(self.inputs))],
            everywhere=[],
            inputs={0: [Seen(EVENTS, 0, at, b"", value) for at, value in enumerate(self.inputs)]},
            logs={0: log},
            outputs=[_seen(number, row) for number, row in enumerate(self.published)],
            memories={0: memory},
        )


def _seen(offset: int, row: list[Any]) -> Seen:
    topic, key, value, headers = row
    return Seen(topic, 0, offset, key.encode(), value.encode(), tuple((name, said.encode()) for name, said in headers))


def good() -> Run:
    """Three decisions, with a complete snapshot between the second and the third, and a claim before the third."""
    return Run().claim().batch().batch().opening().chunk(3).complete(3).claim().batch()


def test_a_right_run_breaks_no_promise() -> None:
    """Also when it is asked before the run is finished, and when the log in front of the snapshot is gone."""
    evidence = good().evidence()
    assert violations(evidence) == []
    assert violations(evidence, is_finished=False) == []
    assert violations(replace(evidence, log_begins={0: 3})) == []


def test_outputs_may_be_published_again() -> None:
    """At least once is the promise, with the same bytes."""
    evidence = good().evidence()
    assert violations(replace(evidence, outputs=[*evidence.outputs, evidence.outputs[0]])) == []


def test_a_batch_of_a_former_owner_does_not_count() -> None:
    """After a claim, what stands there under an older token is passed over."""
    run = good()
    run.log.append({**run.log[1], "token": 0})
    assert violations(run.evidence()) == []


BROKEN_BATCHES: dict[str, tuple[dict[str, Any], str]] = {
    "a turn is left out": ({"outputs": [assigned(3, turn=5)]}, "has turn 5"),
    "a turn comes twice": ({"outputs": [assigned(3, turn=3)]}, "has turn 3"),
    "a sequence is left out": ({"outputs": [assigned(3, sequence=2)]}, "has sequence 2"),
    "a decision is not published": ({"outputs": []}, "and publishes []"),
    "an input is passed over": ({"to": [5, 0]}, "is not what its changes say|not what its changes"),
    "the batch begins elsewhere": ({"from": [2, 0]}, "begins at"),
    "the clock goes back": ({"time": 1}, "turns the clock back"),
    "the watermark is forgotten": ({"changes": {"lane": {"/input": [4, 0], "/clock": 3}}}, "watermarks"),
    "an id comes twice": ({"outcomes": [[2, 0, "assigned", "", "0-0-2-0", "0/crm.records/0/3"]]}, "comes twice"),
    "an id of another place": ({"outcomes": [[3, 0, "assigned", "", "0-0-3-1", "0/crm.records/0/3"]]}, "another place"),
    "a position is decided again": (
        {"outcomes": [[3, 0, "assigned", "", "0-0-3-0", "0/crm.records/0/1"]]},
        "decided twice",
    ),
    "an outcome has no dead letter": (
        {"outcomes": [[3, 0, "dead_letter", "", "0-0-3-0", "0/crm.records/0/3"]]},
        "dead letters",
    ),
}


@pytest.mark.parametrize(("broken", "complaint"), BROKEN_BATCHES.values(), ids=BROKEN_BATCHES)
def test_a_batch_that_breaks_a_promise_is_found(broken: dict[str, Any], complaint: str) -> None:
    """One field of the last batch is wrong."""
    found = violations(good().batch(**broken).evidence())
    assert any(each in " ".join(found) for each in complaint.split("|")), found


def without_input_outcome(evidence: Evidence) -> Evidence:
    more = Seen(EVENTS, 0, 3, b"", json.dumps({"at": [0, "crm.records", 0, 3], "record": {}}).encode())
    return replace(evidence, inputs={0: [*evidence.inputs[0], more]}, once=[*evidence.once, "0/crm.records/0/3"])


def with_other_bytes(evidence: Evidence) -> Evidence:
    again = evidence.outputs[1]._replace(offset=9, value=evidence.outputs[1].value + b" ")
    return replace(evidence, outputs=[*evidence.outputs, again])


def with_memory(evidence: Evidence, **changed: Any) -> Evidence:
    return replace(evidence, memories={0: evidence.memories[0]._replace(**changed)})


def with_memory_content(evidence: Evidence) -> Evidence:
    content = {**evidence.memories[0].content, "record:0": {"main/lead/0": b'["bob"]'}}
    return with_memory(evidence, content=content)


def letter(position: str, reason: str, detail: str = "") -> Seen:
    headers = (("dead_letter_reason", reason.encode()), ("dead_letter_detail", detail.encode()))
    return Seen(LETTERS, 0, 0, position.encode(), b"", headers)


def with_letters(evidence: Evidence, *letters: Seen) -> Evidence:
    return replace(evidence, outputs=[*evidence.outputs, *letters])


def with_unreadable(evidence: Evidence, *letters: Seen) -> Evidence:
    """Offsets 3 and 4 of the source cannot be read."""
    unreadable = ["0/crm.records/0/3", "0/crm.records/0/4"]
    return replace(with_letters(evidence, *letters), unreadable=unreadable)


BOTH_PASSED = letter("0/crm.records/0/3", "unreadable_record", "offsets 3 to 4 cannot be read and were skipped: x")
ONE_PASSED = letter("0/crm.records/0/3", "unreadable_record", "offsets 3 to 3 cannot be read and were skipped: x")
TOO_MUCH_PASSED = letter("0/crm.records/0/2", "unreadable_record", "offsets 2 to 4 cannot be read and were skipped: x")


def test_what_nobody_can_read_is_passed_with_one_dead_letter() -> None:
    """It may be published again; it names the range."""
    assert violations(with_unreadable(good().evidence(), BOTH_PASSED, BOTH_PASSED)) == []


def test_what_ingest_refuses_is_an_outcome() -> None:
    """An event that cannot be read reaches no lane."""
    evidence = good().evidence()
    refused = letter("0/crm.records/0/3", "unknown_type")
    assert violations(replace(with_letters(evidence, refused), once=[*evidence.once, "0/crm.records/0/3"])) == []


def test_what_strangers_publish_is_none_of_ours() -> None:
    """Told apart by all of it, as whoever wrote it knows it."""
    evidence = good().evidence()
    strange = Seen(ASSIGNMENTS, 0, 7, None, b"[]")
    assert (
        violations(replace(evidence, outputs=[*evidence.outputs, strange], strange={Strange(ASSIGNMENTS, None, b"[]")}))
        == []
    )
    assert "in no batch that counts" in " ".join(violations(with_letters(evidence, strange)))


def test_an_input_that_names_what_no_source_holds_must_be_refused() -> None:
    """Its outcome is about its place in the lane's input."""
    run, own = good(), "0/assignment.events/0/3"
    run.batch(
        outputs=[[LETTERS, own, "", [("dead_letter_reason", "unreadable_event")]]],
        outcomes=[[3, 0, "dead_letter", "unreadable_event", "0-0-3-0", own]],
        changes={"lane": {"/input": [4, 0], "/clock": 3}},
    )
    run.inputs[3] = json.dumps({"at": [99, "crm.records", 0, 3], "record": {}}).encode()
    evidence = run.evidence()
    assert violations(replace(evidence, once=list(evidence.once)[:3])) == []


BROKEN_EVIDENCE: dict[str, tuple[Callable[[Evidence], Evidence], str]] = {
    "an event is missing": (without_input_outcome, "ended 0 times"),
    "a member event is missing in a lane": (
        lambda given: replace(given, everywhere=["0/crm.members/0/0"]),
        "is missing",
    ),
    "an event is lost on the way to the lanes": (
        lambda given: replace(given, once=[*given.once, "0/crm.records/1/0"]),
        "0/crm.records/1/0 ended 0 times",
    ),
    "an event is decided and refused": (
        lambda given: with_letters(given, letter("0/crm.records/0/1", "unknown_type")),
        "0/crm.records/0/1 ended 2 times",
    ),
    "what was taken back is decided": (
        lambda given: replace(given, once=list(given.once)[:2]),
        "0/crm.records/0/2 has an outcome, and no source holds",
    ),
    "what no source holds is refused": (
        lambda given: with_letters(given, letter("0/crm.records/9/0", "unknown_type")),
        "0/crm.records/9/0 has an outcome, and no source holds",
    ),
    "what cannot be read is passed in silence": (with_unreadable, "/3 cannot be read and was passed 0 times"),
    "a part of what cannot be read is passed in silence": (
        lambda given: with_unreadable(given, ONE_PASSED),
        "/4 cannot be read and was passed 0 times",
    ),
    "what cannot be read is passed twice": (
        lambda given: with_unreadable(given, ONE_PASSED, BOTH_PASSED),
        "/3 cannot be read and was passed 2 times",
    ),
    "what can be read is passed": (lambda given: with_unreadable(given, TOO_MUCH_PASSED), "/2 was passed and can be"),
    "an output is missing": (lambda given: replace(given, outputs=given.outputs[:2]), "never published"),
    "an output has other bytes": (with_other_bytes, "different bytes"),
    "an output is of no batch": (with_other_bytes, "in no batch that counts"),
    "first outputs are out of order": (
        lambda given: replace(given, outputs=[given.outputs[0]._replace(value=b'{"sequence": 2}'), *given.outputs]),
        "the first with sequence 2",
    ),
    "the memory differs": (with_memory_content, "memory and log"),
    "the memory lags behind": (
        lambda given: with_memory(given, revision=2, checksum=digest(given.logs[0][2].value)),
        "the memory is at 2",
    ),
    "the memory has another checksum": (lambda given: with_memory(given, checksum="other"), "checksum"),
    "the memory is at no batch": (lambda given: with_memory(given, revision=6), "no batch that counts"),
    "the memory is at nothing and not empty": (lambda given: with_memory(given, revision=-1), "not empty"),
    "the memory is being built for ever": (lambda given: with_memory(given, is_building=True), "the memory is at"),
    "the log was cut without a snapshot": (lambda given: replace(given, log_begins={0: 4}), "holds no complete"),
    "the last batch was deleted": (lambda given: replace(given, log_begins={0: 8}), "last batch was deleted"),
    "the log has a hole": (lambda given: replace(given, logs={0: [*given.logs[0][:2], *given.logs[0][3:]]}), "hole"),
}


@pytest.mark.parametrize(("breaking", "complaint"), BROKEN_EVIDENCE.values(), ids=BROKEN_EVIDENCE)
def test_evidence_of_a_broken_promise_is_found(breaking: Callable[[Evidence], Evidence], complaint: str) -> None:
    """The log is right; what it is compared with is not."""
    found = violations(breaking(good().evidence()))
    assert complaint in " ".join(found), found


def test_an_input_that_was_passed_over_is_found() -> None:
    """The log is behind it and says nothing of it."""
    run = good()
    run.log[-1]["to"] = [4, 0]
    found = violations(without_input_outcome(run.evidence()))
    assert "input 3 was passed over" in " ".join(found)


def test_a_chunk_of_another_revision_is_found() -> None:
    """A chunk holds what the batches in front of it add up to."""
    found = violations(Run().claim().batch().opening().chunk(2, lane_0={}).evidence())
    assert "as it was at another revision" in " ".join(found)


def test_a_snapshot_that_lacks_a_part_is_found() -> None:
    """A snapshot covers every key that it declares."""
    run = Run().claim().batch().opening()
    run.chunk(2, lane_0=run.content["lane"]).complete(2)
    assert "lacks ['record:0', 'record:1']" in " ".join(violations(run.evidence()))


def test_parts_of_a_bucket_are_read_together_and_nothing_comes_between_them() -> None:
    """One after the other they are the whole bucket; a batch in between is none of what was read."""
    run = Run().claim().batch().opening()
    own = run.content["lane"]
    first, rest = dict(list(own.items())[:1]), dict(list(own.items())[1:])
    records: dict[str, Any] = {"record_0": run.content["record"], "record_1": {}}
    if in_buckets({"record": run.content["record"]}, KINDS).get("record:1"):
        records = {"record_0": {}, "record_1": run.content["record"]}
    run.chunk(2, goes_on=True, lane_0=first).chunk(2, lane_0=rest, **records).complete(2)
    assert violations(run.evidence()) == []
    run.opening().chunk(6, goes_on=True, lane_0=first).batch()
    assert "stands between two parts of lane:0" in " ".join(violations(run.evidence()))


def test_what_is_lost_of_a_memory_is_not_compared() -> None:
    """It is missed when it is needed; what is there must be right."""
    evidence = good().evidence()
    marked = {key: {**fields, "generation": b"0"} for key, fields in evidence.memories[0].content.items()}
    whole = with_memory(evidence, content=marked, generation=b"0", buckets=KINDS)
    assert violations(whole) == []
    spoilt = with_memory(whole, content={**marked, "lane:0": {}})
    assert violations(spoilt) == []
    wrong = with_memory(whole, content={**marked, "lane:0": {"generation": b"0"}})
    assert "memory and log" in " ".join(violations(wrong))


def test_a_snapshot_that_another_owner_ends_is_found() -> None:
    """What began before a claim cannot be completed after it."""
    run = Run().claim().batch().opening().chunk(2).claim().complete(2)
    assert "began before the claim" in " ".join(violations(run.evidence()))


def test_foreign_records_do_not_count() -> None:
    """Whatever somebody else wrote into the log."""
    run = good()
    evidence = run.evidence()
    log = list(evidence.logs[0])
    unsigned = b'{"format":1,"kind":"batch","changes":{}}'
    of_wrong_types = b'{"format":1,"kind":"chunk","content":[]}'
    for value in (b"", b"garbage", b"[]", b'{"kind":"claim","owner":"x"}', of_wrong_types, unsigned):
        log.append(Seen(LOG, 0, len(log), b"", value))
    assert violations(replace(evidence, logs={0: log})) == []


def test_two_lanes_that_decide_one_event_are_found() -> None:
    """Only events for everybody end once in each lane."""
    evidence = good().evidence()
    other = Run().claim().batch().evidence()
    both = replace(evidence, logs={0: evidence.logs[0], 1: other.logs[0]})
    assert "in 2 lanes" in " ".join(violations(both))


def test_a_dead_letter_that_was_sent_again_is_decided_once() -> None:
    """D37 Where the first was decided, or another redrive of it, one more decision is one too many."""
    run = Run().claim().batch().batch().batch()
    for number in (1, 2):
        again = json.loads(run.inputs[number]) | {"redriven": [0, "crm.records", 0, 0]}
        run.inputs[number] = json.dumps(again).encode()
    (found,) = violations(run.evidence())
    assert "the event of 0/crm.records/0/0 is decided as 0/crm.records/0/0 and as 0/crm.records/0/1" in found
