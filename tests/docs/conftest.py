"""Commands of pages run as those of the command line's own tests do."""

from tests.cli.conftest import alone

__all__ = ["alone"]
