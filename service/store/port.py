"""What a lane needs from its memory: a fenced, flat map of keys with fields.

One of the program's two ports. It has two implementations: Redis, and a dictionary. One contract suite runs against
both. Nothing here knows what the fields mean.

A memory begins with a rebuild, which gives each of its keys a mark. Whoever runs the memory may lose any key of it, or
get another in its place: every call looks at the marks of the keys it touches, and where one is missing or wrong, it
is BEHIND, and the memory counts as one that is being built until it is built anew. Marks are in no answer.

Every call names the caller's `token` (the offset of its claim) and mostly the `revision` (the offset of the last batch
folded in). The exact revision is the real fence; the token stops two writers from undoing each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from service.store.keys import Hashes, Layout, Stored

NO_REVISION = -1
"""The revision of a memory into which no batch has been folded."""

Refusal = Literal["FENCED", "BEHIND"]
"""FENCED: a newer token was here, stop. BEHIND: the memory is not where the caller thinks it is, claim again."""
Reply = Literal["OK", "FENCED", "BEHIND"]


class StoreUnreachable(ConnectionError):
    """The memory does not answer, or refuses to work. Whether it did what it was asked is not known."""


class Head(NamedTuple):
    """How far the memory is: the last batch folded in and a checksum of that record's bytes.

    `building`: a rebuild was begun and not finished, or a part was found lost; the content means nothing.
    `layout` is the text of how it is laid out (see `keys`), empty where it never was; who writes a head leaves it out.
    """

    revision: int = NO_REVISION
    checksum: str = ""
    building: bool = False
    layout: str = ""

    def is_at(self, other: Head) -> bool:
        """Whether the memory is whole and at the same batch."""
        return not self.building and (self.revision, self.checksum) == (other.revision, other.checksum)


class Store(Protocol):
    """The memory of all lanes; each lane has its own part, which one Redis Cluster slot holds.

    Every call raises `StoreUnreachable`; it may be made again without harm.
    """

    async def fence(self, lane: int, token: int) -> Head | Refusal:
        """Make `token` the lane's fence if none is newer (FENCED), and tell how far the memory is."""

    async def load(
        self, lane: int, token: int, revision: int, wanted: Sequence[tuple[str, str]]
    ) -> list[bytes | None] | Refusal:
        """Values of (key, field) pairs, in order; none where there is no such field."""

    async def read(self, lane: int, token: int, revision: int, keys: Sequence[str]) -> list[dict[str, bytes]] | Refusal:
        """The whole content of each key, in order."""

    async def advance(self, lane: int, token: int, revision: int, head: Head, changes: Sequence[Stored]) -> Reply:
        """Apply the changes and move from `revision` to `head`, all or nothing. Repeating it is harmless (OK)."""

    async def begin(self, lane: int, token: int, layout: Layout, gone: Sequence[str] = ()) -> Reply:
        """Begin a rebuild: the lane is emptied, with the keys `gone` of an older layout, and laid out anew."""

    async def rebuild(self, lane: int, token: int, number: int, content: Hashes, head: Head | None) -> Reply:
        """Write chunk `number`, counted from 1, of a rebuild; each needs the one before. `head` ends it."""

    async def peek(self, lane: int, keys: Sequence[str]) -> tuple[Head, list[Mapping[str, bytes]]]:
        """For people and monitoring: the whole content of some keys, without a fence. Building: one of them is lost."""

    async def forget(self, lane: int) -> None:
        """Throw the lane's part away, fence and head too, whoever owns it: their next call is BEHIND. For recovery."""

    async def close(self) -> None:
        """Let go of every connection."""
