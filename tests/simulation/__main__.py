"""Run seeds: `python -m tests.simulation --seed 1234`, or `--seeds 5000` for the first so many."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter

import structlog

from tests.simulation.run import simulate


def main() -> int:
    """Run the seeds asked for; print each that breaks a promise, with the command that replays it."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="run this one, with the lanes' own log")
    parser.add_argument("--seeds", type=int, default=200, help="run so many")
    parser.add_argument("--first", type=int, default=0, help="begin with this seed")
    parser.add_argument("--steps", type=int, default=1_500, help="steps with faults")
    parser.add_argument("--events", type=int, default=120, help="CRM events in a run")
    asked = parser.parse_args()
    if asked.seed is None:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    seeds = range(asked.first, asked.first + asked.seeds) if asked.seed is None else [asked.seed]
    failed, happened, started = 0, Counter[str](), time.monotonic()
    for seed in seeds:
        report = simulate(seed, steps=asked.steps, events=asked.events)
        happened += report.happened
        if report.found:
            failed += 1
            print(f"python -m tests.simulation --seed {seed} --steps {asked.steps} --events {asked.events}")
            print("\n".join(f"    {line[:300]}" for line in report.found[:8]))
    for name, times in sorted(happened.items()):
        print(f"{times:8}  {name}")
    print(f"{len(seeds)} seeds, {failed} failed, {time.monotonic() - started:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
