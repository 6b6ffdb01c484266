"""`python -m schemas` writes the generated files; with `--check` it only says which of them are out of date."""

from __future__ import annotations

import argparse
import sys

from schemas.generate import drifted, renew_pages, write


def main() -> int:
    """The exit code: 1 where `--check` found files out of date."""
    parser = argparse.ArgumentParser(prog="python -m schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail where files are out of date")
    if not parser.parse_args().check:
        write()
        renew_pages(write=True)
        return 0
    paths = [*drifted(), *renew_pages(write=False)]
    if paths:
        sys.stderr.write(f"out of date, run `python -m schemas`: {', '.join(paths)}\n")
    return 1 if paths else 0


if __name__ == "__main__":
    sys.exit(main())
