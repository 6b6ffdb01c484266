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
from service.settings import BadSettings

FINE: Final = 0
PROBLEMS: Final = 1
UNUSABLE: Final = 2


class FoundProblems(Exception):
    """What was looked at is not in order. The command has shown what; this only ends it."""


class WrongUsage(Exception):
    """The command cannot do this. Its text says why and what to do instead."""


def exit_code(run: Callable[[], object]) -> int:
    """Run a command; errors that a person can act upon become a sentence and a code, others stay what they are."""
    try:
        run()
    except FoundProblems:
        return PROBLEMS
    except ConfigurationError as error:
        return _said(str(error), PROBLEMS)
    except (KafkaError, Lost, ConnectionError, TimeoutError) as error:
        return _said(f"no connection, or it was lost: {str(error) or type(error).__name__}", UNUSABLE)
    except (WrongUsage, BadSettings, OSError) as error:
        return _said(str(error), UNUSABLE)
    return FINE


def _said(sentence: str, code: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code
