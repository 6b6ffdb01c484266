"""One action per cause: what the topics alone say of workflows.

Nothing of the core is asked here. What a workflow asked for is held against the lanes' input: a field is asked for at
most once for each event that marks the step, and a step at most once, and once more for each event that takes its mark
away or ends the record. An event that comes again is one event.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.log_reader import Seen, header


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
    for name, seen in actions.items():
        said = json.loads(seen.value)
        if name != f"{said['decision']}/{said['workflow']}":
            yield f"the action {name} is not called after its decision and workflow"
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
    """The ids of events that mark a step, or take its mark away, and of those that end a record."""
    marked: defaultdict[tuple[Cause, bool], set[str]] = defaultdict(set)
    ended: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for seen in (each for lane in inputs.values() for each in lane):
        found = _read(seen.value)
        record = found.get("record")
        if not isinstance(record, dict) or "record_id" not in record:
            continue
        division = str(found.get("division", "main"))
        name = f"{record['record_type']}/{record['record_id']}"
        if record["kind"] == "deleted":
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
