"""Fixtures that several kinds of tests share: real back ends where they can be had."""

import os

import pytest

from service.core import decide

pytest_plugins = ["tests.backends.redis_fixture", "tests.backends.kafka_fixture"]


def pytest_configure() -> None:
    """`make compiled` is about compiled code: the same tests on the sources would prove nothing of it."""
    if "FAIRLEAD_COMPILED" in os.environ and str(decide.__file__).endswith(".py"):
        raise pytest.UsageError(f"{decide.__file__} is not compiled: see `make compiled`")
