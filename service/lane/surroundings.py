"""What a lane is given by the process it runs in.

The hooks of the tests come in here too, and nowhere else: a step between any two writes at which a process may be
killed, and the safeguards that a test leaves out to show what each is for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from service.core.configuration import Config
from service.core.state import LEVEL
from service.wire.topics import Topics

Step = Callable[[str], None]
"""Called with the name of each step that was done; tests end the process there."""


NO_LIFE: Final = frozenset({""})
"""The broker tells no identities."""


class InputSeen(NamedTuple):
    """A lane's input as the process sees it: the identity that was agreed on for its topic (empty: none is known), why
    it must not be read (empty: it may), and all identities that were ever agreed on, for which its inputs are sealed.
    """

    identity: str = ""
    problem: str = ""
    lives: Collection[str] = NO_LIFE


def any_input() -> InputSeen:
    """Nobody looks which topic it is."""
    return InputSeen()


def any_epoch() -> int:
    """Every epoch may have been begun."""
    return 2**63


async def all_read() -> None:
    """There is no configuration that would still have to be read."""


def no_step(name: str) -> None:
    """Nothing happens between the steps."""


def newest_level() -> int:
    """Where nobody has to agree, all that this version knows is used."""
    return LEVEL


@dataclass(frozen=True, slots=True)
class Safeguards:
    """The checks that keep the promises. Production has them all; a test shows what each is for by leaving it out."""

    contiguity: bool = True
    watermark: bool = True
    republication: bool = True


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The world around a lane.

    `configs` tells the newest configuration of each division of this lane; `configured` the one of a given version,
    which is there once the lane's log names it. `now_ms` is the wall clock: it only says when to let time pass.
    `level` tells which one the lanes are to be raised to. `newest_epoch` is that of the sources.
    `input` tells which topic the lane's input is.
    `read_up` returns when `configs` knows all that was published before it was called.
    """

    owner: str
    topics: Topics
    configs: Callable[[], Mapping[str, Config]]
    configured: Callable[[str, int], Awaitable[Config]]
    now_ms: Callable[[], int]
    step: Step = no_step
    safeguards: Safeguards = Safeguards()
    level: Callable[[], int] = newest_level
    newest_epoch: Callable[[], int] = any_epoch
    input: Callable[[], InputSeen] = any_input
    read_up: Callable[[], Awaitable[None]] = all_read
