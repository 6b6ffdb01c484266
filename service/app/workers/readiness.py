"""How workers are together: what any of them lacks, all lack, and each cause names its worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.http.routes import OngoingTrouble, Readiness


def folded(own: Sequence[OngoingTrouble], workers: Mapping[int, Readiness]) -> Readiness:
    """What the parent says: `own`, what it sees itself, then what each worker said.

    A lane that two have for a moment is shown of who works on it: a silent one was told that somebody else does.
    """
    said = sorted(workers.items())
    problems = [problem._replace(worker=number) for number, each in said for problem in each.problems]
    lanes = [(lane, shown._replace(worker=number)) for number, each in said for lane, shown in each.lanes.items()]
    lanes.sort(key=lambda each: (each[0], each[1].state != "silent"))
    return Readiness([*own, *problems], dict(lanes))
