"""What is sorted when somebody of a pool is looked for, and who is found. What a decision tells of them is
`model.Candidate`.
"""

from __future__ import annotations

from msgspec import Struct

from service.core.reasons import ExclusionReason


class Contender(Struct, frozen=True, order=True, kw_only=True, gc=False):
    """One member in the order of turns: the lowest is next. No two of a pool have one `joined`, so nothing behind it is
    ever compared.

    `others_first`: members whom the pool prefers come before them. `effective_pass` is the pass that counts now;
    `excluded` why they cannot be served, none: they can; `behind` how many turns they have to catch up.
    """

    others_first: bool = False
    load: int
    last_turn: int
    joined: int
    person: str
    open_items: int
    effective_pass: int
    excluded: ExclusionReason | None = None
    behind: int = 0


class Choice(Struct, frozen=True, gc=False):
    """Who is next (none: nobody can), and who was looked at: everybody, as configured; or those who come before the one
    who is chosen, in the order of turns. `unnamed`: so many more were passed over; `not_looked_at`: so many were not
    even that, because somebody stood before them.
    """

    chosen: Contender | None
    seen: list[Contender]
    unnamed: int = 0
    not_looked_at: int = 0
