"""The stored contract of each version, and whose data are used for an unknown gateway."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from supported import NEWEST

from loadtest.core.errors import UsageError
from loadtest.openapi.contracts import StoredContract, closest, contract_of, path_of, stored_form
from loadtest.openapi.diff import PROSE, diff_contracts
from loadtest.versions import data as versions

EACH = pytest.mark.parametrize("version", versions.available())


@EACH
def test_each_version_has_one_in_the_form_in_which_it_is_stored(version: str) -> None:
    contract = contract_of(version)
    assert stored_form(contract) == path_of(version).read_text()
    assert len(contract.operations) > 400
    assert len(contract.settings) > 500


@EACH
def test_it_is_closest_to_itself_whatever_it_calls_itself(version: str) -> None:
    document = dict(contract_of(version).document)
    for name in ("0.1", None):
        found = closest(document | {"info": {"version": name}}, versions.available())
        assert contract_of(found).document["paths"] == document["paths"]


@EACH
def test_a_few_changes_do_not_matter(version: str) -> None:
    document: dict[str, Any] = copy.deepcopy(dict(contract_of(version).document))
    for path in list(document["paths"])[::20]:
        del document["paths"][path]
    document["info"] = {"version": "0.0.1"}
    found = closest(document, versions.available())
    assert contract_of(found).document["paths"] == contract_of(version).document["paths"]


def test_only_prose_without_the_tags_is_lost() -> None:
    document = {
        "openapi": "3.1.0",
        "info": {"version": "1", "title": "words"},
        "paths": {
            "/b": {"get": {"summary": "words", "responses": {"200": {"description": "words"}}}},
            "/a": {"post": {"tags": ["x"], "summary": "words", "responses": {}}},
        },
        "components": {
            "schemas": {"Tool": {"title": "words", "properties": {"description": {"type": "string"}}}},
            "securitySchemes": {"bearer": {}},
        },
    }
    text = stored_form(StoredContract(document, {"PORT": "1", "HOST": ""}))
    assert text.splitlines() == [
        '{"info": {"version": "1"},',
        '"x-settings": {',
        '"HOST": "",',
        '"PORT": "1"',
        "},",
        '"paths": {',
        '"/a": {"post": {"responses": {}, "tags": ["x"]}},',
        '"/b": {"get": {"responses": {"200": {}}}}',
        "},",
        '"components": {"schemas": {',
        '"Tool": {"properties": {"description": {"type": "string"}}}',
        "}}}",
    ]
    assert "description" in PROSE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not complete JSON"),
        ("[]", "is not a stored contract"),
        ('{"info": {}}', "x-settings"),
        (None, "cannot be read"),
    ],
)
def test_a_broken_one_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, words: str
) -> None:
    monkeypatch.setattr(versions, "DIRECTORY", tmp_path)
    if text is not None:
        path_of("1.0").write_text(text)
    with pytest.raises(UsageError, match=words) as error:
        contract_of("1.0")
    assert "1.0.contract.json" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_number_decides_without_a_stored_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = contract_of(NEWEST).document
    monkeypatch.setattr(versions, "DIRECTORY", tmp_path)
    assert closest(dict(document) | {"info": {"version": "1.4"}}, ("4.0", "1.3")) == "1.3"


def test_a_contract_as_served_and_as_stored_are_alike() -> None:
    served = dict(contract_of(NEWEST).document)
    stored = StoredContract(served)
    assert diff_contracts(served, stored.document).count == 0


@pytest.mark.parametrize(
    ("version", "candidates", "wanted"),
    [
        ("3.0.6", ("3.0.7", "3.0.0rc1"), "3.0.7"),
        ("3.0.5.dev3", ("3.0.7", "3.0.0rc1"), "3.0.7"),
        ("3.0.0", ("3.0.7", "3.0.0rc1"), "3.0.0rc1"),
        ("3.0.0-RC-2", ("3.0.7", "3.0.0rc1"), "3.0.0rc1"),
        ("0.9.0", ("3.0.7", "3.0.0rc1"), "3.0.0rc1"),
        ("3.0.11", ("3.1.0", "3.0.7", "3.0.0rc1"), "3.0.7"),
        ("3.1.0", ("3.0.7", "3.0.0rc1"), "3.0.7"),
        ("3.1.0rc1", ("3.1.0", "3.0.7"), "3.1.0"),
        ("3.1.0.dev1", ("3.2.0", "3.0.7"), "3.0.7"),
        ("3.1.1", ("3.2.0", "3.1.0"), "3.1.0"),
        ("4.0", ("3.1.0", "3.0.7"), "3.1.0"),
        ("4.0", ("4.9", "3.1.0"), "4.9"),
        ("3.0.7", ("3.0.8", "3.0.7", "3.0.6"), "3.0.7"),
        (None, ("3.0.7", "3.0.0rc1"), "3.0.7"),
        ("main", ("3.0.7", "3.0.0rc1"), "3.0.7"),
    ],
)
def test_the_nearest_by_number(version: str | None, candidates: tuple[str, ...], wanted: str) -> None:
    assert versions.nearest(version, candidates) == wanted
    assert versions.nearest(version, candidates[::-1]) == wanted
