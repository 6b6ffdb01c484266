r"""The patterns of `like` and its kin: `%` is any run of characters, `_` one of them, `\` takes what follows as it is.

A pattern is cut at its `%` into pieces that must follow each other. Each piece is found by its longest plain part,
so no pattern, whoever wrote it, takes more than a scan of the field per piece; there are no regular expressions.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Final, NamedTuple

MAX_PATTERN_CHARACTERS: Final = 500

_ANY_RUN: Final = 1
_ANY_ONE: Final = 2


class _Piece(NamedTuple):
    """What stands between two `%`: so many characters, of which the plain parts are given with their offsets."""

    length: int
    parts: tuple[tuple[int, str], ...]

    def stands_at(self, text: str, at: int) -> bool:
        """Whether the piece is found exactly here."""
        return 0 <= at <= len(text) - self.length and all(
            text.startswith(part, at + offset) for offset, part in self.parts
        )

    def find(self, text: str, at: int) -> int:
        """The first place from `at` on where the piece is found, -1: nowhere."""
        if not self.parts:
            return at if at + self.length <= len(text) else -1
        offset, part = max(self.parts, key=lambda each: len(each[1]))
        while True:
            found = text.find(part, at + offset)
            if found < 0:
                return -1
            if self.stands_at(text, found - offset):
                return found - offset
            at = found - offset + 1


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text is what the pattern says, minding case."""
    first, *further = _pieces(pattern)
    if not further:
        return lambda text: len(text) == first.length and first.stands_at(text, 0)
    *between, last = further

    def matches(text: str) -> bool:
        if not first.stands_at(text, 0):
            return False
        at = first.length
        for piece in between:
            at = piece.find(text, at)
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
