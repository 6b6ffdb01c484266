"""Forms: what a model of an event takes without a second thought, as a type that msgspec reads.

A model is lenient, and has the words for what is wrong; asking it costs more than twice as much. A form has the same
fields and is stricter: text where the model also takes a number for one, no blank text for nothing, no name that
the model passes over. It is made of what the model itself runs, its core schema, so there is one truth: what a form
accepts, its model accepts with equal values. What a form refuses is not wrong for that; the model is to be asked.

Nothing is taken on trust: a constraint, a validator or a kind of schema that is not named here makes no form, but an
error at import.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, reduce
from types import GenericAlias
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from pydantic import BaseModel

from schemas.envelope import as_text, is_within_bounds, unless_blank, written_out
from schemas.events import DEPTH_LIMIT, as_number, is_shallow, known_status

_Model = TypeVar("_Model", bound=BaseModel)
_Schema = Mapping[str, Any]
_Check = Callable[[Any], object]

_SILENT: Final = frozenset({"type", "metadata", "ref", "description", "title"})
"""Keys of a schema that forbid nothing."""
_LEAVE_AS_IT_IS: Final = frozenset({as_text, as_number, known_status, written_out})
"""Validators that change nothing of what is of the type behind them already."""
_CHECKS: Final = frozenset({is_within_bounds})
"""Validators that give what they are given, or raise."""


class NoForm(TypeError):
    """A model asks for something that no form can say."""


def form_of(model: type[_Model]) -> type[_Model]:
    """The form of a model. In truth it is a `msgspec.Struct`; whoever reads it finds the model's attributes.

    A time is a `datetime` in it. Raises `NoForm`.
    """
    return _struct(model)  # type: ignore[return-value]  # its fields are those of the model, with their types


@cache
def _struct(model: type[BaseModel]) -> type[msgspec.Struct]:
    schema = _of(model.__pydantic_core_schema__, "model", "cls", "schema", "config", "custom_init", "root_model")
    config = _of(schema["config"], None, "extra_fields_behavior")
    fields = _of(schema["schema"], "model-fields", "fields", "model_name", "computed_fields")["fields"]
    rows = [_row(name, _of(field, "model-field", "schema")["schema"]) for name, field in fields.items()]
    checks = [(name, check) for name, _, found in rows for check in found]
    return msgspec.defstruct(
        model.__name__,
        [row for _, row, _ in rows],
        namespace={"__post_init__": _passing(checks)} if checks else None,
        forbid_unknown_fields=config["extra_fields_behavior"] == "ignore",
        kw_only=True,
        frozen=True,
        gc=False,
    )


def _of(schema: _Schema, kind: str | None, *known: str) -> _Schema:
    """The schema, if it is of this kind and has no more to say than what is known."""
    more = [key for key, value in schema.items() if key not in _SILENT and key not in known and value]
    if schema.get("type") != kind or more:
        raise NoForm(f"no form can say {schema.get('type')} with {more}")
    return schema


def _row(name: str, schema: _Schema) -> tuple[str, tuple[str, Any, Any], list[_Check]]:
    """A field: its name, itself, and the model's validators that are to be asked about its value."""
    default = msgspec.NODEFAULT
    if schema["type"] == "default":
        schema = _of(schema, "default", "schema", "default", "copy_default")
        default, schema = schema["default"], schema["schema"]
    may_be_none = schema["type"] == "nullable"
    if may_be_none:
        schema = _of(schema, "nullable", "schema")["schema"]
    checks = []
    while schema["type"] == "function-after" and schema["function"]["function"] in _CHECKS:
        schema = _of(schema, "function-after", "function", "schema")
        checks.append(_of(schema["function"], "no-info", "function")["function"])
        schema = schema["schema"]
    told = _type(schema)
    return name, (name, told | None if may_be_none else told, default), checks


def _passing(checks: list[tuple[str, _Check]]) -> Callable[[Any], None]:
    """Ask the model's own validators, which raise `ValueError`, about all that is told."""

    def passing(form: Any) -> None:
        for name, check in checks:
            value = getattr(form, name)
            if value:
                check(value)

    return passing


def _type(schema: _Schema) -> Any:
    match schema["type"]:
        case "nullable":
            return _type(_of(schema, "nullable", "schema")["schema"]) | None
        case "model":
            return _struct(schema["cls"])
        case "function-before":
            return _narrowed(_of(schema, "function-before", "function", "schema", "json_schema_input_schema"))
        case "function-after":
            return _fields(schema)
        case "dict" | "tuple" | "union":
            return _container(schema)
        case _:
            return _plain(schema)


def _plain(schema: _Schema) -> Any:
    match schema["type"]:
        case "any":
            return Any
        case "bool":
            _of(schema, "bool")
            return bool
        case "datetime":
            _of(schema, "datetime", "tz_constraint", "microseconds_precision")
            return Annotated[datetime, msgspec.Meta(tz=True)]
        case "int":
            _of(schema, "int", "ge", "le", "strict")
            return Annotated[int, _limits(schema, "ge", "le")]
        case "literal":
            return Literal[tuple(_of(schema, "literal", "expected")["expected"])]
        case "str":
            _of(schema, "str", "min_length", "max_length", "pattern", "coerce_numbers_to_str")
            return Annotated[str, _limits(schema, "min_length", "max_length", "pattern")]
        case kind:
            raise NoForm(f"no form can say {kind}")


def _container(schema: _Schema) -> Any:
    match schema["type"]:
        case "dict":
            return _mapping(schema, _type(schema["values_schema"]))
        case "tuple":
            _of(schema, "tuple", "items_schema", "variadic_item_index", "min_length", "max_length")
            (item,) = schema["items_schema"]
            return Annotated[GenericAlias(tuple, (_type(item), ...)), _limits(schema, "min_length", "max_length")]
        case _:
            return reduce(operator.or_, map(_type, _of(schema, "union", "choices")["choices"]))


def _mapping(schema: _Schema, values: Any) -> Any:
    _of(schema, "dict", "keys_schema", "values_schema", "max_length")
    told = GenericAlias(dict, (_type(schema["keys_schema"]), values))
    return Annotated[told, _limits(schema, "max_length")]


def _fields(schema: _Schema) -> Any:
    """Fields of a record. That they are shallow is said by the type of what they hold."""
    function = _of(_of(schema, "function-after", "function", "schema")["function"], "no-info", "function")["function"]
    fields = schema["schema"]
    if function is not is_shallow or fields["type"] != "dict" or fields["values_schema"]["type"] != "any":
        raise NoForm(f"no form can say what {function.__name__} does")
    return _mapping(fields, _nested(DEPTH_LIMIT))


@cache
def _nested(levels: int) -> Any:
    """Any value of so many lists and objects within each other at most."""
    plain = None | bool | int | float | str
    if levels == 0:
        return plain
    inner = _nested(levels - 1)
    return plain | GenericAlias(list, (inner,)) | GenericAlias(dict, (str, inner))


def _narrowed(schema: _Schema) -> Any:
    """What stands behind a validator, narrowed to what that would not change."""
    function = _of(schema["function"], "no-info", "function")["function"]
    if function in _LEAVE_AS_IT_IS:
        return _type(schema["schema"])
    if function is unless_blank:
        text = _type(_of(schema["schema"], "nullable", "schema")["schema"])
        return Annotated[text, msgspec.Meta(pattern=r"\S")] | None
    raise NoForm(f"no form can say what {function.__name__} does")


def _limits(schema: _Schema, *names: str) -> msgspec.Meta:
    limits = {name: schema[name] for name in names if name in schema}
    if "pattern" in limits:
        limits["pattern"] = _to_the_end(limits["pattern"])
    return msgspec.Meta(**limits)


def _to_the_end(pattern: str) -> str:
    """The pattern for Python, where `$` also stands before a last line break."""
    if not (pattern.startswith("^") and pattern.endswith("$")):
        raise NoForm(f"no form can say the pattern {pattern}")
    return rf"{pattern[:-1]}\Z"
