"""Events for the property tests of reading: valid ones, made of the models, and ones with something odd in them.

What is odd is written into the text and not into the value, for JSON has more ways to say a thing than Python: `1.0`
for a whole number, one key twice, half a surrogate.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st
from msgspec import inspect
from pydantic import BaseModel

from schemas.forms import form_of
from service.wire.messages import Header, RawRecord

TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
DEEP: Final = ["[" * levels + "]" * levels for levels in (7, 8, 9, 10, 60, 900, 2_000)]
ODD_JSON: Final = (
    *("1.0", "1e0", "-0", "-0.0", "-1", "01", "0x1", "1.", "1e16", "1e400", "123456789012345678.5"),
    *("9007199254740992", "18446744073709551615", "18446744073709551616", "-9223372036854775809"),
    *("NaN", "-Infinity", "nul", "null", "true", "[]", "{}", "[null]", '{"": 1}', '{"a": {}}', "/**/1", ""),
    *('""', '" "', '"\\t"', '"\\u00a0"', '"1"', '"-1"', '"1.0"', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"'),
    *('"\\ud83d\\ude00"', '"\\x"', '"a\nb"', '"a\\nb"', '"lead\\n"', '"a/b"', '" open "', '"OPEN"', '"true"', '"é"'),
    *(f'"{"x" * length}"' for length in (64, 65, 128, 129, 256, 257, 501)),
    *('"\udcff"', '"\udced\udca0\udc80"', '["a", "b"]', '["a", 1]', '{"kind": "user", "id": 7}'),
    *("[" * levels + "]" * levels for levels in (7, 8, 9, 10, 60, 900, 2_000)),
)
"""What may stand in the place of a value, JSON or nearly. A lone surrogate here stands for a byte that is no UTF-8."""
NAMES: Final = ("", "id", "fields", "record", "odd", "a" * 128, "a" * 129, "é", "\\u0069d", "\\ud800")
"""What may stand in the place of a key, as it is written."""
_MARK: Final = "what is odd stands here"
ZONES: Final = ("", "Z", "z", "+01:00", "+0100", "+01", "-00:00", "+24:00", "\u221201:00", " Z", "Z ")
DAYS: Final = (
    "2026-03-01",
    "20260301",
    "2026-W09-1",
    "2026-02-30",
    "0001-01-01",
    "1970-01-01",
    "9999-12-31",
    " 2026-03-01",
)
HOURS: Final = (
    *("T08:00:00", "t08:00:00", " 08:00:00", "_08:00:00", "T08:00", "T080000", "T23:59:60", "T24:00:00", "T00:00:00"),
    *(f"T23:59:59{rest}" for rest in (".", ".1", ",5", ".123456", ".1234567", ".9999999", ".999999999999")),
)
TIMES: Final = st.tuples(*map(st.sampled_from, (DAYS, HOURS, ZONES))).map(lambda parts: "".join(parts).encode())
_IDS: Final = (b"", b" ", b"7", b"null", "é".encode(), b"\xff", b"x" * 256, b"x" * 257, b"x" * 513, b"north\n", None)
ODD_HEADERS: Final[Mapping[str, tuple[bytes | None, ...]]] = {
    **dict.fromkeys(("ce_id", "CE_ID", "ce_source", "ce_correlationid", "ce_division", "ce_company"), _IDS),
    **dict.fromkeys(("division", "Division", "company", "tracestate", "ce_odd", "odd", "ce_", "ce_data"), _IDS),
    "traceparent": (
        f"00-{'a' * 32}-{'b' * 16}-01".encode(),
        f"00-{'0' * 32}-{'b' * 16}-01".encode(),
        b"",
        b"\xff",
        None,
    ),
    "ce_chaindepth": (
        b"3",
        b"03",
        b" 3",
        b"+3",
        b"3.0",
        b"1_0",
        b"-0",
        b"1000",
        b"1001",
        b"1e1",
        "٣".encode(),
        b"null",
    ),
    "ce_time": (b"", b"1767225600", b"2026-03-01", None),
    "ce_type": (b"", b"crm.record.created.v2", b"crm.member.changed.v1", b"crm.step.deleted.v1", None),
    "ce_specversion": (b"1.0", b"0.3", b"", None),
    "content-type": (b"application/json", b"application/cloudevents+json", b" Application/CloudEvents-Batch ; x", None),
    "redrive_position": (b"0/crm.records/3/4", b"x"),
    "redrive_time": (b"1000", b"x"),
}
HEADERS: Final = st.one_of(
    [st.tuples(st.just(name), st.sampled_from(values)) for name, values in ODD_HEADERS.items()]
) | st.tuples(st.sampled_from(["ce_time", "CE_time"]), TIMES)


@cache
def told_by(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Data as the form of a model takes it: nothing in it needs a second thought."""
    found: Any = _told(inspect.type_info(form_of(model)))
    return found  # type: ignore[no-any-return]  # a struct is told as an object


def _told(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.UnionType(types=types) if any(isinstance(each, inspect.FloatType) for each in types):
            return VALUES
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(_told(key), _told(value), max_size=3)
        case inspect.VarTupleType(item_type=item, min_length=least):
            return st.lists(_told(item), min_size=least or 0, max_size=3)
        case inspect.UnionType(types=types):
            return st.one_of([_told(each) for each in types])
        case inspect.StructType(fields=fields):
            needed = {field.name: _told(field.type) for field in fields if field.required}
            return st.fixed_dictionaries(needed, optional={f.name: _told(f.type) for f in fields if not f.required})
        case _:
            return _plain(kind)


def _plain(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.IntType(ge=least, le=most):
            return st.integers(least, most)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.StrType(min_length=least, max_length=most, pattern=pattern):
            letters = st.characters(exclude_categories=["Cs", "Cc", "Z"] if pattern else ["Cs"], exclude_characters="/")
            return st.text(letters, min_size=least or 0, max_size=min(most or 12, 12))
    raise AssertionError(kind)


def whole_of(model: type[BaseModel]) -> dict[str, Any]:
    """Data in which all is told that the form of a model takes."""
    found: Any = _whole(inspect.type_info(form_of(model)))
    return found  # type: ignore[no-any-return]  # a struct is told as an object


def _whole(kind: inspect.Type) -> Any:
    match kind:
        case inspect.StructType(fields=fields):
            return {field.name: _whole(field.type) for field in fields}
        case inspect.DictType(value_type=value):
            return {"a": _whole(value)}
        case inspect.UnionType(types=types):
            return _whole(next(each for each in types if not isinstance(each, inspect.NoneType)))
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.BoolType() | inspect.IntType():
            return True if isinstance(kind, inspect.BoolType) else 1
        case inspect.StrType():
            return "1"
    raise AssertionError(kind)


def odd_texts(whole: dict[str, Any]) -> Iterator[bytes]:
    """The text of some data once for each odd value in each place, and with one more key in each object."""
    for place in _places(whole):
        yield from (_with(whole, place, odd) for odd in ODD_JSON)
    for place in ((), *_places(whole)):
        if isinstance(_at(whole, place), dict):
            yield from (_with(whole, (*place, key), odd) for key in ("odd", "Id", "") for odd in ("1", "null"))


def _at(value: Any, place: tuple[str, ...]) -> Any:
    return _at(value[place[0]], place[1:]) if place else value


def _with(whole: dict[str, Any], place: tuple[str, ...], odd: str) -> bytes:
    return json.dumps(_marked(whole, place)).replace(json.dumps(_MARK), odd).encode(errors="surrogateescape")


def _marked(value: Any, place: tuple[str, ...]) -> Any:
    return {**value, place[0]: _marked(value.get(place[0]), place[1:])} if place else _MARK


@st.composite
def texts_of(draw: st.DrawFn, whole: dict[str, Any]) -> bytes:
    """The text of some data, with something odd at up to two places in it, and perhaps around it."""
    odd: dict[tuple[str, ...], str] = {}
    for _ in range(draw(st.integers(0, 2))):
        odd[draw(st.sampled_from([*_places(whole), ()]))] = draw(st.sampled_from(["instead", "before", "after"]))
    text = _written(draw, whole, odd, ()).encode(errors="surrogateescape")
    if draw(st.integers(0, 9)) < 9:
        return text
    at = draw(st.integers(0, len(text)))
    return draw(
        st.sampled_from(
            [
                *(
                    b"\xef\xbb\xbf" + text,
                    text + b" \r\n",
                    text + b"\x00",
                    text + b"{}",
                    b"\t" + text,
                    b"[" + text + b"]",
                ),
                *(text[:at], text[:at] + text[at + 1 :], text.decode(errors="replace").encode("utf-16")),
            ]
        )
        | st.binary(min_size=1, max_size=2).map(lambda more: text[:at] + more + text[at:])
    )


def _places(value: object) -> Sequence[tuple[str, ...]]:
    if not isinstance(value, dict):
        return []
    return [(name, *rest) for name, inner in value.items() for rest in ((), *_places(inner))]


def _written(draw: st.DrawFn, value: object, odd: Mapping[tuple[str, ...], str], at: tuple[str, ...]) -> str:
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=draw(st.booleans()))
    parts = []
    for name, inner in value.items():
        key, here = json.dumps(name), (*at, name)
        part = f"{key}: {_written(draw, inner, odd, here)}"
        match odd.get(here):
            case "instead":
                parts += [f"{key}:{draw(st.sampled_from(ODD_JSON))}"]
            case "before":
                parts += [f"{key}:{draw(st.sampled_from(ODD_JSON))}", part]
            case "after":
                parts += [part, f'"{draw(st.sampled_from(NAMES))}":{draw(st.sampled_from(ODD_JSON))}']
            case _:
                parts += [part]
    if at == () and () in odd:
        parts += [f'"{draw(st.sampled_from(NAMES))}" : {draw(st.sampled_from(ODD_JSON))}']
    return "{" + ",".join(parts) + "}"


@st.composite
def records_of(draw: st.DrawFn, models: Mapping[str, type[BaseModel]]) -> RawRecord:
    """A source record in any form, or nearly, with an event of one of these types."""
    kind = draw(st.sampled_from(list(models)))
    text = draw(texts_of(draw(told_by(models[kind]))))
    headers: list[Header] = [
        *(("ce_specversion", b"1.0"), ("ce_id", b"e1"), ("ce_source", b"crm"), ("ce_type", kind.encode())),
        *draw(st.lists(HEADERS, max_size=2)),
    ]
    form = draw(st.sampled_from(["binary", "binary", "structured", "plain"]))
    if form != "binary":
        told = {name[3:]: value for name, value in headers if name.startswith("ce_") and value is not None}
        headers = [(name, value) for name, value in headers if not name.startswith("ce_")]
        envelope = json.dumps({name: _attribute(value) for name, value in told.items()}).encode()[:-1]
        if form == "structured":
            headers = [("content-type", b"application/cloudevents+json"), *headers]
            text = envelope + b',"data":' + text + b"}"
        else:
            text = envelope.replace(b'"specversion"', b'"odd"') + b"," + text.removeprefix(b"{")
    return RawRecord("crm.records", 3, 17, None, text, tuple(headers), 1_000)


def _attribute(value: bytes) -> object:
    text = value.decode(errors="replace")
    return int(text) if text in {"7", "1000", "1001"} else text
