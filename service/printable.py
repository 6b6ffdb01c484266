"""What may be shown of a text that came from outside: on a terminal, in a log on a console, in JSON.

Whoever can send an event chooses texts that operators read later: ids, names of headers, reasons. A terminal obeys some
characters instead of showing them (it clears the screen, or writes the line backwards), so these are escaped, in the
same way everywhere. A text that would fill the screen keeps its beginning and says how much is left out.

An address may hold a password: `masked` takes it out of any text that is printed, logged or raised.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any, Final

import orjson

LONGEST: Final = 2_000
"""Characters of one text that are shown, unless its reader asked for more."""

_UNSAFE: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: a terminal's commands
    "\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # unseen, or turn the text around
    "\ud800-\udfff"  # halves of characters: no encoding has a form for them
    "\U000e0000-\U000e0fff"  # tags: invisible
    "]"
)
_HALVES: Final = re.compile("[\ud800-\udfff]")
_ESCAPES: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_RUN: Final = re.compile(r"[^\s'\"]+")
_QUERY: Final = re.compile(
    r"(?P<name>[?&;](?=[^\s=&;?#]*=)[^\s=&;?#]*(?:passw|secret|token|pwd)[^\s=&;?#]*=)[^\s&;#'\"]*", re.IGNORECASE
)
"""That there is an equals sign is looked at first: else each place at which a name may say so would look for it."""

SECRET_HEADERS: Final = (
    "api-key",
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-access-token",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
)
"""Headers that let somebody in; gateways copy them from requests into events."""

HIDDEN: Final = "***"
"""What stands in the place of a secret."""


def printable(text: str, longest: int | None = LONGEST, *, lines: bool = False) -> str:
    """The text with all that a terminal would obey written as an escape; `lines`: its line ends are meant.

    Of more than `longest` characters the beginning is kept, and how many are left out is said; none: all is kept.
    """
    left_out = 0 if longest is None else len(text) - longest
    kept = text[:longest] if left_out > 0 else text
    shown = _UNSAFE.sub(_kept_lines if lines else _escape, kept)
    return f"{shown}… ({left_out:,} more characters)" if left_out > 0 else shown


def printable_json(value: object, default: Callable[[Any], Any] | None = None) -> str:
    """The value as JSON in one line, in which the same characters are escapes of JSON: it reads back unchanged.

    Only halves of characters do not: many readers refuse them, so the sign for what is no character stands there.
    """
    try:
        text = orjson.dumps(value, default=default).decode()
    except orjson.JSONEncodeError:
        # Halves of characters and whole numbers of more than 64 bits are known to the slower writer only.
        text = json.dumps(value, default=default or str, separators=(",", ":"), ensure_ascii=False)
        text = _HALVES.sub("\ufffd", text)
    return text if text.isascii() and "\x7f" not in text else _UNSAFE.sub(_json_escape, text)


def masked(text: str) -> str:
    """The text with the logins of all addresses in it, and what their queries say of secrets, hidden.

    Whatever the text, it takes time in proportion to its length: it is asked of every line of the log.
    """
    without = _RUN.sub(_without_login, text) if "@" in text and "://" in text else text
    return _QUERY.sub(rf"\g<name>{HIDDEN}", without)


def is_secret(header: str, names: Collection[str] = SECRET_HEADERS) -> bool:
    """Whether a header is one of those names, however it is written: `X_Api_Key` is `x-api-key`."""
    return header.lower().replace("_", "-") in names


def _without_login(run: re.Match[str]) -> str:
    """What stands between white space or quotes, without what is between the first scheme in it and the last `@`."""
    text = run[0]
    begin, end = text.find("://") + len("://"), text.rfind("@")
    return f"{text[:begin]}{HIDDEN}{text[end:]}" if len("://") <= begin <= end else text


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return _ESCAPES.get(character) or (
        f"\\x{ord(character):02x}" if ord(character) < 0x100 else character.encode("ascii", "backslashreplace").decode()
    )


def _kept_lines(found: re.Match[str]) -> str:
    return found[0] if found[0] == "\n" else _escape(found)


def _json_escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
