"""How many there are of something, in words for people."""

from __future__ import annotations


def counted(count: int, noun: str, several: str = "") -> str:
    """`1 row`, `2,000 rows`; `several` is the form for all but one where it does not end in s."""
    return f"{count:,} {noun if count == 1 else several or f'{noun}s'}"
