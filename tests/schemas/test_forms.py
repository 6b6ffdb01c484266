"""A form never takes more than its model: what it cannot say is an error where it is made."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
import pytest
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from schemas.events import DEPTH_LIMIT, INPUTS, MemberChanged, RecordData, RecordUpdated
from schemas.forms import NoForm, form_of


class Stripped(BaseModel):
    part: Annotated[str, StringConstraints(strip_whitespace=True)]


class Renamed(BaseModel):
    part: str = Field(alias="other")


class Made(BaseModel):
    part: list[str] = Field(default_factory=list)


class Anywhere(BaseModel):
    part: Annotated[str, Field(pattern="a")]


class Changed(BaseModel):
    part: Annotated[str, BeforeValidator(str.upper)]


class ChangedAfterwards(BaseModel):
    part: Annotated[str, AfterValidator(str.upper)]


class Listed(BaseModel):
    part: Annotated[dict[str, Annotated[str, AfterValidator(str.upper)]], Field(max_length=3)]


class Multiple(BaseModel):
    part: Annotated[int, Field(multiple_of=2)]


class Strictly(BaseModel):
    model_config = ConfigDict(str_to_lower=True)
    part: str


class Later(BaseModel):
    part: AwareDatetime

    @field_validator("part", mode="wrap")
    @classmethod
    def _wrapped(cls, value: Any, handler: Any) -> Any:
        return handler(value)


class Whole(BaseModel):
    part: str

    @model_validator(mode="after")
    def _checked(self) -> Whole:
        return self


@pytest.mark.parametrize(
    "model",
    [
        Stripped,
        Renamed,
        Made,
        Anywhere,
        Changed,
        ChangedAfterwards,
        Listed,
        Multiple,
        Strictly,
        Later,
        Whole,
        MemberChanged,
    ],
    ids=lambda model: model.__name__,
)
def test_what_a_form_cannot_say_makes_none(model: type[BaseModel]) -> None:
    """A rule of a model that nobody thought of here must not get lost."""
    with pytest.raises(NoForm, match="no form can say"):
        form_of(model)


RECORDS: Final = [model for model in INPUTS.values() if issubclass(model, RecordData)]


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
def test_a_form_has_the_fields_of_its_model(model: type[BaseModel]) -> None:
    """Whoever reads a form reads it as the model; what need not be told has the same default."""
    form: Any = form_of(model)
    fields = {field.name: field for field in msgspec.structs.fields(form)}
    assert list(fields) == list(model.model_fields)
    assert {name for name, field in fields.items() if field.required} == {
        name for name, field in model.model_fields.items() if field.is_required()
    }


@pytest.mark.parametrize("levels", [DEPTH_LIMIT, DEPTH_LIMIT + 1])
def test_how_deep_fields_are_is_said_by_their_type(levels: int) -> None:
    text = '{"record":{"type":"lead","id":"1","fields":{"a":%s}}}' % ("[" * levels + "]" * levels)
    form = form_of(RecordUpdated)
    if levels <= DEPTH_LIMIT:
        assert msgspec.json.decode(text, type=form).record.fields
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=form)
