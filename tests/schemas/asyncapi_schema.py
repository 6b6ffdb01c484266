"""The AsyncAPI Initiative's own JSON Schema, from its npm package, fetched once and kept in the test cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest

PACKAGE: Final = "@asyncapi/specs@6.11.1"
MEMBER: Final = "package/schemas/3.0.0-without-$id.json"
FETCH_SECONDS: Final = 120


def official_schema() -> dict[str, Any]:
    """The schema of AsyncAPI 3.0.0. Skips the test where there is no npm to fetch it with and no copy from before."""
    cache = Path(os.environ.get("FAIRLEAD_CACHE") or Path.home() / ".cache" / "fairlead")
    kept = cache / "asyncapi-3.0.0.json"
    if not kept.exists():
        if shutil.which("npm") is None:
            pytest.skip("there is no npm to fetch the AsyncAPI schema with")
        cache.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(_fetched())
    schema: dict[str, Any] = json.loads(kept.read_bytes())
    return schema


def _fetched() -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        fetch = ["npm", "pack", "--silent", PACKAGE]
        subprocess.run(fetch, cwd=scratch, check=True, capture_output=True, timeout=FETCH_SECONDS)
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as package:
            member = package.extractfile(MEMBER)
            assert member is not None, f"{PACKAGE} has no {MEMBER}"
            return member.read()
