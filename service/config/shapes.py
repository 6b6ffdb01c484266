"""What the models say of a place in a document: its keys, its words, and the forms that a value may have there.

A place that is a mapping or a list in the end often takes a shorter form, too. Which ones is said once, by the model,
beside what reads them; the published schema and the sentences about mistakes take it from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from schemas.config import Document
from service.config.alternatives import EXPECTED
from service.config.nodes import Steps

_CONTAINERS: Final = frozenset({EXPECTED["model_type"], EXPECTED["tuple_type"]})
_FORMS: Final[Mapping[Any, str]] = {
    bool: EXPECTED["bool_type"],
    dict: EXPECTED["dict_type"],
    float: EXPECTED["float_type"],
    int: EXPECTED["int_type"],
    list: EXPECTED["tuple_type"],
    str: EXPECTED["string_type"],
    tuple: EXPECTED["tuple_type"],
}


def known_keys(path: Steps) -> tuple[str, ...]:
    """The keys that a document may have at a path."""
    shape = _shape_at(path)
    return tuple(map(str, _fields_of(shape))) if _is_model(shape) else ()


def words_at(path: Steps) -> tuple[object, ...]:
    """The words that may stand at a path, or in a list there."""
    shape = _shape_at(path)
    if get_origin(shape) is tuple:
        shape = _model_in(get_args(shape)[0])
    return get_args(shape) if get_origin(shape) is Literal else ()


def short_too(wanted: str, path: Steps) -> str:
    """What is expected at a path where a mapping or a list is, with the short forms that are read as one."""
    if wanted not in _CONTAINERS:
        return wanted
    forms = dict.fromkeys(form for short in _short_forms(_declared_at(path)) for form in _forms(short))
    if wanted not in forms:
        return wanted
    *others, last = [form for form in forms if form]
    return f"{', '.join(others)} or {last}" if others else last


def _short_forms(declared: Any) -> Iterator[Any]:
    """What a place takes before it is brought into its one form, as the published schema has it."""
    if get_origin(declared) in (Union, UnionType):
        for each in get_args(declared):
            yield from _short_forms(each)
    elif get_origin(declared) is Annotated:
        inner, *notes = get_args(declared)
        said = [each.json_schema_input_type for each in notes if isinstance(each, BeforeValidator)]
        yield from (each for each in said if each is not PydanticUndefined)
        yield from _short_forms(inner)


def _forms(shape: Any) -> Iterator[str]:
    """In words, what has this shape; empty for nothing, which nobody writes where something is expected."""
    origin = get_origin(shape)
    if origin is Annotated:
        yield from _forms(get_args(shape)[0])
    elif origin in (Union, UnionType):
        for each in get_args(shape):
            yield from _forms(each)
    elif origin is Literal:
        yield from map(repr, get_args(shape))
    else:
        yield "a mapping" if _is_model(shape) else _FORMS.get(origin or shape, "")


def _declared_at(path: Steps) -> Any:
    """What the models say of a place, with all that stands around its shape."""
    declared: Any = Document
    for step in path:
        shape = _opened(declared)
        found = _fields_of(shape).get(step) if _is_model(shape) else None
        if found is not None:
            declared = Annotated[found.annotation, found, *found.metadata]
        else:
            inner = [each for each in get_args(shape) if each is not Ellipsis]
            declared = inner[-1] if inner else None
    return declared


def _opened(declared: Any) -> Any:
    """The shape itself; what is in a list or a mapping keeps what stands around it."""
    if get_origin(declared) is Annotated:
        return _opened(get_args(declared)[0])
    if get_origin(declared) in (Union, UnionType):
        found = [_opened(each) for each in get_args(declared)]
        return next(filter(_is_model, found), found[0])
    return declared


def _shape_at(path: Steps) -> Any:
    return _model_in(_declared_at(path))


def _fields_of(model: type[BaseModel]) -> dict[str | int, FieldInfo]:
    """The fields of a form, by the keys that are written."""
    return {each.alias or name: each for name, each in model.model_fields.items()}


def _model_in(shape: Any) -> Any:
    """The shape without what stands around it: annotations, `| None`, and the dots of a tuple."""
    if get_origin(shape) is Annotated:
        return _model_in(get_args(shape)[0])
    if get_origin(shape) is tuple:
        return tuple[_model_in(get_args(shape)[0])]  # type: ignore[misc]  # a shape made at run time
    if get_origin(shape) in (Union, UnionType):
        found = [_model_in(each) for each in get_args(shape)]
        return next(filter(_is_model, found), found[0])
    return shape


def _is_model(shape: object) -> bool:
    return isinstance(shape, type) and issubclass(shape, BaseModel)
