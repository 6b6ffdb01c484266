"""Restore a halted lane from its memory: the log is gone or another one, and begins anew with what the memory holds."""

from __future__ import annotations

import os
import socket
from typing import Annotated

import typer

from service.cli.exits import WrongUsage
from service.cli.reach import KafkaAddress, Reach, RedisAddress, Yes, in_reach
from service.cli.recovery import AFTERWARDS, NOT_DONE, LaneNumber, look, patient_in_reach, stands
from service.cli.speech import OUT, AsJson, write_json
from service.lane.recovery import restore

InputBegunAnew = Annotated[
    bool,
    typer.Option(
        "--input-begun-anew", help="The events topic was made anew, too; needed only where it cannot be seen."
    ),
]


def command(
    lane: LaneNumber,
    input_begun_anew: InputBegunAnew = False,
    yes: Yes = False,
    as_json: AsJson = False,
    kafka: KafkaAddress = "",
    redis: RedisAddress = "",
) -> None:
    """The memory is right: write it into the log as a snapshot; the next claim goes on from there.

    For a log topic that was lost or made anew. Where the CRM's topics were made anew as well, follow it with
    `fairlead sources reset`. What the lost log decided last may not have been published: nobody can tell any more.
    """

    async def recover(reach: Reach) -> None:
        async with patient_in_reach(reach, lane) as (patient, feed):
            before = await look(patient, as_json=as_json)
            if not as_json:
                OUT.print(
                    "\nRestoring writes the column on the left into the log as a snapshot, then empties the memory. "
                    "Nothing that the log holds now counts afterwards."
                )
            if not yes:
                raise WrongUsage(NOT_DONE)
            owner = f"restore by {socket.gethostname()}/{os.getpid()}"
            done = await restore(patient, owner, feed.latest(), input_begun_anew=input_begun_anew)
        if as_json:
            said = {**done._asdict(), "input": done.input._asdict()}
            write_json({"lane": lane, "before": stands(before), "restored": said})
        else:
            OUT.print(
                f"\nlane {lane} stands in the log at {done.start} to {done.complete}, its input goes on at "
                f"{done.input.offset}. {AFTERWARDS}",
                style="green",
            )

    in_reach(recover, kafka, redis)
