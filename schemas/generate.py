"""The generated side of the published language: JSON Schemas, examples and the AsyncAPI document.

They are committed, so that they can be read and linked to without running anything; a test fails when they differ from
what the models say now.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import yaml

from schemas.asyncapi import document
from schemas.decisions import OUTPUTS
from schemas.envelope import Envelope
from schemas.events import INPUTS
from schemas.samples import SAMPLES

FOLDER: Final = Path(__file__).parent
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def artifacts() -> dict[str, str]:
    """All generated files: path under the package, and content."""
    models = {"cloudevent": Envelope, **INPUTS, **OUTPUTS}
    schemas = {
        f"json/{name}.json": {"$schema": DIALECT, "$id": f"urn:fairlead:{name}", **model.model_json_schema()}
        for name, model in models.items()
    }
    examples = {f"examples/{name}.json": sample for name, sample in SAMPLES.items()}
    return {
        **{path: json.dumps(content, indent=2) + "\n" for path, content in {**schemas, **examples}.items()},
        "asyncapi.yaml": yaml.safe_dump(document(), sort_keys=False, width=120, allow_unicode=True),
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
