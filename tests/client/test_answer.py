"""Which answers are the promised ones."""

import json
from collections.abc import Mapping

import pytest

from loadtest.client.answer import Answer, Problem, refusal_reason
from loadtest.client.validation import check_contract
from loadtest.openapi.contract import Contract, read_contract
from loadtest.results.failures import ProblemKind
from loadtest.versions.data import Drift, VersionData, available, load

SCHEMA = {"type": "object", "required": ["id"], "properties": {"name": {"type": "string"}}}
DRIFTS = (
    Drift(operation="POST /form", status=303, reason="a form"),
    Drift(operation="GET /page", media_type="text/html", reason="media type text/html"),
    Drift(operation="GET /loose", violations=("body: id is missing",), reason="the schema forgets a field"),
    Drift(operation="GET /unspecific", reason="it lists no violations"),
    Drift(operation="GET /words", media_type="", reason="media type none"),
)


@pytest.fixture
def contract() -> Contract:
    answer = {"responses": {"200": {"content": {"application/json": {"schema": SCHEMA}}}, "204": {}}}
    html = {"responses": {"200": {"content": {"text/html": {"schema": {"type": "string"}}}}}}
    paths = {
        "/a": {"get": answer},
        "/form": {"post": answer},
        "/page": {"get": answer},
        "/loose": {"get": answer},
        "/unspecific": {"get": answer},
        "/words": {"get": answer},
    }
    data = VersionData(version="1", python=">=3.11", drift=DRIFTS)
    return read_contract({"paths": paths | {"/html": {"get": html}}}, data)


def answer(
    operation: str = "GET /a",
    status: int = 200,
    body: bytes = b'{"id": 1}',
    media_type: str = "application/json; charset=utf-8",
    **headers: str,
) -> Answer:
    return Answer(operation, status, {"content-type": media_type} | headers, body)


def judged(
    contract: Contract,
    given: Answer,
    *,
    accepted: Mapping[int, str] | None = None,
    streamed: bool = False,
) -> ProblemKind | str | None:
    found = check_contract(given, contract, accepted=accepted or {}, streamed=streamed)
    return found.kind if isinstance(found, Problem) else found.text if found else None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(), None),
        (answer(status=204, body=b""), None),
        (answer(body=b"{}"), ProblemKind.SCHEMA),
        (answer(body=b"{"), ProblemKind.JSON),
        (answer(body=b""), ProblemKind.JSON),
        (answer(media_type="text/html", body=b"<html>"), ProblemKind.JSON),
        (answer(status=201), ProblemKind.STATUS),
        (answer(status=500, body=b"Internal Server Error"), ProblemKind.STATUS),
        (answer(status=401), ProblemKind.STATUS),
        (answer("GET /html", media_type="text/html", body=b"<html>"), None),
        (answer("GET /page", media_type="text/html", body=b"<html>"), "media type text/html"),
        (answer("GET /page", media_type="text/plain", body=b"text"), ProblemKind.JSON),
        (answer("GET /loose", body=b"{}"), "body: id is missing"),
        (answer("GET /loose", body=b"[]"), ProblemKind.SCHEMA),
        (answer("GET /loose", body=b'{"name": 1}'), ProblemKind.SCHEMA),
        (answer("GET /unspecific", body=b"{}"), ProblemKind.SCHEMA),
        (answer("POST /form", status=303, location="/admin"), "status 303"),
        (answer("POST /form", status=303, location="/admin?error=no"), ProblemKind.REDIRECT),
        (answer("POST /form", status=303, location="/admin/login?next=/"), ProblemKind.REDIRECT),
        (answer("POST /form", status=303, location="/admin/login?notice=sent"), "status 303"),
        (answer("GET /words", media_type="", body=b"Logged out"), "media type none"),
        (answer("GET /a", media_type="", body=b"Logged out"), ProblemKind.JSON),
        (answer("GET /a", media_type=""), None),
        (answer("GET /a", status=303, location="/admin/change-password-required"), ProblemKind.REDIRECT),
        (answer("GET /a", status=303, location="/elsewhere"), ProblemKind.STATUS),
        (answer("POST /rpc unlisted", status=202), None),
        (answer("POST /rpc unlisted", status=404), ProblemKind.STATUS),
    ],
)
def test_check(contract: Contract, given: Answer, expected: ProblemKind | str | None) -> None:
    assert judged(contract, given) == expected


def test_every_entry_without_status_and_media_type_lists_violations() -> None:
    for version in available():
        for entry in load(version).drift:
            assert entry.violations or entry.status is not None or entry.media_type is not None, entry


def test_an_accepted_status_is_no_problem(contract: Contract) -> None:
    assert judged(contract, answer(status=404), accepted={404: "gone already"}) is None
    assert judged(contract, answer(status=500), accepted={404: "gone already"}) is ProblemKind.STATUS


def test_the_status_of_a_stream_is_checked(contract: Contract) -> None:
    assert judged(contract, answer(media_type="text/event-stream", body=b""), streamed=True) is None
    assert judged(contract, answer(status=503), streamed=True) is ProblemKind.STATUS


def test_members_are_found_by_dotted_path() -> None:
    given = answer(body=json.dumps({"token": {"id": 7}, "list": [{"x": "y"}], "id": 3}).encode())
    assert (given["token.id"], given["list.0.x"], given.id) == (7, "y", "3")
    for missing in ("nothing", "token.nothing", "list.4", "list.x", "id.deeper"):
        with pytest.raises(LookupError, match="GET /a"):
            given[missing]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"detail": "no such team"}', "no such team"),
        (b'{"detail": {"code": "x"}}', '{"code":"x"}'),
        (b'{"message": "m"}', "m"),
        (b'{"error": "e"}', "e"),
        (b'{"other": 1}', '{"other": 1}'),
        (b"[]", "[]"),
        (b"Internal Server Error", "Internal Server Error"),
        (b"", "HTTP 500 without a body"),
    ],
)
def test_reason(body: bytes, expected: str) -> None:
    assert refusal_reason(answer(status=500, body=body)) == expected
