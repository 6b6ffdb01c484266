"""Where the example configuration is: in the installed package, else in the repository's `deploy/config`."""

from __future__ import annotations

from pathlib import Path


def example_directory() -> Path:
    """A configuration to begin with: three pools, a dozen people, a few rules."""
    installed = Path(__file__).with_name("configuration")
    return installed if installed.exists() else Path(__file__).parents[2] / "deploy" / "config"
