"""How a pool shares out, as it is written: by which strategy, and how newcomers enter it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas.config_values import detailed

Strategy = Literal["round_robin", "least_loaded", "longest_idle", "ranked", "take"]

TURNS_LIMIT: Final = 100


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CatchUp(_Part):
    """Newcomers get the next records until they are level: all, or `at_most` so many `of` so many turns in a row."""

    at_most: Annotated[int | None, Field(ge=1, le=TURNS_LIMIT - 1, strict=True, description="Turns they get.")] = None
    of: Annotated[int | None, Field(ge=2, le=TURNS_LIMIT, strict=True, description="Turns in a row.")] = None

    @model_validator(mode="after")
    def _is_a_ceiling(self) -> Self:
        if (self.at_most, self.of) != (None, None) and (self.at_most or TURNS_LIMIT) >= (self.of or 0):
            raise ValueError("a ceiling is so many of more turns: write both, such as {at_most: 1, of: 2}, or neither")
        return self


class Entering(_Part):
    """How newcomers enter a pool: `end_of_ring`, level with the others and behind all of them; or they catch up."""

    catch_up: Annotated[
        CatchUp | None,
        BeforeValidator(detailed, json_schema_input_type=CatchUp | None),
        Field(description="How fast they get level; null: they enter at the end of the ring."),
    ] = None
