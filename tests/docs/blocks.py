"""The blocks of README and pages: what a reader would copy, and where it stands.

A block says its language behind the fence. What must stand beside a piece of configuration, so that it is whole, is in
a comment before it, which a reader of the page does not see: `<!-- beside: {users: [kate]} -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.tidy.tree import ROOT, files

LANGUAGES: Final = frozenset({"", "console", "json", "python", "text", "yaml"})
"""Those that a test knows what to do with; none, and text, are drawings and what a person would see."""

_FENCE: Final = re.compile(
    r"(?:<!-- beside: (?P<beside>[^>]*) -->\n+)?^```(?P<language>\w*)(?P<words>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_INLINE: Final = re.compile(r"`(fairlead [^`\n]+)`")


class Block(NamedTuple):
    """One block. `words` stand behind the language, `beside` is the comment before it."""

    page: str
    line: int
    language: str
    words: str
    text: str
    beside: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


class Command(NamedTuple):
    """One command of a console block, and what is shown below it."""

    block: Block
    text: str
    shown: str

    def __str__(self) -> str:
        return f"{self.block}: {self.text[:60]}"


def pages() -> list[Path]:
    """Every page: those at the top, and those of the service."""
    return [*sorted(ROOT.glob("*.md")), *files("service", "*.md"), *files("deploy", "*.md")]


def blocks(*languages: str) -> list[Block]:
    """The blocks in these languages, page by page in their order."""
    return [block for page in pages() for block in _blocks(page) if block.language in languages]


def commands() -> list[Command]:
    """What a reader would type, in the order of the pages. A comment behind two spaces is none of it."""
    return [command for block in blocks("console") for command in _commands(block)]


def named_commands() -> list[tuple[str, str]]:
    """What prose and tables call by name: the page, and `fairlead …` as it stands between backticks."""
    return [(page.name, found) for page in pages() for found in _INLINE.findall(page.read_text(encoding="utf-8"))]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        words, beside = match["words"].strip(), match["beside"] or ""
        yield Block(str(page.relative_to(ROOT)), line, match["language"], words, match["text"], beside)


def _commands(block: Block) -> Iterator[Command]:
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        typed, _, shown = part.partition("\n")
        yield Command(block, re.split(r" {2,}# ", typed)[0].strip(), shown)
