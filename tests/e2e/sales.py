"""The sales set: where the real one is, a made-up one of the same shape, and what must come of either.

The shape: `sales_pipeline.csv` with a row per opportunity, some of which name no account, and `accounts.csv`. The map
and the configuration are the example of the repository.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import orjson
import yaml

from service.wire.messages import RawRecord

EXAMPLE: Final = Path(__file__).parents[2] / "deploy" / "examples" / "crm-sales"
MAP: Final = EXAMPLE / "map.yaml"
CONFIG: Final = EXAMPLE / "config"
PIPELINE: Final = "sales_pipeline.csv"
COLUMNS: Final = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
SECTORS: Final = ("technolgy", "software", "retail", "medical", "finance", "employment")
DEFAULT_POOL: Final = "managers"


class Assigned(NamedTuple):
    """What one assignment says, as far as it matters here."""

    record: str
    owner: str
    pool: str
    turn: int
    question: str
    linked: bool


def made_up(folder: Path, opportunities: int) -> Path:
    """A small set of the same shape: one opportunity in six names no account."""
    chance = Random(1)
    accounts = [f"Firm {number}" for number in range(20)]
    lines = [f"{name},{chance.choice(SECTORS)},1990,12.5,{chance.randrange(5, 20_000)},Norway," for name in accounts]
    header = "account,sector,year_established,revenue,employees,office_location,subsidiary_of"
    (folder / "accounts.csv").write_text("\n".join([header, *lines, ""]))
    rows = [
        f"O{number:05},Ann,GTXPro,{chance.choice(accounts) if number % 6 else ''},Won,10/20/2016,3/1/2017,{number}"
        for number in range(opportunities)
    ]
    (folder / PIPELINE).write_text("\n".join([COLUMNS, *rows, ""]))
    return folder


def opportunities(folder: Path) -> Sequence[Mapping[str, str]]:
    """The rows of the pipeline, in file order."""
    with (folder / PIPELINE).open(newline="") as lines:
        return list(csv.DictReader(lines))


def pools() -> Mapping[str, set[str]]:
    """Who is in which pool, by the configuration."""
    content = yaml.safe_load((CONFIG / "pools.yaml").read_text())
    return {name: set(pool["members"]) for name, pool in content["pools"].items()}


def assignments(records: Sequence[RawRecord]) -> Iterator[Assigned]:
    """The assignments among what was published, each once."""
    seen: set[str] = set()
    for record in records:
        said: dict[str, Any] = orjson.loads(record.value or b"{}")
        assert dict(record.headers)["ce_type"] == b"assignment.assigned.v1", said
        if said["decision"] not in seen:
            seen.add(said["decision"])
            name = said["record"]["id"]
            tried = said["trace"]["tried"]
            yield Assigned(
                name, said["owner"]["id"], said["pool"], said["turn"], said["trace"]["question"], tried[-1]["matched"]
            )


def assert_shared_out(folder: Path, records: Sequence[RawRecord]) -> None:
    """Every opportunity once, evenly within each pool, in the order of the file, without an account by default."""
    rows = opportunities(folder)
    found = list(assignments(records))
    assert sorted(one.record for one in found) == sorted(row["opportunity_id"] for row in rows)
    order = {row["opportunity_id"]: number for number, row in enumerate(rows)}
    served: defaultdict[str, list[Assigned]] = defaultdict(list)
    for one in found:
        served[one.pool].append(one)
    assert served.keys() == pools().keys()
    for pool, members in pools().items():
        turns = sorted(served[pool], key=lambda one: one.turn)
        assert [one.turn for one in turns] == list(range(1, len(turns) + 1))
        assert [order[one.record] for one in turns] == sorted(order[one.record] for one in turns)
        counts = Counter(one.owner for one in turns)
        assert counts.keys() == members
        assert max(counts.values()) - min(counts.values()) <= 1
    without = {row["opportunity_id"] for row in rows if not row["account"]}
    assert {one.record for one in served[DEFAULT_POOL]} == without
    assert {one.record for one in found if one.question == "default"} == without
