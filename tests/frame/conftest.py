"""What tests of the frame change for the whole process is as it was behind each of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from service.telemetry.unfailing import LOST


@pytest.fixture(autouse=True)
def restored_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where log lines go, and what is remembered of lost ones."""
    monkeypatch.setattr(LOST, "_kinds", {})
    before, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**before)
