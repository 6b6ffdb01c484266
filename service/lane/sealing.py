"""Make a batch a record of the log: with the owner's token, what is known of snapshots, and within what a broker takes.

How large a record becomes is estimated while it is made. Where more comes of it, its outputs go in parts in front of
it, and are its outputs only together with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from service.kafka.port import MAX_RECORD_BYTES
from service.lane.ownership import Tenure
from service.wire.log_records import Batch, Outputs, encode, output_bytes
from service.wire.messages import Message

PART_BYTES: Final = 1_000_000
"""About so much of a batch's outputs goes into one record where they are too many for the batch's own."""
LONGEST_GAP: Final = 10**12
"""So many offsets ahead are guessed for the size of a record that is to name them: nobody writes so much in between."""


class Sealed(NamedTuple):
    """A batch as it goes into the log, and the records with its outputs that go before it, if they do."""

    batch: Batch
    value: bytes
    parts: list[bytes]

    @property
    def fits(self) -> bool:
        """Whether a broker takes it."""
        return len(self.value) <= MAX_RECORD_BYTES


def seal(made: Batch, tenure: Tenure) -> Sealed:
    """The batch's bytes, and those of its parts. It may not fit even so."""
    kinds = {kind: tenure.layout.kinds[kind] for kind in made.changes}
    batch = replace(made, token=tenure.token, level=tenure.level, kinds=kinds)
    batch = replace(batch, snapshots=tenure.snapshots, grown=tenure.grown)
    whole = Sealed(batch, encode(batch), [])
    if whole.fits:
        return whole
    parts = [encode(Outputs(tenure.token, part, tenure.level)) for part in _parts(batch.outputs)]
    batch = replace(batch, outputs=(), parts=(tenure.last + LONGEST_GAP,) * len(parts))
    return Sealed(batch, encode(batch), parts)


def _parts(outputs: Sequence[Message]) -> Iterator[list[Message]]:
    """The outputs in their order, in parts that fit a log record."""
    part: list[Message] = []
    size = 0
    for output in outputs:
        needed = output_bytes(output)
        if part and size + needed > PART_BYTES:
            yield part
            part, size = [], 0
        part.append(output)
        size += needed
    if part:
        yield part
