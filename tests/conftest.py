"""Fixtures that several kinds of tests share: real back ends where they can be had."""

import os
from typing import Final

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings

from service.core import decide

# How long an example takes says how busy the machine is, and nothing of a promise. To explain a failure every line is
# traced, which takes longer than a test may.
settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
settings.load_profile("suite")

# A traceback of a lane with all its variables in frames and colours takes seconds to draw, and nobody looks at it.
_drawn_plainly = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _drawn_plainly])

pytest_plugins = ["tests.backends.redis_fixture", "tests.backends.kafka_fixture"]


IS_COMPILED: Final = "FAIRLEAD_COMPILED" in os.environ


def pytest_configure() -> None:
    """`make compiled` is about compiled code: the same tests on the sources would prove nothing of it."""
    if IS_COMPILED and str(decide.__file__).endswith(".py"):
        raise pytest.UsageError(f"{decide.__file__} is not compiled: see `make compiled`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What kills and waits comes first: it needs little of a processor, so whoever shares the run has the rest.

    Each test is dealt out by itself, in this order; a file's fixtures are made by both where both have tests of it.
    """
    items.sort(key=_is_quick)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A compiled module calls its own functions and knows its own numbers: no other ones can be put in their place."""
    if IS_COMPILED and item.get_closest_marker("interpreted"):
        pytest.skip("it puts something into a module that is compiled")


def _is_quick(item: pytest.Item) -> bool:
    return item.get_closest_marker("faults") is None
