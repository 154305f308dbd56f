"""The schemas in docs/schemas are those of the types, and every stored file satisfies them."""

import json
from pathlib import Path

import document_schemas
import jsonschema_rs
import pytest

DATA = Path(__file__).parents[2] / "data"
RUNS = sorted(path for path in DATA.glob("*.json") if path.stem.count(".") == 0)
VERDICTS = sorted(DATA.glob("*.verdict.json"))


def test_the_files_are_current() -> None:
    for path, text in document_schemas.pages().items():
        assert path.read_text() == text, "make docs"


@pytest.mark.parametrize("path", [*RUNS, *VERDICTS], ids=lambda path: path.name)
def test_every_stored_file_is_valid(path: Path) -> None:
    name = "verdict-1" if path in VERDICTS else "run-1"
    validator = jsonschema_rs.validator_for(json.loads(document_schemas.schema(name)))
    document = json.loads(path.read_text())
    assert validator.is_valid(document)
    assert not validator.is_valid(
        {**document, "format": "contextforge-loadtest/other/1"} if name == "run-1" else []
    )
    assert not validator.is_valid({**document, "invented": 1})
