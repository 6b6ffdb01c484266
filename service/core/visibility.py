"""Who may see what is configured, and who may change it (D10).

Pools are for everyone to see, plans for who works on them, workflows for administrators; a setting says otherwise. What
is configured is changed by administrators alone (S9, S87), where it is known who changes it.
"""

from __future__ import annotations

from typing import Final, Literal

from service.core.configuration import Config

Shown = Literal["pools", "plans", "workflows"]
"""What people look at."""
Audience = Literal["everyone", "members", "admins"]
"""Who may look: anybody, the people of the configuration, or its administrators."""

ADMIN: Final = "admin"


def may_see(person: str, what: Shown, config: Config) -> bool:
    """Whether this person may look at such things."""
    match config.visibility.get(what, DEFAULTS[what]):
        case "everyone":
            return True
        case "members":
            user = config.users.get(person)
            return user is not None and user.active
        case _:
            return is_admin(person, config)


def is_admin(person: str, config: Config) -> bool:
    """Whether this person may change what is configured."""
    user = config.users.get(person)
    return user is not None and user.active and ADMIN in user.roles


DEFAULTS: Final[dict[Shown, Audience]] = {"pools": "everyone", "plans": "members", "workflows": "admins"}
