r"""The patterns of `like` and its kin: `%` is any run of characters, `_` one of them, `\` takes what follows as it is.

A pattern is cut at its `%` into pieces that must follow each other; each is looked for once, from where the one before
it ended. A piece without `_` between its characters is found by the search for texts that Python has; one with is found
in one step for each character of the text, however often it nearly fits: the places at which it may have begun are bits
of one number. So no pattern, whoever wrote it, takes more than `MAX_SCANNED` steps; there are no regular expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final

MAX_PATTERN_CHARACTERS: Final = 500
MAX_SCANNED: Final = 5_000
"""So many characters of a field are looked at for a piece with `_` between its characters, and of a list at all."""

_ANY_RUN: Final = 1
_ANY_ONE: Final = 2

Matches = Callable[[str, int], bool]
"""Whether a whole text is what a pattern says, if so many of its characters may be scanned."""


@dataclass(frozen=True)
class _Piece:
    """What stands between two `%`: so many characters, of which the plain parts are given with their offsets."""

    length: int
    parts: tuple[tuple[int, str], ...]

    def stands_at(self, text: str, at: int) -> bool:
        """Whether the piece is found exactly here."""
        return 0 <= at <= len(text) - self.length and all(
            text.startswith(part, at + offset) for offset, part in self.parts
        )

    def find(self, text: str, at: int, scanned: int) -> int:
        """The first place from `at` on where the piece is found, -1: nowhere."""
        if len(self.parts) > 1:
            return self._scan(text, at, scanned)
        offset, part = self.parts[0] if self.parts else (0, "")
        found = text.find(part, at + offset) - offset
        return found if at <= found <= len(text) - self.length else -1

    def _scan(self, text: str, at: int, scanned: int) -> int:
        wild, accepts = self._wild, self._accepts
        whole, begun = 1 << self.length - 1, 0
        for position, character in enumerate(text[at:scanned], at):
            begun = (begun << 1 | 1) & accepts.get(character, wild)
            if begun & whole:
                return position - self.length + 1
        return -1

    @cached_property
    def _wild(self) -> int:
        """The offsets at which any character may stand, as bits."""
        plain = sum(((1 << len(part)) - 1) << offset for offset, part in self.parts)
        return (1 << self.length) - 1 & ~plain

    @cached_property
    def _accepts(self) -> Mapping[str, int]:
        """For each character of the piece the offsets at which it may stand, as bits."""
        found = {character: self._wild for _, part in self.parts for character in part}
        for offset, part in self.parts:
            for position, character in enumerate(part, offset):
                found[character] |= 1 << position
        return found


def matcher(pattern: str) -> Matches:
    """Whether a whole text is what the pattern says, minding case."""
    first, *further = _pieces(pattern)
    if not further:
        return lambda text, scanned: len(text) == first.length and first.stands_at(text, 0)
    *between, last = further

    def matches(text: str, scanned: int) -> bool:
        if not first.stands_at(text, 0):
            return False
        at = first.length
        for piece in between:
            at = piece.find(text, at, scanned)
            if at < 0:
                return False
            at += piece.length
        end = len(text) - last.length
        return end >= at and last.stands_at(text, end)

    return matches


def _pieces(pattern: str) -> list[_Piece]:
    """The pieces between the `%`, of which two in a row are one."""
    signs = _signs(pattern)
    pieces = [_piece([])]
    for is_run, group in groupby(signs, lambda sign: sign == _ANY_RUN):
        if is_run:
            pieces.append(_piece([]))
        else:
            pieces[-1] = _piece(list(group))
    return pieces


def _piece(signs: list[str | int]) -> _Piece:
    parts: list[tuple[int, str]] = []
    at = 0
    for is_plain, group in groupby(signs, lambda sign: isinstance(sign, str)):
        run = list(group)
        if is_plain:
            parts.append((at, "".join(map(str, run))))
        at += len(run)
    return _Piece(at, tuple(parts))


def _signs(pattern: str) -> list[str | int]:
    signs: list[str | int] = []
    characters = iter(pattern)
    for character in characters:
        match character:
            case "\\":
                signs.append(next(characters, "\\"))
            case "%":
                signs.append(_ANY_RUN)
            case "_":
                signs.append(_ANY_ONE)
            case _:
                signs.append(character)
    return signs
