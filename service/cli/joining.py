"""Say, when a configuration is put in force, who joins a sales plan that is in use, and gets new leads first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.cli.reach import Reach, agreed
from service.cli.speech import OUT
from service.core.configuration import Config
from service.kafka.configuration import ConfigurationFeed
from service.nouns import counted
from service.printable import printable
from service.store.port import StoreUnreachable
from service.views.joining import ClientsOf, Joining, joined, joinings
from service.views.peeking import peek


async def who_joins(reach: Reach, feed: ConfigurationFeed, before: Mapping[str, Config]) -> list[Joining]:
    """Who joins plans by what was put in force since `before`. The memory is asked only where somebody does."""
    found: list[Joining] = []
    for division, config in sorted(feed.latest().items()):
        known = before.get(division)
        if known is not None and joined(known, config):
            found += joinings(known, config, await _clients(reach, division, agreed(feed).lanes))
    return found


def print_joining(found: Iterable[Joining]) -> None:
    """A sentence for each."""
    for each in found:
        where = "" if each.division == "main" else f"{each.division}: "
        many = "every new lead" if each.leads is None else f"the next {counted(each.leads, 'new lead')}"
        many = "the next new lead" if each.leads == 1 else many
        said = f"{where}{each.person} joins the plan {each.plan}, which is in use, and gets {many} first"
        OUT.print(printable(f"{said}, until they have as many clients as the others"), style="magenta", highlight=False)


async def _clients(reach: Reach, division: str, lanes: int) -> ClientsOf | None:
    """How many clients there are; none where the memory does not answer, or means nothing at this moment."""
    try:
        async with reach.store() as store:
            state, memory = await peek(store, division, lanes, ("clients",))
    except StoreUnreachable:
        return None
    return {field: known.clients for field, known in state.clients.items()} if memory == "ready" else None
