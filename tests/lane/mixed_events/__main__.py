"""Record what is published and decided: `python -m tests.lane.mixed_events --write`, or all of it: `--dump FILE`.

Write only where a change is meant to change what is published, and say in the commit which counts moved and why. To
see what a change does, dump before and after it and compare the two files.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

import structlog

from tests.lane.mixed_events.runs import RECORDED, RUNS, run
from tests.lane.mixed_events.taken import differences, digest


def main() -> int:
    """Play the runs; 1 where one differs from what is recorded, unless it is recorded anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.lane.mixed_events")
    parser.add_argument("--write", action="store_true", help="record what this program publishes")
    parser.add_argument("--dump", type=Path, metavar="FILE", help="write everything, a line each")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    taken = {name: run(name) for name in RUNS}
    found = {name: each.summary() for name, each in taken.items()}
    if asked.dump:
        asked.dump.write_text("".join(f"{name}: {line}\n" for name, each in taken.items() for line in each.lines()))
    is_different = False
    for name, each in taken.items():
        told = differences(recorded[name], found[name]) if name in recorded else ["nothing is recorded"]
        is_different |= bool(told)
        log = digest((value,) for value in each.log_bytes)
        print(f"{name}: {len(each.published)} messages, {len(each.outcomes)} outcomes, {len(each.kinds)} kinds of them")
        print(f"    log bytes (not compared): {log}")
        print("".join(f"    {line}\n" for line in told), end="")
    if asked.write:
        RECORDED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return 1 if is_different and not asked.write else 0


if __name__ == "__main__":
    sys.exit(main())
