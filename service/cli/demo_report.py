"""What the demonstration shows: people and counts, three explanations, dead letters, and the count for machines."""

from __future__ import annotations

import textwrap
from typing import Final

from rich.table import Table
from rich.text import Text

from service.cli.speech import Speaker, tell_foreign, write_json
from service.core.pool_spec import PoolSpec
from service.core.reasons import NOTHING
from service.core.telling.explain import explain
from service.demo.running import DemoResult
from service.printable import printable

WIDTH: Final = 100
EXPLAINED: Final = ("somebody was away", "given to a pool", "wrong_record_type", "rejected", "assigned", "pending")
"""The sorts of decisions to explain, the best first; three are shown."""
SHOWN: Final = 3
BAR_WIDTH: Final = 20


def show(result: DemoResult) -> None:
    """Write the whole report."""
    out = Speaker(width=WIDTH)
    out.print()
    out.print(_headline(result))
    out.print(_pools(result))
    out.print(_spread(result))
    _show_explanations(result, out)
    _show_the_rest(result, out)
    write_json(numbers(result))


def numbers(result: DemoResult) -> dict[str, object]:
    """The last line."""
    tally = result.tally
    spreads = [spread for spread in tally.spread(result.config).values() if spread is not None]
    return {
        "events": len(tally.sources),
        "assigned": tally.kinds["assigned"],
        "pending": tally.kinds["pending"],
        "rejected": tally.kinds["rejected"],
        "dead_letters": len(tally.dead_letters),
        "missing": len(tally.missing),
        "double": len(tally.doubles),
        "max_spread": max(spreads, default=None),
        "seconds": round(result.seconds, 2),
    }


def _headline(result: DemoResult) -> Text:
    tally = result.tally
    rate = len(tally.sources) / result.working_seconds
    return Text.assemble(
        (f"{len(tally.sources):,} CRM events", "bold"),
        f" in {result.working_seconds:.1f} s ({rate:,.0f} a second), over the real Kafka protocol, state in Valkey\n",
        (f"{tally.kinds['assigned']:,} assigned", "green"),
        f"   {tally.kinds['pending']:,} had to wait,"
        f" {len(tally.waiting):,} still do   {tally.kinds['rejected']:,} rejected"
        f"   {tally.kinds['released']:,} released   {len(tally.dead_letters):,} dead letters\n"
        f"{len(tally.missing):,} missing   {len(tally.doubles):,} double\n",
    )


def _pools(result: DemoResult) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    for heading, justify in (("pool", "left"), ("person", "left"), ("records", "right"), ("", "left"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # a literal in the table above
    most = max(result.tally.served.values(), default=1)
    for pool in result.config.pools.values():
        for line, member in enumerate(pool.members):
            count = result.tally.served[pool.id, member.person]
            bar = _bar(count, most)
            left = "was away for a while" if member.person in result.tally.away else ""
            name = printable(result.config.users[member.person].name)
            title = _title(pool) if line == 0 else ""
            table.add_row(title, name, f"{count:,}", Text(bar, style="cyan"), Text(left, style="dim"))
        table.add_section()
    for (pool_id, person), count in sorted(result.tally.served.items()):
        if not pool_id:
            name = printable(result.config.users[person].name)
            table.add_row(Text("by rule", style="dim"), name, f"{count:,}", Text(_bar(count, most), style="cyan"), "")
    return table


def _bar(count: int, most: int) -> str:
    return "━" * round(BAR_WIDTH * count / most)


def _title(pool: PoolSpec) -> Text:
    return Text(printable(pool.name or pool.id), style="bold")


def _spread(result: DemoResult) -> Text:
    spreads = result.tally.spread(result.config)
    told = Text("\n").append("Largest spread", style="bold")
    told.append(", most minus fewest among those who were there all along:\n  ")
    for pool, spread in spreads.items():
        told.append(f"{printable(pool)} ").append("–" if spread is None else str(spread), style="bold").append("   ")
    unmeasured = "(–: everybody was away for a while)" if None in spreads.values() else ""
    return told.append(unmeasured, style="dim").append("\n")


def _show_explanations(result: DemoResult, out: Speaker) -> None:
    out.print(Text.assemble(("Why?", "bold"), " Every decision can say so"))
    kept = result.tally.kept
    for sort in [sort for sort in EXPLAINED if sort in kept][:SHOWN]:
        out.print()
        for line in explain(kept[sort], result.config):
            out.print(_folded(printable(line)))
    out.print()


def _folded(line: str) -> str:
    """A long line goes on under itself, a little to the right."""
    indent = "  " + line[: len(line) - len(line.lstrip())]
    folded = textwrap.wrap(
        line.strip(),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "      ",
        replace_whitespace=False,
        drop_whitespace=True,
    )
    return "\n".join(folded)


def _show_the_rest(result: DemoResult, out: Speaker) -> None:
    tally = result.tally
    out.print(Text.assemble(("Dead letters", "bold"), ", each with its original bytes and the reason"))
    table = Table(box=None, padding=(0, 3, 0, 0), show_header=False)
    for letter in sorted(tally.dead_letters.values()):
        table.add_row("", *map(printable, (letter.reason, letter.position.partition("/")[2], letter.detail)))
    out.print(table)
    out.print(Text.assemble("\n", ("Nothing to do", "bold"), ", each with its reason"))
    reasons = Table(box=None, padding=(0, 3, 0, 0), show_header=False)
    for reason, count in tally.reasons.most_common():
        reasons.add_row("", f"{count:,}", printable(NOTHING.get(reason, reason)))  # type: ignore[call-overload]  # any text is fine
    out.print(reasons)
    for place in tally.foreign:
        tell_foreign(place, "it counts nowhere")
    out.print()
