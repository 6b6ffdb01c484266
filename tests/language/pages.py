"""A page for people holds parts that are written from the code: what stands there is what would be written."""

from __future__ import annotations

import os
import re
from pathlib import Path

import service

DOCS = Path(service.__file__).with_name("docs")


def holds(page: str, parts: dict[str, str]) -> None:
    """The page has each part between its marks (`<!-- operators … -->`, `<!-- end of operators -->`), or to its end.

    `FAIRLEAD_WRITE=1` writes what differs.
    """
    text = renewed = (DOCS / page).read_text()
    for name, content in parts.items():
        found = re.search(rf"<!-- {name}\b.*?-->\n(.*?)(<!-- end of {name} -->|\Z)", renewed, re.DOTALL)
        assert found is not None, f"{page} has no part for {name}"
        renewed = renewed[: found.start(1)] + content + renewed[found.end(1) :]
    if os.environ.get("FAIRLEAD_WRITE"):
        (DOCS / page).write_text(renewed)
    assert text == renewed
