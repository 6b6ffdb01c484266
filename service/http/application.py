"""The application that answers: its routes, a first page that leads to them, and plain words for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.types import ASGIApp, Receive, Scope, Send
from faststream.kafka import KafkaBroker

from service.http.routes import HTML
from service.printable import printable

LONGEST_PATH = 200


class Application(AsgiFastStream):
    """FastStream's application with a page at `/` and an answer for paths that lead nowhere."""

    def __init__(self, broker: KafkaBroker, routes: Sequence[tuple[str, ASGIApp]], **hooks: Any) -> None:
        self._paths = [path for path, _ in routes]
        super().__init__(broker, asgi_routes=[("/", _home(self._paths)), *routes], **hooks)

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say what there is instead."""
        if scope["type"] != "http":
            await super().not_found(scope, receive, send)
            return
        told = f"There is nothing at {printable(scope['path'], LONGEST_PATH)}. There is: {', '.join(self._paths)}\n"
        response = AsgiResponse(told.encode(), 404, {"Content-Type": "text/plain; charset=utf-8"})
        await response(scope, receive, send)


def _home(paths: Sequence[str]) -> ASGIApp:
    links = "".join(f"<li><a href='{escape(path)}'>{escape(path)}</a></li>" for path in paths)
    page = f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Fairlead</title><ul>{links}</ul></html>"

    @get
    async def home(scope: Scope) -> AsgiResponse:
        return AsgiResponse(page.encode(), 200, HTML)

    return home
