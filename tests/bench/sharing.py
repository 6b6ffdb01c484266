"""How fast records are shared out: `python -m tests.bench.sharing`. Prints ratios of one run, in processor time.

Decisions per second of the core alone, in pools of 10, 100 and 1,000 members, with and without limits: of what is open,
of an hour that moves with now, of a day, and all three together, as a share of the plain pool of the same size.
"""

from __future__ import annotations

from time import process_time
from typing import Final

from service.core.configuration import Config, User
from service.core.decide import decide
from service.core.events import RecordEvent, Target
from service.core.holding import membership
from service.core.limit_spec import Limit
from service.core.pool_spec import Membership, PoolSpec
from service.core.state import State

ROUNDS: Final = 5
RECORDS: Final = 200
NOW_MS: Final = 1_700_000_000_000
SIZES: Final = (10, 100, 1_000)
ENOUGH: Final = 1_000
OPEN, HOUR, DAY = (Limit(ENOUGH, "open"), Limit(ENOUGH, 3_600_000), Limit(ENOUGH, "day"))
ROWS: Final[dict[str, tuple[Limit, ...]]] = {
    "plain": (),
    "open": (OPEN,),
    "hour": (HOUR,),
    "day": (DAY,),
    "all three": (OPEN, HOUR, DAY),
}


def fastest(size: int, limits: tuple[Limit, ...]) -> float:
    """Seconds a decision of the fastest round, in a pool in which everybody has had some already."""
    members = tuple(Membership(f"m{number}", limits=limits) for number in range(size))
    users = {member.person: User(member.person) for member in members}
    config = Config("main", 1, users=users, pools={"sales": PoolSpec("sales", "lead", members)})
    state = State()
    for step in membership.switch_steps(state, config, NOW_MS):
        state.apply(step.changes())
    numbers = iter(range(10**9))
    seconds = []
    for _ in range(ROUNDS + 1):
        start = process_time()
        for _ in range(RECORDS):
            number = next(numbers)
            event = RecordEvent(
                kind="created",
                id=f"e{number}",
                record_type="lead",
                record_id=str(number),
                facts={},
                owner=Target("pool", "sales"),
            )
            state.apply(decide(event, state, config, NOW_MS + number).changes)
        seconds.append(process_time() - start)
    return min(seconds[1:]) / RECORDS


def main() -> None:
    """Print the table."""
    print(f"{'limits':12}" + "".join(f"{size:>12,} members" for size in SIZES))
    plain: dict[int, float] = {}
    for name, limits in ROWS.items():
        cells = []
        for size in SIZES:
            each = fastest(size, limits)
            plain.setdefault(size, each)
            cells.append(f"{each * 1e6:9.1f} µs  {plain[size] / each:5.2f}  ")
        print(f"{name:12}" + "".join(cells))


if __name__ == "__main__":
    main()
