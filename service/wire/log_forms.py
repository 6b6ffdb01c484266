"""The shapes that records of a lane's log have in JSON, for reading: what has another shape is no record of a lane.

Values of the state stay as they stand there, byte for byte. Fields that a shape does not have are passed over.
"""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

import msgspec

from service.core.state import FIRST_LEVEL

FORMAT: Final = 1
"""Of a lane's log, and of the memory that is made of it."""
OBJECTS_LEVEL: Final = 5
"""From this level of a lane on, outputs that are JSON stand in its log as what they are, and not as texts of it."""


class Cursor(NamedTuple):
    """How far the input is used: the next offset, and how many decisions already carry it (timers come first)."""

    offset: int = 0
    ordinal: int = 0


class OutcomeLine(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One decision, as the log lists it. `source` is the CRM's position, `epoch/topic/partition/offset`, where one is.

    `kind` is an outcome's name in lower case, `dead_letter`, or `dropped` for an input that was taken before.
    """

    offset: int
    ordinal: int
    kind: str
    reason: str
    decision_id: str
    source: str


class SnapshotMark(NamedTuple):
    """A snapshot that has landed complete: the offset of its first chunk, and the lane's clock when it ended."""

    start: int
    time_ms: int


KindName = Annotated[str, msgspec.Meta(pattern="^[a-z_]{1,32}$")]
Buckets = Annotated[int, msgspec.Meta(ge=1, le=65_536)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Text = str | tuple[str]
"""Bytes: as text where they are UTF-8, else their base64, alone in a list."""
OutputRow = tuple[str, Text, msgspec.Raw, list[Count]]
"""Topic, key, value and the positions of the headers. The value is a `Text`, or the object that it is the bytes of."""


class FormatOnly(msgspec.Struct):
    """What can be read of a record of any format."""

    format: int


class _Form(msgspec.Struct, tag_field="kind"):
    """What every record has in the log."""

    format: Annotated[int, msgspec.Meta(ge=FORMAT, le=FORMAT)]
    level: Annotated[int, msgspec.Meta(ge=FIRST_LEVEL)]


class ClaimForm(_Form, tag="claim"):
    """A claim."""

    owner: str


class BatchState(_Form, tag="batch", kw_only=True):
    """A batch without its outputs."""

    token: int
    start: Cursor = msgspec.field(name="from")
    end: Cursor = msgspec.field(name="to")
    time: int
    versions: dict[str, int]
    code: int
    outcomes: list[OutcomeLine]
    kinds: dict[KindName, Buckets]
    changes: dict[KindName, dict[str, msgspec.Raw]]
    parts: tuple[int, ...]
    grown: int
    snapshots: tuple[SnapshotMark, ...]
    zones: str = ""


class BatchForm(BatchState, tag="batch", kw_only=True):
    """A whole batch."""

    headers: list[tuple[str, Text | None]]
    outputs: list[OutputRow]


class OutputsState(_Form, tag="outputs"):
    """Outputs without what they are."""

    token: int


class OutputsForm(OutputsState, tag="outputs"):
    """Outputs of a batch that has too many for one record."""

    headers: list[tuple[str, Text | None]]
    outputs: list[OutputRow]


class OpeningForm(_Form, tag="snapshot"):
    """The beginning of a snapshot."""

    token: int
    kinds: dict[KindName, Buckets]
    snapshots: tuple[SnapshotMark, ...]


class ChunkForm(_Form, tag="chunk"):
    """A part of a snapshot."""

    token: int
    start: int
    content: dict[str, dict[str, msgspec.Raw]]
    goes_on: bool
    snapshots: tuple[SnapshotMark, ...]


class CompleteForm(_Form, tag="complete"):
    """The end of a snapshot."""

    token: int
    start: int
    batch: int
    checksum: str
    time: int
    snapshots: tuple[SnapshotMark, ...]
