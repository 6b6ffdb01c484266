"""Fixtures that several kinds of tests share: real back ends where they can be had."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from service.core import decide

# How long an example takes says how busy the machine is, and nothing of a promise.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# A traceback of a lane with all its variables in frames and colours takes seconds to draw, and nobody looks at it.
_drawn_plainly = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _drawn_plainly])

pytest_plugins = ["tests.backends.redis_fixture", "tests.backends.kafka_fixture"]


WAITING: Final[Mapping[str, tuple[str, ...]]] = {
    "survival": ("tests/survival/",),
    "programs": ("tests/e2e/", "tests/kafka/test_broker_gone.py"),
}
"""What waits for sessions to end, or for a program to start, needs little of a processor: two of these at once are as
many as do not wait for each other.
"""
IS_COMPILED: Final = "FAIRLEAD_COMPILED" in os.environ


def pytest_configure() -> None:
    """`make compiled` is about compiled code: the same tests on the sources would prove nothing of it."""
    if IS_COMPILED and str(decide.__file__).endswith(".py"):
        raise pytest.UsageError(f"{decide.__file__} is not compiled: see `make compiled`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits comes first, so that whoever shares the run begins with it."""
    groups = [*WAITING]
    items.sort(key=lambda item: groups.index(group) if (group := group_of(item.nodeid)) in groups else len(groups))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByGroup:
    """Processes that share the run begin with what kills and waits; one that is left over begins with the rest."""
    return ByGroup(config, log)


class ByGroup(LoadFileScheduling):  # type: ignore[misc]  # its library has no types
    """Tests of one group go to one process.

    `xdist_group` says it in names of tests that pytest no longer lets anybody change: it is not heard, without a word.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """What of the tests runs in one process, one after the other: a file, for its fixtures, or all of what waits."""
    file = nodeid.partition("::")[0]
    return next((group for group, files in WAITING.items() if file.startswith(files)), file)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A compiled module calls its own functions and knows its own numbers: no other ones can be put in their place."""
    if IS_COMPILED and item.get_closest_marker("interpreted"):
        pytest.skip("it puts something into a module that is compiled")
