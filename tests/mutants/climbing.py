"""Mistakes in targets with steps: what has a wait, who is asked, and who is woken."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

CLIMBING: Final = "service/core/holding/climbing.py"
ASKING: Final = "service/core/holding/asking.py"
EVER: Final = "service/core/sharing/ever.py"
ACCEPTING: Final = "service/core/accepting.py"
WAITING: Final = "service/core/holding/waiting.py"
LINES: Final = "service/core/holding/lines.py"
MOVING: Final = "service/core/holding/moving.py"
RESERVATIONS: Final = "service/core/holding/reservations.py"
STEPS: Final = "tests/core/test_steps.py"
SKIPPED: Final = "tests/core/test_steps_skipped.py"
MEETING: Final = "tests/core/test_steps_meeting.py"
LAWS: Final = "tests/core/test_steps_laws.py"

STEPS_GONE_WRONG: Final = (
    Mutant(
        CLIMBING,
        "return last.since_ms if last.skipped else last.since_ms + ",
        "return climb.reached[0].since_ms if last.skipped else climb.reached[0].since_ms + ",
        "a wait runs from when its step was reached",
        (STEPS, SKIPPED),
    ),
    Mutant(
        CLIMBING,
        "back is not None and back < ends_ms",
        "back is not None and back <= case.now_ms",
        "who is on before the wait is over is waited for",
        (SKIPPED,),
    ),
    Mutant(
        CLIMBING,
        "for number, step in enumerate(ladder.steps[: len(climb.reached)], start=1):",
        "for number, step in enumerate(ladder.steps[len(climb.reached) - 1 : len(climb.reached)], start=1):",
        "a record waits for every step that it has reached",
        (STEPS,),
    ),
    Mutant(
        CLIMBING,
        "if not draft.awaits(person):",
        "if draft.awaiting(person):",
        "news of a person wakes what waits for them alone",
        (LAWS, STEPS),
    ),
    Mutant(
        LINES,
        "return facts, case.requires, parked.score, _passed(case), reached, weighs(case)",
        "return facts, case.requires, parked.score, _passed(case), weighs(case)",
        "what reached a step is not like what did not",
        (STEPS,),
    ),
    Mutant(
        ASKING,
        "if person is None and climbing.is_at_end(case):",
        "if person is None:",
        "the last resorts of pools come behind the last step",
        (STEPS,),
    ),
    Mutant(
        MOVING,
        "    set_clocks(case, parked)\n",
        "",
        "each step that is reached has a timer for the next",
        (LAWS,),
    ),
    Mutant(
        RESERVATIONS,
        "    climbing.drop(case)\n",
        "",
        "steps end when somebody has the record for good",
        (STEPS,),
    ),
    Mutant(
        CLIMBING,
        "        if against is None:\n            return None\n",
        "",
        "one who could take the record is enough to wait for",
        (SKIPPED, STEPS),
    ),
    Mutant(
        EVER,
        "None if member.domain is not None and member.domain.moves else is_in_domain(member, situation)",
        "is_in_domain(member, situation)",
        "what a member wants on another day is waited for",
        (SKIPPED,),
    ),
    Mutant(
        EVER,
        "    Check(will_have_room, concerns=lambda situation: bool(situation.limits.people)),\n",
        "",
        "who may be given nothing at all is not waited for",
        (SKIPPED,),
    ),
    Mutant(
        WAITING, "            ask_steps(case)\n", "            pass\n", "news of a record may end a wait", (SKIPPED,)
    ),
    Mutant(LINES, "        ask_steps(case)\n", "        pass\n", "a configuration may end a wait", (SKIPPED,)),
    Mutant(ACCEPTING, "    climbing.settle(case)\n", "", "who declined it is not waited for", (SKIPPED,)),
)
