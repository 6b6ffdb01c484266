"""Apply Fairlead's assignments to a CRM: each once, none that is late, and never over a person who was quicker.

The CRM is a table `records (name, owner, sequence)`; an owner is `user:ann`, `pool:inbound`, or NULL for nobody.
"""

import asyncio
import json
import os
import sqlite3
from typing import Any

from aiokafka import AIOKafkaConsumer

TABLE = "CREATE TABLE IF NOT EXISTS records (name TEXT PRIMARY KEY, owner TEXT, sequence INTEGER NOT NULL DEFAULT 0)"
NOTE = "UPDATE records SET sequence = :sequence WHERE name = :name AND sequence < :sequence"
APPLY = "UPDATE records SET owner = :owner WHERE name = :name AND owner IS :expected"


def take(crm: sqlite3.Connection, name: str, kind: str, data: dict[str, Any]) -> str:
    """What came of one message. Owner and sequence change together or not at all, so that a crash repeats both."""
    with crm:
        if not crm.execute(NOTE, {"name": name, "sequence": data["sequence"]}).rowcount:
            return "ignored: seen before, late, or of a record that is gone"
        if kind != "assignment.assigned.v1":
            return "noted: it changes no owner"
        change = {"name": name, "owner": owner(data["owner"]), "expected": owner(data["expected_owner"])}
        return "applied" if crm.execute(APPLY, change).rowcount else "left: somebody else was quicker"


def owner(value: dict[str, str] | None) -> str | None:
    """An owner as the table holds it."""
    return f"{value['kind']}:{value['id']}" if value else None


async def follow(bootstrap: str, crm: sqlite3.Connection) -> None:
    """Take every message, for ever. The position is committed behind what is applied, never before."""
    options: dict[str, Any] = {"group_id": "crm", "enable_auto_commit": False, "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer("assignments", bootstrap_servers=bootstrap, **options) as consumer:
        async for message in consumer:
            name, kind = message.key.decode(), dict(message.headers)["ce_type"].decode()
            print(name, take(crm, name, kind, json.loads(message.value)), flush=True)
            await consumer.commit()


if __name__ == "__main__":
    table = sqlite3.connect(os.environ.get("CRM", "crm.db"))
    table.execute(TABLE)
    asyncio.run(follow(os.environ.get("BOOTSTRAP", "127.0.0.1:9092"), table))
