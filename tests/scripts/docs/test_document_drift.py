import re

import pytest
from contract_drift import SEPARATOR, contradictions, section
from msgspec.structs import replace
from sample_runs import VERSION

from loadtest.versions import data as versions
from loadtest.versions.data import Drift, VersionData

OURS = [(version, entry) for version in versions.available() for entry in versions.load(version).drift]
MADE = "it made something; the contract documents 200"


def data(version: str, *entries: Drift) -> VersionData:
    return replace(VERSION, version=version, drift=entries)


@pytest.mark.parametrize(("version", "entry"), OURS, ids=lambda value: getattr(value, "operation", value))
def test_every_reason_describes_response_and_contract(version: str, entry: Drift) -> None:
    what, found, contract = entry.reason.partition(SEPARATOR)
    assert what
    assert found
    assert contract


def test_entries_of_one_reason_are_one_contradiction() -> None:
    old = data("1.0", Drift(operation="POST /b", status=201, reason=MADE))
    new = data(
        "1.1",
        Drift(operation="POST /b", status=201, reason=MADE),
        Drift(operation="PUT /a", status=201, reason=MADE),
        Drift(operation="GET /a", media_type="text/html", reason="a page; the contract documents JSON"),
        Drift(operation="GET /c", media_type="", reason="a word; the contract documents JSON"),
        Drift(operation="GET /d", reason="less; the contract documents more"),
    )
    found = contradictions([old, new])
    assert [(one.response, one.contract, one.operations, one.versions) for one in found] == [
        ("201: it made something", "documents 200", ("`PUT /a` (1.1)", "`POST /b`"), ("1.0", "1.1")),
        ("`text/html`: a page", "documents JSON", ("`GET /a`",), ("1.1",)),
        ("another body: less", "documents more", ("`GET /d`",), ("1.1",)),
        ("no content type: a word", "documents JSON", ("`GET /c`",), ("1.1",)),
    ]


def test_the_text_of_the_issue() -> None:
    page = section(contradictions([data("1.0", Drift(operation="POST /b", status=201, reason=MADE))]))
    (text,) = re.findall(r"^````markdown\n(.*?)^````$", page, re.M | re.S)
    assert text.startswith(
        "# The OpenAPI document describes other responses than the gateway sends\n\n| response"
    )
    assert "| 201: it made something | documents 200 | `POST /b` | 1.0 |" in text.splitlines()
