"""The payload that all contestants get: created leads of about a kilobyte each, the same for the same seed.

They are what a CRM sends: an envelope in headers, standard and custom fields, a linked account. The example
configuration decides them: four entries of a rule set are asked for most, and two pools share nearly all of them.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

from service.wire.cloudevents import binary_message
from service.wire.messages import Message

COUNTRIES: Final = ("AE", "AR", "BR", "CA", "DE", "ES", "FR", "GB", "IT", "MX", "NL", "PL", "SE", "US")
SECTORS: Final = ("retail", "software", "finance", "medical", "telecommunications")
STEPS: Final = ("new", "called", "visited", "asked for an offer")
NOTE: Final = "Met at the fair; wants to replace the present system before the end of the year. "
TYPE: Final = "crm.record.created.v1"
SOURCE: Final = "bench"


def created_lead(topic: str, number: int, random: Random) -> Message:
    """The event in which lead `number` is created; its id is `<type>/<number>`."""
    record = {
        "type": "lead",
        "id": f"L-{number:08}",
        "fields": _fields(number, random),
        "linked": {"account": {"id": f"A-{number % 9973}", "type": "account", "fields": _account(random)}},
    }
    attributes = {
        "id": f"{SOURCE}-{number}",
        "source": SOURCE,
        "type": TYPE,
        "time": f"2026-03-{1 + number % 28:02}T{number % 24:02}:{number % 60:02}:00Z",
        "correlationid": f"{SOURCE}-{number}",
    }
    data = {"record": record, "channel": "api", "version": 1}
    return binary_message(topic, f"lead/{record['id']}", attributes, data)


def created_leads(topic: str, first: int, count: int, seed: int) -> list[Message]:
    """Leads `first` to `first + count - 1`."""
    random = Random(f"{seed}/{first}")
    return [created_lead(topic, number, random) for number in range(first, first + count)]


def size_of(message: Message) -> int:
    """Bytes of key, value and headers."""
    headers = sum(len(name) + len(value or b"") for name, value in message.headers)
    return len(message.key) + len(message.value) + headers


def _fields(number: int, random: Random) -> dict[str, Any]:
    return {
        "name": f"Lead number {number}",
        "email": f"person.{number}@example.com",
        "phone": f"+49 30 {random.randrange(10**7):07}",
        "country": random.choice(COUNTRIES),
        "city": f"City {random.randrange(500)}",
        "source": "web",
        "score": random.randrange(100),
        "budget": round(random.uniform(1_000, 90_000), 2),
        "step": random.choice(STEPS),
        "newsletter": random.random() < 0.5,
        "campaign": f"campaign-{random.randrange(40)}",
        "products": [f"P-{random.randrange(300)}" for _ in range(3)],
        "note": NOTE * 2,
        "x_priority": random.randrange(5),
        "x_region": f"region-{random.randrange(12)}",
    }


def _account(random: Random) -> dict[str, Any]:
    return {
        "name": f"Account {random.randrange(10_000)}",
        "sector": random.choice(SECTORS),
        "employees": random.randrange(10, 5_200),
        "revenue": random.randrange(10**5, 10**8),
        "country": random.choice(COUNTRIES),
    }
