"""The JSON Schemas of ``run.json`` and ``verdict.json``, from the types that read and write them."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from loadtest.reports.formats.verdict_json import VerdictJson
from loadtest.results.run import Run

DIRECTORY = Path(__file__).parents[2] / "docs" / "schemas"
TYPES: dict[str, type] = {"run-1": Run, "verdict-1": VerdictJson}
"""By the name of the file, which names the format."""


def schema(name: str) -> str:
    """Return the schema of the format ``name`` as indented JSON."""
    (made,), definitions = msgspec.json.schema_components([TYPES[name]], ref_template="#/$defs/{name}")
    for definition in definitions.values():
        if "description" in definition:
            # A docstring; up to Python 3.12 it is indented like the source.
            definition["description"] = inspect.cleandoc(definition["description"])
    document: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"contextforge-loadtest/{name.replace('-', '/')}",
        **made,
        "$defs": definitions,
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def pages() -> dict[Path, str]:
    """Return the text of each file."""
    return {DIRECTORY / f"{name}.schema.json": schema(name) for name in TYPES}
