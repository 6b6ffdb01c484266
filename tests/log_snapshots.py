"""What a snapshot in a lane's log and the batches after it add up to. Part of the independent checker."""

from __future__ import annotations

from collections.abc import Sequence

from tests.log_reader import Content, Seen, apply, bucket, read_record


def read_snapshot(log: Sequence[Seen], start: int) -> tuple[Content, set[str]]:
    """What the snapshot and all batches after it add up to, and the keys it should cover and does not."""
    content: Content = {}
    opened: dict[str, int] = {}
    missing: set[str] = set()
    token: int | None = None
    for seen in log:
        record = read_record(seen.value) if seen.offset >= start else None
        if record is None:
            continue
        token = record["token"] if token is None else token
        if record["kind"] == "claim":
            token = seen.offset
        elif record["token"] != token:
            continue
        elif seen.offset == start:
            opened = record["kinds"]
            missing = {f"{kind}:{at}" for kind, count in opened.items() for at in range(count)}
        elif record["kind"] == "batch":
            apply(content, _covered(record["changes"], opened, missing))
        elif record["kind"] == "chunk" and record["start"] == start:
            keys = list(record["content"])
            for key, fields in record["content"].items():
                content.setdefault(key.rpartition(":")[0], {}).update(fields)
            missing -= set(keys[:-1] if record["goes_on"] else keys)
    return content, missing


def _covered(changes: Content, opened: dict[str, int], missing: set[str]) -> Content:
    return {
        kind: {name: value for name, value in fields.items() if bucket(kind, name, opened) not in missing}
        for kind, fields in changes.items()
    }
