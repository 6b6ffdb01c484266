"""What is remembered of a pool whose manager wants to hear that it is skewed; what that means is for `holding.skewing`
to say.
"""

from __future__ import annotations

from service.core.remembered import Remembered


class Skew(Remembered):
    """`since`: by person, what the load was of who got a record when they were first passed over. `told_ms`: when it
    was last told that somebody was passed over too often; 0: never.
    """

    since: dict[str, int]
    told_ms: int = 0
