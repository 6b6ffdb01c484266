"""The generated side of the published language: JSON Schemas, examples, the AsyncAPI document, and parts of pages.

They are committed, so that they can be read and linked to without running anything; a test fails when they differ from
what the models say now. A page is written by hand around its generated part, which stands between two comments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from schemas.asyncapi import document
from schemas.config import Document
from schemas.decisions import OUTPUTS
from schemas.envelope import Envelope
from schemas.event_pages import events_read, events_written
from schemas.events import INPUTS
from schemas.reference import reference
from schemas.samples import SAMPLES
from schemas.scenario import Scenario

FOLDER: Final = Path(__file__).parent
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PAGES: Final = FOLDER.parent / "service" / "docs"
PARTS: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "configuration.md": {"reference": reference},
    "integrating.md": {"events read": events_read, "events written": events_written},
}
"""By page: the parts that are made of the models."""


@cache
def artifacts() -> Mapping[str, str]:
    """All generated files: path under the package, and content. Made once."""
    models = {"cloudevent": Envelope, "configuration": Document, "scenario": Scenario, **INPUTS, **OUTPUTS}
    schemas = {
        f"json/{name}.json": {"$schema": DIALECT, "$id": f"urn:fairlead:{name}", **model.model_json_schema()}
        for name, model in models.items()
    }
    examples = {f"examples/{name}.json": sample for name, sample in SAMPLES.items()}
    return {
        **{path: json.dumps(content, indent=2) + "\n" for path, content in {**schemas, **examples}.items()},
        "asyncapi.yaml": yaml.dump(document(), Dumper=yaml.CSafeDumper, sort_keys=False, width=120, allow_unicode=True),
    }


def write(folder: Path = FOLDER) -> None:
    """Write all generated files below the folder."""
    for path, content in artifacts().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")


def drifted(folder: Path = FOLDER) -> list[str]:
    """Paths that are missing, differ from what the models say, or that nothing generates any more."""
    wanted = artifacts()
    found = {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in (*folder.glob("json/*"), *folder.glob("examples/*"), *folder.glob("asyncapi.yaml"))
    }
    return sorted(path for path in {*wanted, *found} if wanted.get(path) != found.get(path))


def renewed(page: str, part: str, content: str) -> str:
    """A page with other content between `<!-- part: … -->` and `<!-- end of part -->`. `ValueError`: it has no such."""
    found = re.compile(rf"(<!-- {part}: [^>]*-->\n).*?(<!-- end of {part} -->)", re.DOTALL)
    if not found.search(page):
        raise ValueError(f"the page has no part called {part}")
    return found.sub(lambda match: f"{match[1]}{content.strip()}\n{match[2]}", page)


def renew_pages(folder: Path = PAGES, *, write: bool) -> list[str]:
    """The pages whose generated parts are not what the models say; with `write` they are, afterwards."""
    stale = []
    for name, parts in PARTS.items():
        page = new = (folder / name).read_text(encoding="utf-8")
        for part, content in parts.items():
            new = renewed(new, part, content())
        if new != page:
            stale.append(f"{folder.name}/{name}")
            if write:
                (folder / name).write_text(new, encoding="utf-8")
    return stale
