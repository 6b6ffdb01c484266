"""One action and one notification per cause: what the topics alone say of workflows and of who is told.

Nothing of the core is asked here. What a workflow asked for is held against the lanes' input: a field is asked for at
most once for each event that marks the step, and a step at most once, and once more for each event that takes its mark
away, ends the record, or says that what was asked for was done or failed. An event that comes again is one event. Of
whatever kind an action is, a workflow does it once for an event at most, and once while a record waits in a line; it
and each notification are named after a decision that the logs hold, and that was not about an event that nobody heard.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tests.log_reader import UNHEARD, Seen, header, read_record

DIRECTIONS: Final = frozenset({"mark_step", "require_field"})
"""What is asked for because of steps and fields, whose causes can be counted."""
WAITING: Final = "still_waiting"
"""The reason where a record waits as long as workflows say."""
PENDING: Final = "assignment.pending.v1"
ENDS: Final = frozenset({"deleted", "action_done", "action_failed"})
"""What makes an end of what was asked for, be it that the record is no more."""


class Cause(NamedTuple):
    """What an action is about: the division, the record, and the process and step."""

    division: str
    record: str
    process: str
    step: str


def action_violations(
    inputs: Mapping[int, Sequence[Seen]], outputs: Iterable[Seen], forgetful: Collection[str]
) -> Iterator[str]:
    """Actions beyond their causes; of divisions that forgot records, and begin with them anew, only their names."""
    actions = {header(seen, "ce_id"): seen for seen in outputs if header(seen, "ce_type").startswith("workflow.")}
    if not actions:
        return
    marked, ended = _causes(inputs)
    counts: Counter[tuple[Cause, str, str]] = Counter()
    for seen in actions.values():
        said = json.loads(seen.value)
        if said["action"] not in DIRECTIONS:
            continue
        record = f"{said['record']['type']}/{said['record']['id']}"
        cause = Cause(header(seen, "ce_division"), record, said["process"], said["step"])
        counts[cause, said["workflow"], said["action"]] += 1
    for (cause, workflow, action), count in counts.items():
        ends = len(ended[cause.division, cause.record])
        if action == "require_field":
            allowed = len(marked[cause, True])
        else:
            allowed = 1 + len(marked[cause, False]) + ends + len(marked[cause, True])
        if count > allowed and cause.division not in forgetful:
            yield f"{workflow} asked {count} times about {cause}, and there were {allowed} causes"


def cause_violations(
    logs: Iterable[Sequence[Seen]], outputs: Sequence[Seen], forgetful: Collection[str]
) -> Iterator[str]:
    """Actions and notifications that are not called after their cause, or have none, or are not the only ones of it."""
    decided = _decided(logs)
    for seen in outputs:
        kind, name, cause = (header(seen, each) for each in ("ce_type", "ce_id", "ce_causationid"))
        if not kind.startswith(("workflow.", "notification.")):
            continue
        said = json.loads(seen.value)
        about = said.get("decision", cause)
        if not _is_named(kind, name, said):
            yield f"{name} is not called after its cause"
        if about not in decided:
            yield f"{name} is about {about}, which nobody decided"
        elif decided[about][0] in UNHEARD:
            yield f"{name} is about {about}, an event that nobody heard"
    yield from _beyond_one(decided, outputs, forgetful)


def _beyond_one(
    decided: Mapping[str, tuple[str, str, str]], outputs: Sequence[Seen], forgetful: Collection[str]
) -> Iterator[str]:
    """Actions that are not the only ones of their event, or of the line in which a record waited."""
    of_events: defaultdict[tuple[str, str, bytes | None, str, int], set[str]] = defaultdict(set)
    of_waits: defaultdict[tuple[str, bytes | None, str, int], set[str]] = defaultdict(set)
    for seen in outputs:
        if not header(seen, "ce_type").startswith("workflow."):
            continue
        said, name = json.loads(seen.value), header(seen, "ce_id")
        _, source, reason = decided.get(said["decision"], ("", "", ""))
        action = (said["workflow"], said.get("number", 1))
        if source:
            of_events[source, said["decision"].rpartition("-")[0], seen.key, *action].add(name)
        elif reason == WAITING:
            of_waits[header(seen, "ce_division"), seen.key, *action].add(name)
    for (source, *_), names in of_events.items():
        if len(names) > 1:
            yield f"{sorted(names)} are one action of one event, {source}"
    waits = Counter((header(seen, "ce_division"), seen.key) for seen in _pending(outputs))
    for (division, key, *_), names in of_waits.items():
        if len(names) > waits[division, key] and division not in forgetful:
            yield f"{sorted(names)} are actions of {waits[division, key]} waits"


def _is_named(kind: str, name: str, said: Mapping[str, Any]) -> bool:
    if kind.startswith("workflow."):
        number = f"/{said['number']}" if said.get("number", 1) > 1 else ""
        return name == f"{said['decision']}/{said['workflow']}{number}"
    if "decision" in said:
        return name == f"{said['decision']}/{said['kind']}/{said['person']}"
    about, _, since = name.rpartition("/")
    return about.endswith(f"{said['person']}/{said['kind']}") and since.isdigit()


def _pending(outputs: Iterable[Seen]) -> Iterable[Seen]:
    """That a record waits, each decision once."""
    return {header(seen, "ce_id"): seen for seen in outputs if header(seen, "ce_type") == PENDING}.values()


def _decided(logs: Iterable[Sequence[Seen]]) -> dict[str, tuple[str, str, str]]:
    """By id what became of it, the source position of the event (empty: there was none), and the reason."""
    records = (read_record(seen.value) for log in logs for seen in log)
    batches = (record for record in records if record is not None and record["kind"] == "batch")
    return {name: (kind, source, reason) for batch in batches for _, _, kind, reason, name, source in batch["outcomes"]}


def numbers_of(outputs: Iterable[Seen], prefix: str) -> defaultdict[tuple[bytes | None, str], set[int]]:
    """By key and division the sequence numbers of outputs of such types."""
    found: defaultdict[tuple[bytes | None, str], set[int]] = defaultdict(set)
    for seen in outputs:
        if header(seen, "ce_type").startswith(prefix):
            found[seen.key, header(seen, "ce_division")].add(json.loads(seen.value)["sequence"])
    return found


def _causes(
    inputs: Mapping[int, Sequence[Seen]],
) -> tuple[defaultdict[tuple[Cause, bool], set[str]], defaultdict[tuple[str, str], set[str]]]:
    """The ids of events that mark a step, or take its mark away, and of those that end what is open about a record."""
    marked: defaultdict[tuple[Cause, bool], set[str]] = defaultdict(set)
    ended: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for seen in (each for lane in inputs.values() for each in lane):
        found = _read(seen.value)
        record = found.get("record")
        if not isinstance(record, dict) or "record_id" not in record:
            continue
        division = str(found.get("division", "main"))
        name = f"{record['record_type']}/{record['record_id']}"
        if record["kind"] in ENDS:
            ended[division, name].add(record["id"])
        elif record["kind"] == "step_marked":
            cause = Cause(division, name, *record["step"])
            marked[cause, record.get("marked", True)].add(record["id"])
    return marked, ended


def _read(value: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
