"""The events of the service as one HTML page, made from the AsyncAPI document when the process starts."""

from __future__ import annotations

import json
from html import escape
from typing import Any, Final

STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733 }
h1 { font-size: 1.6rem } h2 { margin-top: 2.5rem; border-bottom: 1px solid #d5dde5 } h3 { margin-bottom: 0 }
code, pre { font: 13px/1.45 ui-monospace, monospace; background: #f2f5f8; border-radius: 4px }
code { padding: .1rem .3rem } h2 code { font-size: 1.2rem } pre { padding: .8rem; overflow: auto }
.direction { color: #5b6b7b; font-weight: normal; font-size: .9rem }
table { border-collapse: collapse; margin: .6rem 0 } td { padding: .15rem 1rem .15rem 0; vertical-align: top }
"""


def description_page(document: dict[str, Any]) -> bytes:
    """The page. `document` is a parsed AsyncAPI 3 document whose references are all local."""
    info = document["info"]
    directions = {
        _name(operation["channel"]): "we read" if operation["action"] == "receive" else "we publish"
        for operation in document["operations"].values()
    }
    channels = "".join(
        _channel(channel, directions.get(name, ""), document) for name, channel in document["channels"].items()
    )
    title = escape(f"{info['title']} {info['version']}")
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title><style>{STYLE}</style>"
        f"<h1>{title}</h1><p>{escape(info.get('description', ''))}</p>"
        f"<p>The whole document: <a href='/asyncapi.yaml'>asyncapi.yaml</a></p>{channels}</html>"
    ).encode()


def _channel(channel: dict[str, Any], direction: str, document: dict[str, Any]) -> str:
    messages = "".join(
        _message(document["components"]["messages"][_name(reference)]) for reference in channel["messages"].values()
    )
    heading = f"<h2><code>{escape(channel['address'])}</code> <span class='direction'>{direction}</span></h2>"
    return f"{heading}<p>{escape(channel.get('description', ''))}</p>{messages}"


def _message(message: dict[str, Any]) -> str:
    headers = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(header.get('description', ''))}</td></tr>"
        for name, header in message.get("headers", {}).get("properties", {}).items()
    )
    examples = "".join(
        f"<pre>{escape(json.dumps(example['payload'], indent=2, ensure_ascii=False))}</pre>"
        for example in message.get("examples", ())
    )
    return (
        f"<h3>{escape(message['name'])}</h3><p>{escape(message.get('summary', ''))}</p>"
        f"<details><summary>Headers</summary><table>{headers}</table></details>{examples}"
    )


def _name(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]
