"""What tells an input that ingest wrote from one that somebody else did: a seal over its bytes.

A lane believes the position that an input names: its mark moves there, and what comes below counts as taken before. So
one input with a place in a source where ingest never was would cost all events up to it. A seal is nothing that is
written by chance: a record made by hand has none, one that was changed has a wrong one, and one that a mirror brings
from another deployment was sealed for another topic. It keeps nobody out who wants to get in: whoever may write to the
lanes' topic can also read how a seal is made. The rights on that topic are the boundary.

A sealed input begins with `{"seal":"…",`. The seal is over all that follows and over the *life* of the topic it was
written for: the topic's identity, or an empty text where the broker tells none.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

_BEGIN: Final = b'{"seal":"'
_END: Final = b'",'
_SEAL_BYTES: Final = 8
_REST_AT: Final = len(_BEGIN) + 2 * _SEAL_BYTES + len(_END)
_KEY_LIMIT_BYTES: Final = 64

SEAL_BYTES: Final = _REST_AT - 1
"""How much longer a sealed input is."""


def sealed(value: bytes, life: str = "") -> bytes:
    """A lane's input, which is a JSON object with content, as ingest writes it into a topic of this life."""
    rest = value[1:]
    return b"".join((_BEGIN, _seal(rest, life), _END, rest))


def is_sealed(value: bytes, lives: Iterable[str]) -> bool:
    """Whether it is as ingest wrote it, into the lanes' topic in one of its lives."""
    if not value.startswith(_BEGIN):
        return False
    rest = value[_REST_AT:]
    return any(value.startswith(_seal(rest, life), len(_BEGIN)) for life in lives)


def _seal(rest: bytes, life: str) -> bytes:
    return blake2b(rest, digest_size=_SEAL_BYTES, key=life.encode()[:_KEY_LIMIT_BYTES]).hexdigest().encode()
