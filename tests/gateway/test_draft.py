"""The data file of a new version says what the template's said, as far as it still applies."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from loadtest import versions
from loadtest.gateway.draft import draft
from loadtest.gateway.manifest import Manifest
from loadtest.operations import base

EXTRAS = ("grpc", "llmchat", "plugins", "redis")
MANIFEST = Manifest(python="<3.14,>=3.11", extras=EXTRAS, settings={})
TEMPLATES = {name: (versions.DIRECTORY / f"{name}.toml").read_text() for name in versions.available()}
EACH = pytest.mark.parametrize("template", TEMPLATES)


def operations(template: str) -> set[str]:
    """Names that all entries of a version fit, as its contract has them."""
    data = versions.load(template)
    patterns = [*(one.operations for one in data.excluded), *(one.operation for one in data.drift)]
    patterns += [one.operation for one in data.known]
    return {base(pattern).replace("* /", "GET /").replace("*", "x") for pattern in patterns}


@EACH
def test_all_of_it_where_every_operation_is_still_there(
    template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = versions.load(template)
    found = draft(TEMPLATES[template], "9.9", MANIFEST, operations(template))
    assert found.left_out == ()
    (tmp_path / "9.9.toml").write_text(found.text)
    monkeypatch.setattr(versions, "DIRECTORY", tmp_path)
    data = versions.load("9.9")
    assert data == found.data
    assert data == replace(before, version="9.9", exclude_newer=None, coverage=versions.Coverage())
    comments = [line for line in TEMPLATES[template].splitlines() if line.lstrip().startswith("#")]
    kept = [line for line in found.text.splitlines() if line.lstrip().startswith("#")]
    assert [line for line in kept if line in comments] == comments


@EACH
def test_an_entry_goes_with_its_operation_and_the_others_keep_their_dates(template: str) -> None:
    data = versions.load(template)
    gone = base(data.known[0].operation)
    stay = operations(template) - {gone}
    found = draft(TEMPLATES[template], "9.9", MANIFEST, stay)
    assert found.data.known == tuple(one for one in data.known if base(one.operation) != gone)
    assert f"known {data.known[0].operation}: no such operation" in found.left_out


def test_nothing_is_left_of_a_list_without_operations() -> None:
    found = draft(TEMPLATES["1.0.7"], "9.9", MANIFEST, ())
    assert (found.data.known, found.data.drift, found.data.excluded) == ((), (), ())
    assert "excluded * /_internal/*: no such operation" in found.left_out
    assert found.data.environment == versions.load("1.0.7").environment


def test_what_the_release_says_of_itself() -> None:
    manifest = Manifest(python=">=3.12", extras=("grpc", "redis"), settings={})
    found = draft(TEMPLATES["1.0.7"], "9.9", manifest, operations("1.0.7"))
    assert (found.data.python, found.data.extras) == (">=3.12", ("grpc", "redis"))
    assert found.left_out == (
        "extra llmchat: this release has none of that name",
        "extra plugins: this release has none of that name",
    )


@pytest.mark.parametrize("python", ["<3.14,>=3.11", ""])
def test_the_same_interpreters_stay_spelled_as_they_were(python: str) -> None:
    found = draft(TEMPLATES["1.0.7"], "9.9", saying(python), operations("1.0.7"))
    assert found.data.python == ">=3.11,<3.14"


def saying(python: str) -> Manifest:
    return Manifest(python=python, extras=EXTRAS, settings={})
