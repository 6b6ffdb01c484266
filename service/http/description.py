"""What the process tells of itself to integrators: its events and the configuration, as an HTML page and as AsyncAPI.

Both are made from the models, with the names of this deployment's topics, when somebody first asks. Everything that
comes from a model or a setting is escaped: the page is plain, without scripts, and can do nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from typing import Any, Final, NamedTuple

import yaml

from schemas.asyncapi import Deployment, document
from schemas.reference import EXAMPLES, WHERE, configuration_tables
from schemas.tables import Row, Table, tables

STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733 }
h1 { font-size: 1.6rem } h2 { margin-top: 2.5rem; border-bottom: 1px solid #d5dde5 } h3 { margin-bottom: 0 }
code, pre { font: 13px/1.45 ui-monospace, monospace; background: #f2f5f8; border-radius: 4px }
code { padding: .1rem .3rem } h2 code { font-size: 1.2rem } pre { padding: .8rem; overflow: auto }
.direction { color: #5b6b7b; font-weight: normal; font-size: .9rem } .required { color: #9a3412 }
table { border-collapse: collapse; margin: .6rem 0; font-size: .9rem }
th, td { padding: .2rem 1rem .2rem 0; vertical-align: top; text-align: left }
th { border-bottom: 1px solid #d5dde5; font-weight: 600 }
"""
HEADINGS: Final = ("field", "", "type", "default", "allowed", "meaning")


class Description(NamedTuple):
    """The page and the AsyncAPI document, ready to be sent."""

    page: bytes
    asyncapi: bytes


@lru_cache(maxsize=1)
def described(deployment: Deployment) -> Description:
    """What this deployment publishes about itself. Made once, which takes a third of a second."""
    found: Any = document(deployment)
    written = yaml.dump(found, Dumper=yaml.CSafeDumper, sort_keys=False, width=120, allow_unicode=True)
    return Description(description_page(found, configuration_tables()), written.encode())


def description_page(asyncapi: Mapping[str, Any], configuration: Mapping[str, Table]) -> bytes:
    """The page. `asyncapi` is an AsyncAPI 3 document whose references are all local."""
    info = asyncapi["info"]
    directions = {
        _name(operation["channel"]): "we read" if operation["action"] == "receive" else "we publish"
        for operation in asyncapi["operations"].values()
    }
    payloads = _payloads(asyncapi)
    parts = {table.name: table for found in payloads.values() for table in found[1:]}
    channels = "".join(
        _channel(channel, directions.get(name, ""), asyncapi, payloads)
        for name, channel in asyncapi["channels"].items()
    )
    title = escape(f"{info['title']} {info['version']}")
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title><style>{STYLE}</style>"
        f"<h1>{title}</h1><p>{_prose(info.get('description', ''))}</p>"
        f"<p>The whole document: <a href='/asyncapi.yaml'>asyncapi.yaml</a>. "
        f"<a href='#parts'>Parts of events</a>, <a href='#configuration'>configuration</a>.</p>{channels}"
        f"<h2 id='parts'>Parts of events</h2>{''.join(_part(table, parts) for table in parts.values())}"
        f"<h2 id='configuration'>Configuration</h2>{_configuration(configuration)}</html>"
    ).encode()


def _payloads(asyncapi: Mapping[str, Any]) -> Mapping[str, tuple[Table, ...]]:
    """By message: the table of its data, then those of the parts it reaches."""
    schemas = asyncapi["components"]["schemas"]
    return {
        name: tables(schemas[_name(message["payload"])], schemas)
        for name, message in asyncapi["components"]["messages"].items()
        if "payload" in message
    }


def _channel(
    channel: Mapping[str, Any], direction: str, asyncapi: Mapping[str, Any], payloads: Mapping[str, tuple[Table, ...]]
) -> str:
    messages = "".join(
        _message(asyncapi["components"]["messages"][name], payloads.get(name, ()))
        for name in map(_name, channel["messages"].values())
    )
    heading = f"<h2><code>{escape(channel['address'])}</code> <span class='direction'>{escape(direction)}</span></h2>"
    return f"{heading}<p>{_prose(channel.get('description', ''))}</p>{messages}"


def _message(message: Mapping[str, Any], payload: tuple[Table, ...]) -> str:
    headers = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_prose(header.get('description', ''))}</td></tr>"
        for name, header in message.get("headers", {}).get("properties", {}).items()
    )
    examples = "".join(
        f"<pre>{escape(json.dumps(example['payload'], indent=2, ensure_ascii=False))}</pre>"
        for example in message.get("examples", ())
    )
    fields = _fields(payload[0].rows, {table.name for table in payload[1:]}) if payload else ""
    return (
        f"<h3>{escape(message['name'])}</h3><p>{_prose(message.get('summary', ''))}</p>{fields}"
        f"<details><summary>Headers</summary><table>{headers}</table></details>"
        f"<details><summary>Example</summary>{examples}</details>"
    )


def _part(table: Table, known: Iterable[str]) -> str:
    anchor = escape(table.name, quote=True)
    return f"<h3 id='part-{anchor}'>{anchor}</h3><p>{_prose(table.meaning)}</p>{_fields(table.rows, known)}"


def _configuration(configuration: Mapping[str, Table]) -> str:
    return "".join(
        f"<h3>{_prose(WHERE.get(name, name))}</h3><p>{_prose(table.meaning)}</p>{_fields(table.rows, ())}"
        f"<pre>{escape(EXAMPLES.get(name, ''))}</pre>"
        for name, table in configuration.items()
    )


def _fields(rows: Iterable[Row], known: Iterable[str]) -> str:
    """A table of fields. The names of parts that are `known` lead to them."""
    names = "|".join(re.escape(escape(name)) for name in known)
    head = "".join(f"<th>{heading}</th>" for heading in HEADINGS)
    return f"<table><tr>{head}</tr>{''.join(_field(row, names) for row in rows)}</table>"


def _field(row: Row, names: str) -> str:
    words = escape(row.type)
    if names:
        words = re.sub(rf"\b({names})\b", r"<a href='#part-\1'>\1</a>", words)
    cells = (
        f"<code>{escape(row.name)}</code>",
        "<span class='required'>required</span>" if row.required else "",
        words,
        f"<code>{escape(row.default)}</code>" if row.default else "",
        escape(row.allowed),
        _prose(row.meaning),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _prose(text: str) -> str:
    """Text with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _name(reference: Mapping[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]
