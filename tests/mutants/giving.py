"""Mistakes in who may be given a record now: time, limits, accept and what waits."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

RESERVATIONS: Final = "service/core/holding/reservations.py"
ACCEPTING: Final = "service/core/accepting.py"
ASKING: Final = "service/core/holding/asking.py"
ESCALATION: Final = "service/core/holding/escalation.py"
WAITING: Final = "service/core/holding/waiting.py"
LIMITS: Final = "service/core/sharing/limits.py"
DRAINING: Final = "service/core/holding/draining.py"
MOVING: Final = "service/core/holding/moving.py"
ASSIGN: Final = "service/core/holding/assign.py"
LOAD: Final = "service/core/holding/load.py"
POOLS: Final = "tests/core/test_pools.py"
DOMAINS: Final = "tests/core/test_eligibility.py"
SIZING: Final = "tests/core/test_sizing.py"
WITHIN_LIMITS: Final = "tests/core/test_limits.py"
LIMITS_LAWS: Final = "tests/core/test_limits_laws.py"
ANSWERS: Final = "tests/core/test_accepting.py"
NAMED_OFFERS: Final = "tests/core/test_answers.py"
LONGER: Final = "tests/core/test_waiting_longer.py"
CALENDAR: Final = "service/core/calendar.py"
ATTENDANCE: Final = "service/core/sharing/attendance.py"
WALK: Final = "tests/calendar/test_calendar.py"
LINES_LAWS: Final = "tests/core/test_lines_laws.py"
TIME_LAWS: Final = "tests/core/test_time_laws.py"
CLOSING: Final = "tests/core/test_closing.py"
AGENDA: Final = "tests/lane/test_agenda.py"
MACHINE: Final = "tests/core/test_giving_machine.py"

GIVING: Final = (
    Mutant(
        ASKING,
        "return self.situation.sought.handing is None",
        "return False",
        "everybody is asked once more, and no third time",
        (ANSWERS,),
    ),
    Mutant(
        ACCEPTING,
        "event.decision not in {None, known.decision}",
        "event.decision == known.decision",
        "an answer is to the offer that it names",
        (NAMED_OFFERS,),
    ),
    Mutant(
        ACCEPTING,
        "if _answers_another(event, case):",
        'if event.kind == "accepted" and _answers_another(event, case):',
        "a late decline takes nothing away",
        (NAMED_OFFERS,),
    ),
    Mutant(
        RESERVATIONS,
        "enumerate(decisions, numbers.first)",
        "enumerate(decisions)",
        "an offer is known by the id of its own decision",
        (NAMED_OFFERS,),
    ),
    Mutant(
        RESERVATIONS,
        "    case.draft.offered_by.drop(case.name)\n",
        "",
        "what is known of an offer ends with it",
        (NAMED_OFFERS,),
    ),
    Mutant(
        LIMITS,
        "against = fullness(0 if counted is None else counted.open_items, at_most, size)",
        "against = fullness(0 if counted is None else counted.open_items - 1, at_most, size)",
        "limits hold",
        (POOLS, DOMAINS),
    ),
    Mutant(
        LIMITS,
        'if spec.count == "own" else',
        'if spec.count == "all" else',
        "a limit binds all of a person's open items",
        ("tests/core/test_peers.py",),
    ),
    Mutant(
        LIMITS,
        "_blocks(holder, known, at_most, draft) > now_ms - length_ms",
        "_blocks(holder, known, at_most, draft) >= now_ms - length_ms",
        "a window leaves room exactly when it is over",
        (WITHIN_LIMITS,),
    ),
    Mutant(
        LIMITS,
        "entry = known.total - at_most\n",
        "entry = known.total - at_most - 1\n",
        "N of N is full",
        (WITHIN_LIMITS,),
    ),
    Mutant(
        LIMITS,
        "for person, holder in limits.open_everywhere:",
        "for person, holder in ():",
        "a person's open limit holds in every pool",
        (WITHIN_LIMITS,),
    ),
    Mutant(
        LIMITS,
        " or known.months >= in_month",
        "",
        "a period is counted like a window",
        (LIMITS_LAWS,),
    ),
    Mutant(
        LIMITS,
        "draft.slots.drop(slot_field(holder.name, given.first))",
        "draft.slots.get(slot_field(holder.name, given.first))",
        "a ring has as many slots as its largest window counts",
        (WITHIN_LIMITS,),
    ),
    Mutant(
        "service/core/given.py",
        "return count if counted_ms >= began_ms else 0",
        "return count",
        "a new period begins at nothing",
        (LIMITS_LAWS,),
    ),
    Mutant(
        ASSIGN,
        "note_given(case.config.limits.concerned(spec, assigned.owner, case.record_type),",
        "note_given((),",
        "what is given is counted in the step that gives",
        (WITHIN_LIMITS,),
    ),
    Mutant(
        MOVING,
        "    if room_ms is not None:",
        "    if room_ms is None:",
        "what waits is tried again when a limit of a time has room",
        (WITHIN_LIMITS,),
    ),
    Mutant(
        DRAINING,
        "if due_ms <= now_ms or name == timer]",
        "if name == timer]",
        "what waits in other lines is heeded, whatever they are called",
        (LINES_LAWS,),
    ),
    Mutant(
        LIMITS,
        "if open_items + size <= at_most and at_most:",
        "if open_items < at_most and at_most:",
        "a record fits in with all that it weighs",
        (SIZING, LIMITS_LAWS),
    ),
    Mutant(LOAD, "if size < before:", "if False:", "what weighs less leaves room for who waits", (SIZING,)),
    Mutant(
        LOAD,
        "    _count(case, -noted(case))\n",
        "    _count(case, -1)\n",
        "a weight is taken off as it was counted",
        (SIZING,),
    ),
    Mutant(
        LOAD,
        "types = {case.record_type}.union(*(holder.types for holder in holders if holder.open_at_most is not None))",
        "types = {case.record_type}",
        "a place that is freed in one type of record wakes who waits in another",
        (WITHIN_LIMITS,),
    ),
    Mutant(CALENDAR, "place % 2 == 1\n        for", "place % 2 == 0\n        for", "hours are when one works", (WALK,)),
    Mutant(
        CALENDAR, "bisect_right(edges, now_ms)", "bisect_right(edges, now_ms - 1)", "a block holds its start", (WALK,)
    ),
    Mutant(
        CALENDAR,
        "if two_days_ms == 2 * DAY_MS:",
        "if True:",
        "hours are those of the clock on the wall",
        (WALK,),
    ),
    Mutant(
        CALENDAR,
        "    if local(instant_ms, zone).replace(tzinfo=None) == wall:\n        return instant_ms",
        "    return instant_ms",
        "a time that is left out is the next that is shown",
        (WALK,),
    ),
    Mutant(CALENDAR, "if day not in self.holidays:", "if day:", "nobody works on holidays", (WALK,)),
    Mutant(
        MOVING,
        "    if shift_ms is not None:",
        "    if shift_ms is None:",
        "who begins a shift gets what waits",
        (TIME_LAWS,),
    ),
    Mutant(
        ATTENDANCE,
        "now_ms = max(now_ms, end_ms)",
        "now_ms = min(now_ms, end_ms)",
        "an absence ends with the next shift",
        (TIME_LAWS,),
    ),
    Mutant(RESERVATIONS, "times=place.times + 1", "times=place.times", "handing on is bounded", (ANSWERS,)),
    Mutant(
        RESERVATIONS,
        "place = handing.spot(spec.id) or Spot(spec.id, _next_number(spec.id, case.draft))",
        "place = Spot(spec.id, _next_number(spec.id, case.draft))",
        "what was handed on keeps its age and its count",
        (ANSWERS,),
    ),
    Mutant(
        RESERVATIONS,
        "handing.passed = (*handing.passed, person)",
        "pass",
        "who declined is not asked again",
        (ANSWERS,),
    ),
    Mutant(RESERVATIONS, "Handing(passed=known.passed)", "Handing()", "not for this record, for good", (ANSWERS,)),
    Mutant(ACCEPTING, "reservation.person != person", "not person", "only whom it is offered to answers", (ANSWERS,)),
    Mutant(
        ACCEPTING,
        '() if reason == "declined" else notify',
        '() if reason != "declined" else notify',
        "who lost it unanswered is told",
        (ANSWERS,),
    ),
    Mutant(
        ACCEPTING,
        "now_ms < reservation.deadline_ms:\n        return _taken_back",
        "now_ms < 0:\n        return _taken_back",
        "to go is no decline",
        (ANSWERS,),
    ),
    Mutant(ASKING, "if is_fit(case, name, named=False):", "if True:", "a helping pool has its own domain", (LONGER,)),
    Mutant(
        WAITING,
        "for name in config.served.get(pool, (pool,)):",
        "for name in (pool,):",
        "both serve the line",
        (LONGER,),
    ),
    Mutant(
        ESCALATION, "reservations.note_escalated(case, spec.id)", "pass", "a pool escalates a record once", (LONGER,)
    ),
    Mutant(ESCALATION, "score = OVERDUE", "score = 0.0", "age beats every score", (LONGER,)),
    Mutant(
        "service/wire/outputs.py",
        "    if trace.limits:\n",
        "    if False:\n",
        "a decision tells of the limits of its pool",
        ("tests/wire/test_decisions.py",),
    ),
    Mutant(
        "service/core/timers.py",
        "return name.startswith(RETURN_PREFIX)",
        "return False",
        "who has gone by now is offered nothing",
        (ANSWERS, AGENDA),
    ),
    Mutant(
        "service/core/plans.py",
        "Sought(case.facts, (), case.handing, weighs(case))",
        "Sought(case.facts, (), None, weighs(case))",
        "who declined a lead is not given it for knowing it",
        ("tests/core/test_plans.py",),
    ),
    Mutant(
        "service/core/reasons.py",
        '"skills", "declined", "handed_on"]',
        '"skills", "declined"]',
        "a pool that hands on no more asks nobody",
        ("tests/core/test_related_owners.py",),
    ),
    Mutant(
        RESERVATIONS,
        "min(reservation.deadline_ms, ends_ms)",
        "reservation.deadline_ms",
        "who goes loses what they have not accepted",
        (ANSWERS,),
    ),
    Mutant(
        LOAD,
        "if record.counted or record.closed or not record.owner:",
        "if record.counted or not record.owner:",
        "what is closed is no open item",
        (CLOSING,),
    ),
    Mutant(
        CALENDAR,
        "place = bisect_right(self._leave_starts, now_ms)",
        "place = bisect_right(self._leave_starts, now_ms - 1)",
        "leave holds its start",
        (WALK,),
    ),
    Mutant(
        LIMITS,
        "if not at_most or _blocks(",
        "if _blocks(",
        "at most 0 is never any",
        (WITHIN_LIMITS, LIMITS_LAWS),
    ),
    Mutant(
        LIMITS,
        "for holder in state.given if holder not in held)",
        "for holder in state.given)",
        "what was given before a limit is changed still counts",
        (MACHINE,),
    ),
    Mutant(
        "service/core/holding/membership.py",
        "    wake(pool, draft, now_ms)\n",
        "",
        "a limit that is raised or taken out wakes what waits",
        (MACHINE,),
    ),
    Mutant(
        LOAD,
        "    record.counted = False\n    reservations.end(case)\n",
        "    record.counted = False\n",
        "who loses a record is to accept it no more",
        (MACHINE,),
    ),
)
