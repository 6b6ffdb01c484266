"""Say why a record went to whom it went, what workflows asked for, and which of them last cared for the record.

Decisions and actions are what the topics still hold. An event that leads to neither leaves no trace there, so what
workflows did at the last one is read from the memory, where any are configured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from service.cli.exits import FoundProblems, require_record
from service.cli.reach import MAIN, DivisionName, KafkaAddress, Reach, RedisAddress, agreed, in_reach, not_configured
from service.cli.speech import ERRORS, OUT, AsJson, ours, write_json
from service.cli.workflows import due_lines, due_times, weighed_lines
from service.core.configuration import Config
from service.core.model import ActionRequest
from service.core.telling.explain import explain, explain_action
from service.kafka.configuration import ConfigurationFeed, Unusable
from service.kafka.reading import read_key, record_key
from service.language.changes import as_created
from service.nouns import counted
from service.printable import printable
from service.store.port import StoreUnreachable
from service.views.actions import PublishedAction, each_once, read_published_action
from service.views.causes import facts_of
from service.views.published import Published, read_published
from service.views.workflows import RecordStanding, record_standing
from service.wire.times import iso_time

UNPUBLISHED: Final = (
    "; what changes nothing is not published: a person chosen in the CRM, a record that arrived closed, the same told "
    "again"
)
NOT_KEPT: Final = "  what the record had is not kept: its event is gone from the lanes' input, or was no creation"


def command(
    record: Annotated[str, typer.Argument(metavar="RECORD", help="Type and id, such as lead/4711.")],
    division: DivisionName = MAIN,
    history: Annotated[bool, typer.Option("--all", help="Every decision that is kept, the oldest first.")] = False,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
    redis: RedisAddress = "",
) -> None:
    """Say why a record went to whom it went, and what workflows did and why; 1 where nothing is known of it."""
    require_record(record)

    async def tell(reach: Reach) -> None:
        key = record_key(division, record)
        found = decisions(ours(await read_key(reach.connection, reach.topics.assignments, key), read_published))
        asked = each_once(
            ours(await read_key(reach.connection, reach.topics.workflow_actions, key), read_published_action)
        )
        chosen = found if history else found[-1:]
        async with reach.feed() as feed:
            told = [(each, await explanation(each, reach, feed, _asked_with(each, asked))) for each in chosen]
            divisions = feed.latest()
            newest = divisions.get(division, Config(division))
            cared = await _cared_for(record, newest, reach, feed)
        actions = [(each, explain_action(each.request, each.withheld, newest)) for each in asked]
        actions = actions if history else [each for each in actions if _is_of_last(each[0], asked)]
        if as_json:
            said = [{**each.as_json(), "explanation": lines} for each, lines in told]
            wanted = [{**each.as_json(), "explanation": lines} for each, lines in actions]
            weighed = {"weighed": dict(cared.weighed), "weighed_at": _time(cared), "due": due_times(cared)}
            write_json({"record": record, "division": division, "decisions": said, "actions": wanted, **weighed})
        else:
            _print(told, len(found))
            _print_actions(actions, len(asked))
            _print_weighed(cared)
        if not (found or asked or cared.weighed or cared.due):
            named = printable(f"{record} in {division}")
            kept = f"no decision about it is kept{UNPUBLISHED}"
            why = kept if division in divisions else not_configured(division, divisions)
            ERRORS.print(f"nothing is known of {named}: {why}")
            raise FoundProblems

    in_reach(tell, kafka, redis)


def decisions(found: list[Published]) -> list[Published]:
    """Each decision once, in order: outputs may be published again, even after newer ones."""
    return sorted({each.id: each for each in found}.values(), key=lambda each: each.decision.sequence)


def _is_of_last(action: PublishedAction, asked: Sequence[PublishedAction]) -> bool:
    """Whether it was asked for with what was asked for last: one event may lead to several."""
    return bool(action.said["decision"] == asked[-1].said["decision"])


def _asked_with(published: Published, asked: Sequence[PublishedAction]) -> list[ActionRequest] | None:
    """What workflows asked for with a decision, as far as it is kept; none: nothing of it is."""
    return [each.request for each in asked if each.said["decision"] == published.id] or None


async def explanation(
    published: Published, reach: Reach, feed: ConfigurationFeed, requests: Sequence[ActionRequest] | None = None
) -> list[str]:
    """In the words of the configuration it was decided with, else of the newest there is.

    Where the record's fields are still kept, each entry that said no also says what it found.
    """
    version = published.config_version
    config = await feed.version(published.division, version)
    if isinstance(config, Unusable):
        newest = feed.latest().get(published.division, Config(published.division))
        return explain(published.decision, newest, version, requests=requests)
    if _is_agreed(published):
        return explain(published.decision, config, version, requests=requests)
    facts = await facts_of(reach.connection, reach.topics.events, published)
    if facts is None:
        return [*explain(published.decision, config, version, requests=requests), NOT_KEPT]
    asked = config.asked_before.get(published.decision.record.partition("/")[0], frozenset())
    return explain(published.decision, config, version, facts, as_created(asked, facts), requests)


async def _cared_for(record: str, config: Config, reach: Reach, feed: ConfigurationFeed) -> RecordStanding:
    """How far the record is; where there are no workflows, the memory is not asked."""
    if record.partition("/")[0] not in config.workflows.record_types:
        return RecordStanding(record)
    async with reach.store() as store:
        try:
            return await record_standing(store, config, record, agreed(feed).lanes)
        except StoreUnreachable:
            ERRORS.print(f"what workflows last did is not known: Redis at {reach.settings.redis.url} does not answer")
            return RecordStanding(record)


def _time(cared: RecordStanding) -> str | None:
    return None if cared.weighed_ms is None else iso_time(cared.weighed_ms)


def _is_agreed(published: Published) -> bool:
    """Whether no entry said no, so that there is nothing to be found."""
    return all(tried.matched for tried in published.decision.trace.tried)


def _print_actions(told: list[tuple[PublishedAction, list[str]]], known: int) -> None:
    for each, lines in told:
        OUT.print(printable(f"{each.time}   action {each.id}, number {each.request.sequence}"), style="dim")
        OUT.print("\n".join(map(printable, lines)))
    if known > len(told):
        _print_more(known - len(told), "action")


def _print_weighed(cared: RecordStanding) -> None:
    if cared.weighed:
        OUT.print(f"{_time(cared)}   what workflows did that last cared for it", style="dim")
        OUT.print("\n".join(map(printable, weighed_lines(cared))), markup=False)
    if cared.due:
        OUT.print("what workflows do if it goes on waiting", style="dim")
        OUT.print("\n".join(map(printable, due_lines(cared))), markup=False)


def _print(told: list[tuple[Published, list[str]]], known: int) -> None:
    for each, lines in told:
        place = printable(f"{each.time}   decision {each.id}, number {each.decision.sequence}")
        OUT.print(place, style="dim")
        OUT.print("\n".join(map(printable, lines)))
    if known > len(told):
        _print_more(known - len(told), "decision")


def _print_more(count: int, noun: str) -> None:
    OUT.print(f"\n{counted(count, f'earlier {noun}')}: --all shows {'it' if count == 1 else 'them'}", style="dim")
