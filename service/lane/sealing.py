"""Make a batch a record of the log: with the owner's token, what is known of snapshots, and within what a broker takes.

How large a record becomes is estimated while it is made. Where more comes of it, its outputs go in parts in front of
it, and are its outputs only together with it. Where that is too much even so, the batch is decided again, and smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, NoReturn

from service.kafka.port import MAX_RECORD_BYTES
from service.lane.making import Made
from service.lane.ownership import Tenure
from service.lane.surprise import Halted, Surprise
from service.wire.log_records import Batch, Outputs, encode, output_bytes
from service.wire.messages import Message

PART_BYTES: Final = 1_000_000
"""About so much of a batch's outputs goes into one record where they are too many for the batch's own."""
LONGEST_GAP: Final = 10**12
"""So many offsets ahead are guessed for the size of a record that is to name them: nobody writes so much in between."""
GROWTH: Final = 8
"""After a log record that was too large a batch may make more again, by such a part with each that fits."""


class Sealed(NamedTuple):
    """A batch as it goes into the log, and the records with its outputs that go before it, if they do."""

    batch: Batch
    value: bytes
    parts: list[bytes]

    @property
    def fits(self) -> bool:
        """Whether a broker takes it."""
        return len(self.value) <= MAX_RECORD_BYTES


@dataclass
class Sealing:
    """How much a lane's batch may make of a log record: `most`, and less after one that was too large.

    `too_large` is the offset of an input, or the division and name of a timer, of which too much comes though it is
    alone in its batch.
    """

    most: int
    max_bytes: int = field(init=False)
    too_large: int | tuple[str, str] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.max_bytes = self.most

    def seal(self, made: Made, tenure: Tenure) -> Sealed:
        """The batch as it goes into the log. Raises what ends this owning if it does not fit."""
        sealed = _sealed(made.batch, tenure)
        if not sealed.fits:
            self._give_up(made, len(sealed.value))
        self.max_bytes = min(self.max_bytes + self.max_bytes // GROWTH + 1, self.most)
        if self.too_large in made.fired:  # it was put off, and may fit when it goes off again
            self.too_large = None
        return sealed

    def _give_up(self, made: Made, size: int) -> NoReturn:
        """Have it decided again with half of the bytes, so that it will fit. Never the same again and again: an input
        that was alone is refused then, and a timer of which less cannot come.
        """
        offsets = {line.offset for line in made.batch.outcomes}
        if made.used == 1 == len(offsets) and not made.fired:
            (self.too_large,) = offsets
        elif self.max_bytes == 1 and made.used == 0 and len(made.fired) == 1:
            (self.too_large,) = made.fired
        elif self.max_bytes == 1:
            raise Halted("indivisible", f"what is decided at {made.batch.start} takes {size} bytes in one piece")
        self.max_bytes = max(1, self.max_bytes // 2)
        raise Surprise(f"a log record of {size} bytes is too large; the next may have half as many")


def _sealed(made: Batch, tenure: Tenure) -> Sealed:
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
