"""Which configuration is the valid one: the records of the configuration topic, folded in order.

Several processes may publish at the same time. A record counts only if it follows on what was valid when it arrived,
so the first writer of a version wins, for every reader alike, and what does not count is as if it were not there.

Beside the divisions' versions the topic carries what is agreed on about the CRM's topics, see `service.config.sources`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import orjson

from schemas.config import Document
from service.config.compiler import hash_of, to_wire
from service.config.sources import FIRST_EPOCH as FIRST_EPOCH
from service.config.sources import SOURCES_KEY as SOURCES_KEY
from service.config.sources import Skip, SourceState, SourceTopic, source_content
from service.config.sources import Sources as Sources


class Record(NamedTuple):
    """Something to publish to the configuration topic. One key's records stay in order."""

    key: bytes
    value: bytes


class Version(NamedTuple):
    """One version of a division's configuration; `document` is what `compiler.from_wire` reads."""

    division: str
    number: int
    hash: str
    document: bytes


class History:
    """Every version that counts, of every division. Starts empty; grows by `fold`."""

    __slots__ = ("_hashes", "_versions", "source_state")

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = {}
        self._hashes: dict[str, set[str]] = {}
        self.source_state = SourceState()

    @property
    def sources(self) -> Sources | None:
        """The newest sources; none: no epoch has begun."""
        return self.source_state.current

    def divisions(self) -> tuple[str, ...]:
        """The divisions that have a configuration."""
        return tuple(sorted(self._versions))

    def latest(self, division: str) -> Version | None:
        """The valid version; none: the division was never configured."""
        versions = self._versions.get(division)
        return versions[-1] if versions else None

    def get(self, division: str, version: int) -> Version | None:
        """A version that was valid once; versions count from 1."""
        versions = self._versions.get(division, [])
        return versions[version - 1] if 0 < version <= len(versions) else None

    def has_hash(self, division: str, content_hash: str) -> bool:
        """Whether this content was ever valid."""
        return content_hash in self._hashes.get(division, ())

    def fold(self, value: bytes) -> Version | Sources | SourceTopic | Skip | None:
        """Take in the topic's next record. Returns what became valid; none: the record does not count."""
        try:
            content = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
        match content:
            case {
                "division": str(division),
                "version": int(number),
                "expected_version": int(expected),
                "hash": str(content_hash),
                "document": {"division": str(inner)} as document,
            } if inner == division and number == expected + 1:
                canonical = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
                return self._fold_version(Version(division, number, content_hash, canonical))
            case _:
                return self.source_state.fold(content)

    def _fold_version(self, version: Version) -> Version | None:
        latest = self.latest(version.division)
        if version.number != (latest.number if latest else 0) + 1:
            return None
        self._versions.setdefault(version.division, []).append(version)
        self._hashes.setdefault(version.division, set()).add(version.hash)
        return version


def proposal(document: Document, history: History) -> Record | None:
    """The record that makes a document its division's next version.

    None where its content was valid at any time: it is valid now, or somebody replaced it on purpose, and an old
    replica that starts again must not bring it back.
    """
    content_hash = hash_of(document)
    if history.has_hash(document.division, content_hash):
        return None
    latest = history.latest(document.division)
    current = latest.number if latest else 0
    content = {
        "division": document.division,
        "version": current + 1,
        "expected_version": current,
        "hash": content_hash,
        "document": orjson.Fragment(to_wire(document)),
    }
    return Record(document.division.encode(), orjson.dumps(content))


def proposals(documents: Iterable[Document], history: History) -> tuple[Record, ...]:
    """The records that make a directory's documents their divisions' next versions, where they are new."""
    records = (proposal(document, history) for document in documents)
    return tuple(record for record in records if record is not None)


def sources_record(content: Sources | SourceTopic | Skip) -> Record:
    """The record that begins an epoch, makes a topic known, or lets something be passed."""
    return Record(SOURCES_KEY, source_content(content))
