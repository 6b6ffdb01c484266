"""What a command ends with: 0 all well, 1 problems were found, 2 wrong usage or nothing to connect to.

A command returns, or raises one of these; nothing else decides about exit codes. Wrong usage that the parser notices
ends with 2 already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from aiokafka.errors import KafkaError

from service.config.problems import ConfigurationError
from service.kafka.port import Lost
from service.printable import masked, printable
from service.settings import BadSettings

FINE: Final = 0
PROBLEMS: Final = 1
UNUSABLE: Final = 2

LONGEST_ERROR: Final = 100_000
"""Characters. A configuration with a thousand mistakes has a line for each."""


class FoundProblems(Exception):
    """What was looked at is not in order. The command has shown what; this only ends it."""


class WrongUsage(Exception):
    """The command cannot do this. Its text says why and what to do instead."""


def require_record(name: str) -> None:
    """Raises `WrongUsage` for what cannot be the name of a record: of it nothing could ever be known."""
    record_type, slash, record_id = name.partition("/")
    if not (record_type and slash and record_id):
        raise WrongUsage(
            f'"{name}" names no record: write type and id, such as lead/{record_id or record_type or 4711}'
        )


def exit_code(run: Callable[[], object]) -> int:
    """Run a command; errors that a person can act upon become a sentence and a code, others stay what they are."""
    try:
        run()
    except FoundProblems:
        return PROBLEMS
    except ConfigurationError as error:
        return _said(str(error), PROBLEMS)
    except (KafkaError, Lost, ConnectionError, TimeoutError) as error:
        return _said(f"no connection, or it was lost: {_what(error)}", UNUSABLE)
    except (WrongUsage, BadSettings, OSError) as error:
        return _said(_what(error), UNUSABLE)
    return FINE


def _what(error: Exception) -> str:
    """The error in words: Kafka's driver names its addresses as Python does, the system its errors by number."""
    if isinstance(error, KafkaError):
        return type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _said(sentence: str, code: int) -> int:
    sys.stderr.write(f"{printable(masked(sentence), LONGEST_ERROR, lines=True)}\n")
    return code
