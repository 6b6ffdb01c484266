"""Which configuration is the valid one: the records of the configuration topic, folded in order.

Several processes may publish at the same time. A record counts only if it follows on what was valid when it arrived,
so the first writer of a version wins, for every reader alike, and what does not count is as if it were not there. That
holds for whatever a foreign writer leaves in the topic, too: folding it never raises.

A history of thousands of versions is a list of small lines. Of the documents only each division's newest is kept; an
older one is read again, at its offset, when somebody names it.

Beside the divisions' versions the topic carries what is agreed on about the CRM's topics, see `service.config.sources`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

import orjson

from schemas.config import Document
from schemas.envelope import DIVISION_PATTERN
from service.config.compiler import hash_of, hash_of_wire, to_wire
from service.config.sources import (
    SOURCES_KEY,
    Agreed,
    Sources,
    SourceState,
    is_number,
    read_source,
    source_content,
)

HASH_LIMIT: Final = 128
"""A SHA-256 in hexadecimal has 64 characters."""

NO_OFFSET: Final = -1

_is_division: Final = re.compile(DIVISION_PATTERN).fullmatch


class Proposal(NamedTuple):
    """A record for the configuration topic; it counts if it is the first that follows. One key's stay in order."""

    key: bytes
    value: bytes


class Version(NamedTuple):
    """One version of a division's configuration: where its record lies in the topic, and since when (UTC)."""

    division: str
    number: int
    hash: str
    offset: int
    time_ms: int


class Ignored(NamedTuple):
    """A record that does not count. `repeated`: somebody else was first, with the same, so nothing is wrong; `late`:
    somebody else was first, with something else; `foreign`: it is none of ours.
    """

    why: Literal["repeated", "late", "foreign"]


class _Proposed(NamedTuple):
    """A version as a record tells it; `document` is canonical."""

    version: Version
    document: bytes


class History:
    """Every version that counts, of every division. Starts empty; grows by `fold`."""

    __slots__ = ("_documents", "_hashes", "_versions", "source_state")

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = {}
        self._hashes: dict[str, set[str]] = {}
        self._documents: dict[str, bytes] = {}
        self.source_state = SourceState()

    @property
    def sources(self) -> Sources | None:
        """The newest sources; none: no epoch has begun."""
        return self.source_state.current

    def divisions(self) -> tuple[str, ...]:
        """The divisions that have a configuration."""
        return tuple(sorted(self._versions))

    def versions(self, division: str) -> Sequence[Version]:
        """All versions of a division, oldest first."""
        return tuple(self._versions.get(division, ()))

    def latest(self, division: str) -> Version | None:
        """The valid version; none: the division was never configured."""
        versions = self._versions.get(division)
        return versions[-1] if versions else None

    def document(self, division: str) -> bytes | None:
        """The valid version's document, which `compiler.from_wire` reads; none: the division was never configured."""
        return self._documents.get(division)

    def get(self, division: str, version: int) -> Version | None:
        """A version that was valid once; versions count from 1."""
        versions = self._versions.get(division, [])
        return versions[version - 1] if 0 < version <= len(versions) else None

    def has_hash(self, division: str, content_hash: str) -> bool:
        """Whether this content was ever valid."""
        return content_hash in self._hashes.get(division, ())

    def fold(self, value: bytes, offset: int = NO_OFFSET, time_ms: int = 0) -> Version | Agreed | Ignored:
        """Take in the topic's next record: what became valid, or that it does not count. Never raises."""
        try:
            content = orjson.loads(value)
            proposed = _proposed(content, offset, time_ms)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            return Ignored("foreign")
        if proposed is not None:
            return self._fold_version(proposed)
        told = read_source(content)
        if told is None:
            return Ignored("foreign")
        return self.source_state.fold(told) or Ignored("repeated" if self.source_state.holds(told) else "late")

    def _fold_version(self, proposed: _Proposed) -> Version | Ignored:
        version, document = proposed
        latest = self.latest(version.division)
        number = latest.number if latest else 0
        if version.number != number + 1:
            is_in_force = version.number <= number and document == self._documents[version.division]
            return Ignored("repeated" if is_in_force else "late")
        self._versions.setdefault(version.division, []).append(version)
        self._hashes.setdefault(version.division, set()).add(version.hash)
        self._documents[version.division] = document
        return version


def document_of(value: bytes) -> bytes | None:
    """The document in a version's record; none where the record is none of a version."""
    try:
        proposed = _proposed(orjson.loads(value), NO_OFFSET, 0)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return None if proposed is None else proposed.document


def _proposed(content: object, offset: int, time_ms: int) -> _Proposed | None:
    """The version that a record tells; none where it tells none. Raises `JSONEncodeError` for what is nested deeply."""
    match content:
        case {
            "division": str(division),
            "version": number,
            "expected_version": expected,
            "hash": str(content_hash),
            "document": {"division": str(inner)} as document,
        } if (
            inner == division
            and _is_division(division)
            and is_number(number)
            and is_number(expected)
            and number == expected + 1
            and len(content_hash) <= HASH_LIMIT
        ):
            canonical = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
            return _Proposed(Version(division, number, content_hash, offset, time_ms), canonical)
        case _:
            return None


def put_in_force(document: Document, history: History) -> Proposal | None:
    """The record that makes a document its division's next version, since a person says so. None: it is valid now."""
    content = to_wire(document)
    return None if content == history.document(document.division) else replacing(document.division, content, history)


def replacing(division: str, document: bytes, history: History) -> Proposal:
    """The record that makes canonical bytes the division's next version; also those of an earlier one."""
    latest = history.latest(division)
    current = latest.number if latest else 0
    content = {
        "division": division,
        "version": current + 1,
        "expected_version": current,
        "hash": hash_of_wire(document),
        "document": orjson.Fragment(document),
    }
    return Proposal(division.encode(), orjson.dumps(content))


def proposal(document: Document, history: History) -> Proposal | None:
    """The record that makes a document its division's next version, where a process starts with it.

    None where its content was valid at any time: it is valid now, or somebody replaced it on purpose, and an old
    replica that starts again must not bring it back.
    """
    return None if history.has_hash(document.division, hash_of(document)) else put_in_force(document, history)


def proposals(documents: Iterable[Document], history: History) -> tuple[Proposal, ...]:
    """The records that make a directory's documents their divisions' next versions, where they are new."""
    records = (proposal(document, history) for document in documents)
    return tuple(record for record in records if record is not None)


def instructions(documents: Iterable[Document], history: History) -> tuple[Proposal, ...]:
    """The records that put a directory's documents in force, where they are not: a person says so."""
    records = (put_in_force(document, history) for document in documents)
    return tuple(record for record in records if record is not None)


def sources_record(content: Agreed) -> Proposal:
    """The record that agrees on something: an epoch, a topic, what is passed, what was lost, a level."""
    return Proposal(SOURCES_KEY, source_content(content))
