"""Adopt a halted lane's log: it is right, and the memory, which belongs to another life, is thrown away."""

from __future__ import annotations

from service.cli.exits import WrongUsage
from service.cli.reach import KafkaAddress, Reach, RedisAddress, Yes, in_reach
from service.cli.recovery import AFTERWARDS, NOT_DONE, LaneNumber, look, patient_in_reach, stands
from service.cli.speech import OUT, AsJson, write_json
from service.lane.recovery import Survey, adopt


def command(
    lane: LaneNumber, yes: Yes = False, as_json: AsJson = False, kafka: KafkaAddress = "", redis: RedisAddress = ""
) -> None:
    """The log is right: throw a lane's memory away; the next claim rebuilds it from the log.

    For a memory that came back older, was mixed up with another deployment's, or knows claims the log does not.
    """

    async def recover(reach: Reach) -> None:
        async with patient_in_reach(reach, lane) as (patient, _):
            before = await look(patient, as_json=as_json)
            if not as_json:
                OUT.print(f"\n{_explained(before)}")
            if not yes:
                raise WrongUsage(NOT_DONE)
            await adopt(patient)
        if as_json:
            write_json({"lane": lane, "before": stands(before), "adopted": True})
        else:
            OUT.print(f"\nthe memory of lane {lane} is empty. {AFTERWARDS}", style="green")

    in_reach(recover, kafka, redis)


def _explained(before: Survey) -> str:
    told = "Adopting throws away the column on the left; the one on the right is what the lane goes on with."
    has_something = before.memory is not None and before.memory.records > 0
    if has_something and (before.log is None or before.log.revision < 0):
        return (
            f"{told}\nThe log holds no decision at all: the lane would begin from nothing, and turn "
            "numbers and decision ids would repeat. If the log was lost, use `fairlead restore`."
        )
    return told
