"""Who may see what is configured, as documents say it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from schemas.config_values import AS_WRITTEN

Audience = Literal["everyone", "members", "admins"]
"""Anybody, the people of the configuration, or its administrators."""


class Visibility(BaseModel):
    """Who may look at what. `everyone`: no right is asked for. `members`: active users. `admins`: administrators."""

    model_config = AS_WRITTEN

    pools: Annotated[Audience, Field(description="Pools and queues.")] = "everyone"
    plans: Annotated[Audience, Field(description="Sales plans.")] = "members"
    workflows: Annotated[Audience, Field(description="Workflows.")] = "admins"
