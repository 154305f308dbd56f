import re

import pytest
from gateway_faults import document, faults, happens
from msgspec.structs import replace
from sample_runs import VERSION, known

from loadtest.results.failures import ProblemKind
from loadtest.versions import data as versions
from loadtest.versions.data import GATEWAY, KnownFailure, VersionData

OURS = [
    (version, entry)
    for version in versions.available()
    for entry in versions.load(version).known
    if entry.owner == GATEWAY
]


def fault(operation: str, title: str = "It breaks", **more: object) -> KnownFailure:
    details = {
        "source": "mcpgateway/main.py:1",
        "curl": f"curl {operation}",
        "status": 500,
        "message": "boom",
    }
    return known(operation, owner=GATEWAY, title=title, **(details | more))


def data(version: str, *entries: KnownFailure) -> VersionData:
    return replace(VERSION, version=version, known=entries)


@pytest.mark.parametrize(("version", "entry"), OURS, ids=lambda value: getattr(value, "operation", value))
def test_every_fault_of_the_gateway_can_be_reported(version: str, entry: KnownFailure) -> None:
    assert entry.title
    assert entry.reason
    assert re.fullmatch(r"mcpgateway/[\w/.-]+\.(?:py|html|js):\d+", entry.source or "")
    assert "$HOST/" in (entry.curl or "")
    assert (entry.curl or "").startswith("curl ")
    path = entry.operation.split(" ")[1].partition("{")[0]
    assert path.rstrip("/") in (entry.curl or "")
    assert entry.message


def test_there_are_some() -> None:
    assert {version for version, _ in OURS} == set(versions.available())


def test_entries_of_one_title_are_one_fault() -> None:
    old = data("1.0", fault("GET /a"), fault("GET /b"), known("GET /c", owner="another team"))
    new = data("1.1", fault("GET /b", message="bang"), fault("GET /z", title="Another"))
    found = faults([old, new])
    assert [(one.title, one.versions, one.operations) for one in found] == [
        ("Another", ("1.1",), ("GET /z",)),
        ("It breaks", ("1.0", "1.1"), ("GET /a", "GET /b")),
    ]


def test_the_text_of_the_issue() -> None:
    old, new = data("1.0", fault("GET /b")), data("1.1", fault("GET /b", message="bang"), fault("GET /d"))
    page = document(faults([old, new]), command="make it")
    assert "by `make it`" in page
    assert "| It breaks | 1.0, 1.1 | 2 |" in page
    (text,) = re.findall(r"^````markdown\n(.*?)^````$", page, re.M | re.S)
    assert text.startswith("# It breaks\n\nVersion: 1.0, 1.1.\n")
    for line in (
        "- `GET /b` returns 500: `boom` (1.0)",
        "- `GET /b` returns 500: `bang` (1.1)",
        "- `GET /d` returns 500: `boom` (1.1)",
        "- fixed in the next release (1.0, 1.1)",
        "- `mcpgateway/main.py:1` (1.0, 1.1)",
        "curl GET /b",
        "curl GET /d",
    ):
        assert line in text.splitlines()
    assert text.splitlines().count("curl GET /b") == 1


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (ProblemKind.STATUS, "`GET /a` returns 500: `boom`"),
        (ProblemKind.REDIRECT, "`GET /a` returns 500: `boom`"),
        (ProblemKind.JSONRPC, "`GET /a` returns error -32000: `boom`"),
        (ProblemKind.CONTENT, "`GET /a` returns a wrong successful response: `boom`"),
        (ProblemKind.STREAM_TRUNCATED, "`GET /a` opens a stream, and boom"),
    ],
)
def test_what_happens(problem: ProblemKind, words: str) -> None:
    assert happens(fault("GET /a", problem=problem, code="-32000")) == words


def test_a_fault_that_depends_on_chance() -> None:
    assert happens(fault("GET /a", sometimes=True)) == "`GET /a` returns 500: `boom`, sometimes"
