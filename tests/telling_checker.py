"""Who was told what, and when: every piece of news once, in order, and none of what was held back is lost.

All that a lane decided is gone through in its order. A piece of news is told at once, or kept in the log with the
person whom it is for, or counted in a summary; what is kept is told later or left with a reason. Nothing of the core is
asked here: what people want to hear, and when they have quiet, is read from the configurations.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from tests.giving_words import Hearer, Known, Terms, milliseconds
from tests.log_outputs import Output
from tests.log_reader import NOTHING_FOLDED, Content, Reader, Seen, apply, header, read_record

TELLING_LEVEL: Final = 4
"""Below this level of a lane people are told at once."""
KINDS: Final = ("hush", "held", "digest", "skew")
DAY_MS: Final = 24 * 3_600_000
BY_CHOICE: Final = frozenset({"given_to_pool", "owner_chosen", "owner_removed"})
"""Why somebody has a record no more where a person chose that."""
MANAGED: Final = frozenset({"waiting", "escalated", "skewed"})
"""News of a pool, which are for whoever manages it by then."""
NOBODY: Final = Hearer(frozenset())


class Piece(NamedTuple):
    """One notification: whom it is for (`main/ann`), of what kind and decision, and when it was told. A summary is of
    no decision; it has `summed` so many, and says when its time began (`since_ms`).
    """

    to: str
    kind: str
    decision: str
    id: str
    ms: int
    summed: int = 0
    since_ms: int = 0

    @property
    def about(self) -> str:
        """Whom it is for and of what kind, as a summary is kept."""
        return f"{self.to}/{self.kind}"


class Step(NamedTuple):
    """What one batch did: the pieces that it tells, its outcomes, and what is kept before and after it."""

    pieces: Sequence[Piece]
    outcomes: Sequence[Sequence[Any]]
    before: Content
    after: Content
    terms: Mapping[str, Terms]
    outputs: Sequence[Output]

    @property
    def told(self) -> frozenset[str]:
        """The ids of all pieces."""
        return frozenset(piece.id for piece in self.pieces)

    @property
    def untold(self) -> list[str]:
        """The pieces that were held back before it, and are gone without being told."""
        gone = [(name, before) for name, before, now in self.changed("held") if before is not None and now is None]
        return [name for name, before in gone if _id_of(name, before) not in self.told]

    @property
    def reasons(self) -> int:
        """How many pieces were left with a reason."""
        return sum(line[3].startswith("untold_") for line in self.outcomes)

    def hearer(self, to: str) -> Hearer | None:
        """How somebody wants to be told; none: it is not known."""
        division, _, person = to.partition("/")
        known = self.terms.get(division)
        return None if known is None else known.hearers.get(person, NOBODY)

    def changed(self, kind: str) -> Iterator[tuple[str, Any, Any]]:
        """The values of this kind that are others now, as they were and as they are."""
        before, after = self.before.get(kind, {}), self.after.get(kind, {})
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                yield name, before.get(name), after.get(name)


@dataclass
class Course:
    """What was told so far: the ids of all pieces, and each person's last decision. `passed_on` are pieces that were
    kept for somebody else before, who managed the pool: they come behind what their new reader was told meanwhile.
    """

    told: set[str] = field(default_factory=set)
    passed_on: set[str] = field(default_factory=set)
    last: dict[str, tuple[int, ...]] = field(default_factory=dict)


def telling_violations(
    known: Known, reader: Reader, log: Sequence[Seen], inputs: Sequence[Seen], *, is_finished: bool
) -> Iterator[str]:
    """News told twice, out of order, in quiet hours, to who did it, and news that nobody ever heard of."""
    content, course = Content(), Course()
    events = {seen.offset: seen.value for seen in inputs}
    for seen in log:
        if seen.offset == reader.restored_at:
            content = {kind: dict(reader.restored.get(kind, {})) for kind in KINDS}
            course.last.clear()
        batch = read_record(seen.value) if seen.offset in reader.batches else None
        if batch is None:
            continue
        step = _step(batch, reader.batches[seen.offset], content, known)
        content = step.after
        course.passed_on |= {*_passed_on(step)}
        for rule in (_told_once, _held_and_told, _summed_up, _is_heard, _skewed):
            yield from (f"lane {reader.lane}: batch {seen.offset}: {line}" for line in rule(step, course))
        if batch["level"] >= TELLING_LEVEL:
            yield from (f"lane {reader.lane}: {line}" for line in _quiet(step))
        yield from (f"lane {reader.lane}: {line}" for line in _told_who_did_it(step, events))
    if is_finished and reader.last_batch != NOTHING_FOLDED:
        yield from (f"lane {reader.lane}: {line}" for line in _left(reader.content))


def fates_of_news(logs: Mapping[int, Sequence[Seen]]) -> Counter[str]:
    """How often something was told later, or not at all and why, by the words of the log; and how often that was done
    by another owner of the lane than the one who kept it.
    """
    fates: Counter[str] = Counter()
    for log in logs.values():
        kept: dict[str, int] = {}
        records = (read_record(seen.value) for seen in log)
        for batch in (record for record in records if record is not None and record["kind"] == "batch"):
            fates.update(line[3] for line in batch["outcomes"] if line[3].startswith(("told_", "untold_", "still_")))
            for kind in KINDS:
                for name, value in batch["changes"].get(kind, {}).items():
                    began = kept.setdefault(f"{kind} {name}", batch["token"])
                    if value is None:
                        fates[f"{kind} of an owner before"] += began != batch["token"]
                        del kept[f"{kind} {name}"]
    return fates


def _step(batch: Mapping[str, Any], outputs: Sequence[Output], content: Content, known: Known) -> Step:
    before = {kind: dict(content.get(kind, {})) for kind in KINDS}
    after = {kind: dict(fields) for kind, fields in before.items()}
    apply(after, {kind: batch["changes"].get(kind, {}) for kind in KINDS})
    versions = batch.get("versions", {})
    terms = {each: known[each, version] for each, version in versions.items() if (each, version) in known}
    pieces = [piece for output in outputs if (piece := _piece(output)) is not None]
    return Step(pieces, batch["outcomes"], before, after, terms, outputs)


def _piece(output: Output) -> Piece | None:
    kind = header(output, "ce_type")
    if not kind.startswith("notification."):
        return None
    said, ms = json.loads(output.value), milliseconds(header(output, "ce_time"))
    to = f"{header(output, 'ce_division')}/{said['person']}"
    if "decision" in said:
        return Piece(to, said["kind"], said["decision"], header(output, "ce_id"), ms)
    since_ms = milliseconds(said["since"])
    return Piece(to, said["kind"], "", header(output, "ce_id"), ms, said["count"], since_ms)


def _passed_on(step: Step) -> Iterator[str]:
    """The ids of news of a pool that were kept for somebody, and are told to somebody else, or kept for them."""
    gone = {_id_of(name, before) for name, before, now in step.changed("held") if now is None}
    news = {identity.rpartition("/")[0] for identity in gone}
    kept = {_id_of(name, now) for name, before, now in step.changed("held") if before is None}
    for identity in {*step.told, *kept} - gone:
        about = identity.rpartition("/")[0]
        if about in news and about.rpartition("/")[2] in MANAGED:
            yield identity


def _told_once(step: Step, course: Course) -> Iterator[str]:
    """Each piece once, and one person's in the order of the decisions that they are about."""
    for piece in step.pieces:
        if piece.id in course.told:
            yield f"{piece.id} is told twice"
        course.told.add(piece.id)
        if piece.decision and piece.id not in course.passed_on:
            at = _numbers(piece.decision)
            if at <= course.last.get(piece.to, ()):
                yield f"{piece.to} hears of {piece.decision} behind what was decided later, or of one thing twice"
            course.last[piece.to] = max(at, course.last.get(piece.to, at))


def _held_and_told(step: Step, course: Course) -> Iterator[str]:
    """What is held back no more was told, or there is a reason; what is told is held back no more."""
    gone: list[tuple[str, Any]] = []
    last: dict[str, int] = {}
    for name, before, now in step.changed("held"):
        if before is not None and now is not None:
            yield f"{name} was {before} and is {now}, and neither was told"
        elif before is not None:
            gone.append((name, before))
    for name, now in step.after["held"].items():
        if _id_of(name, now) in course.told:
            yield f"{_id_of(name, now)} was told and is held back"
        to, _, number = name.rpartition("/")
        last[to] = min(int(number), last.get(to, int(number)))
    if len(step.untold) > step.reasons:
        yield f"{step.untold} were held back and are gone, and {step.reasons} were left with a reason"
    for name, _ in gone:
        to, _, number = name.rpartition("/")
        if int(number) > last.get(to, int(number)):
            yield f"{name} is gone before what came earlier"


def _id_of(name: str, held: Sequence[Any]) -> str:
    """The id that a piece has when it is told."""
    kind, _, decision = held[:3]
    return f"{decision}/{kind}/{name.rpartition('/')[0].partition('/')[2]}"


def _summed_up(step: Step, course: Course) -> Iterator[str]:
    """The time of a summary ends with the summary, of all that was counted; or with a reason, or with nothing in it."""
    summaries = {(piece.about, piece.since_ms): piece for piece in step.pieces if not piece.decision}
    unwanted = sum(line[3] == "untold_unwanted" for line in step.outcomes)
    for about, before, now in step.changed("digest"):
        alone = (step.hearer(about.rpartition("/")[0]) or NOBODY).alone
        if now is not None and alone is not None and now[1] > max(alone, before[1] if before else 0):
            yield f"{about} was told {now[1]} one by one, and {alone} are wanted"
        if before is None or (now is not None and now[0] == before[0]):
            if before is not None and now is not None and (now[1], now[2]) < (before[1], before[2]):
                yield f"the summary {about} had {before} and has {now}"
            continue
        told = summaries.get((about, before[0]))
        if told is None and before[2] > 0:
            unwanted -= 1
            if unwanted < 0:
                yield f"the summary {about} of {before[2]} is gone and was not told"
        elif told is not None and told.summed < before[2]:
            yield f"{told.id} sums up {told.summed}, and there were {before[2]}"
    for (about, since_ms), piece in summaries.items():
        if step.after["digest"].get(about, [NOTHING_FOLDED])[0] == since_ms:
            yield f"{piece.id} is told, and its time goes on"


def _is_heard(step: Step, course: Course) -> Iterator[str]:
    """Whoever is given a record, and wants to know, is told of it at once, or it is kept for them. What was kept and
    left with a reason within one batch is seen in neither: there are no more of these than reasons without a piece.
    """
    given = {(line[4], line[0], line[5]) for line in step.outcomes if line[2] == "assigned"}
    last: dict[tuple[str, int, str], tuple[str, Mapping[str, Any], str]] = {}
    for output in step.outputs:
        if header(output, "ce_type") != "assignment.assigned.v1" or header(output, "ce_division") not in step.terms:
            continue
        said, division, name = json.loads(output.value), header(output, "ce_division"), header(output, "ce_id")
        at, source = next((line[1], line[2]) for line in given if line[0] == name)
        last[f"{division}/{output.key.decode()}", at, source] = (name, said, division)
    kept = {_id_of(name, now) for name, now in step.after["held"].items()}
    counted = {name for name, _, _ in step.changed("digest")} | {piece.about for piece in step.pieces if piece.summed}
    unheard = []
    for name, said, division in last.values():
        person = said["owner"]["id"]
        kind = "offered" if "accept_by" in said else "assigned"
        hearer = step.hearer(f"{division}/{person}")
        is_wanted = hearer is not None and kind in hearer.kinds and said["owner"]["kind"] == "user"
        if not is_wanted or said["trace"]["question"] in ("", "owner"):
            continue
        if not ({f"{name}/{kind}/{person}"} & (step.told | kept)) and f"{division}/{person}/{kind}" not in counted:
            unheard.append(f"{person} is given {said['record']} by {name} and was never told")
    if len(unheard) > max(0, step.reasons - len(step.untold)):
        yield from unheard


def _skewed(step: Step, course: Course) -> Iterator[str]:
    """That a pool is skewed is told once a day, and it is kept when that was. The decision shows who is behind."""
    noted = [(name, before[1] if before else 0, now[1]) for name, before, now in step.changed("skew") if now]
    for name, before, now in noted:
        if before and before < now < before + DAY_MS:
            yield f"{name} is told to be skewed at {before}, and again at {now}"
    news = {piece.decision for piece in step.pieces if piece.kind == "skewed"} & {line[4] for line in step.outcomes}
    times = sum(before != now for _, before, now in noted)
    if len(news) > times:
        yield f"{sorted(news)} tell of skewed pools, and it is kept of {times}"
    for output in step.outputs:
        if header(output, "ce_type") == "assignment.assigned.v1" and header(output, "ce_id") in news:
            said, terms = json.loads(output.value), step.terms.get(header(output, "ce_division"), Terms())
            behind = max((each.get("behind", 0) for each in said["trace"]["candidates"]), default=0)
            after = terms.skewed.get(said["pool"])
            if terms != Terms() and (after is None or behind <= after):
                yield f"{header(output, 'ce_id')} shows somebody {behind} behind in {said['pool']}, which has {after}"


def _quiet(step: Step) -> Iterator[str]:
    for piece in step.pieces:
        hearer = step.hearer(piece.to)
        if hearer is not None and hearer.quiet is not None and hearer.quiet.is_at(piece.ms):
            yield f"{piece.id} is told at {piece.ms}, in the quiet hours of {piece.to}: {hearer.quiet}"


def _told_who_did_it(step: Step, events: Mapping[int, bytes]) -> Iterator[str]:
    """Who chose an owner hears nothing of what they chose (D53)."""
    decided = {line[4]: (line[0], line[5]) for line in step.outcomes}
    reasons = {header(each, "ce_id"): json.loads(each.value).get("reason") for each in step.outputs if _is_one(each)}
    for piece in step.pieces:
        at, source = decided.get(piece.decision, (0, ""))
        record = json.loads(events.get(at, b"{}") or b"{}").get("record") if source else None
        if not record or not record.get("actor") or not record.get("owner"):
            continue
        actor, owner = record["actor"], record["owner"]
        is_own = piece.to.partition("/")[2] == actor
        chose_themselves = piece.kind == "assigned" and (owner["kind"], owner["id"]) == ("user", actor)
        gave_away = piece.kind == "reassigned" and reasons.get(piece.decision) in BY_CHOICE
        if is_own and (chose_themselves or gave_away) and record["kind"] == "owner_changed":
            yield f"{piece.id} tells {actor} what they did themselves"


def _is_one(output: Output) -> bool:
    return header(output, "ce_type").startswith("assignment.")


def _left(content: Content) -> Iterator[str]:
    """Whatever is held back waits for a timer, and a line has no holes."""
    timers = content.get("timer", {})
    lines: defaultdict[str, set[int]] = defaultdict(set)
    for name in content.get("held", {}):
        to, _, number = name.rpartition("/")
        lines[to].add(int(number))
    hushes = content.get("hush", {})
    for to in sorted(lines.keys() | hushes.keys()):
        first, end = hushes.get(to, [0, 0])
        if lines[to] != set(range(first, end)):
            yield f"{to} has {sorted(lines[to])} held back, and should have {first} to {end}"
    due = [("hush", to) for to in hushes] + [("summary", about) for about in content.get("digest", {})]
    for timer, about in due:
        division, _, rest = about.partition("/")
        if f"{division}/{timer}/{rest}" not in timers:
            yield f"the {timer} of {about} has no timer"


def _numbers(decision: str) -> tuple[int, ...]:
    return tuple(int(number) for number in decision.split("-"))
