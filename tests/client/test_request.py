"""Requests as they go out."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.client.request import PreparedRequest, find_route, make_request
from loadtest.openapi.contract import read_contract

CONTRACT = read_contract(
    {"paths": {"/v1/teams/{team_id}/x": {"put": {"responses": {"200": {}}}}, "/v1/rpc": {"post": {}}}}
)


def made(operation: str = "PUT /teams/{team_id}/x", **arguments: Any) -> PreparedRequest:
    usual: dict[str, Any] = {
        "host": "http://h",
        "token": "t",
        "correlation_id": "c",
        "path": {"team_id": "7"},
    }
    return make_request(find_route(operation, CONTRACT), **(usual | arguments))


def test_a_route_is_served_at_the_path_of_the_contract() -> None:
    assert find_route("PUT /teams/{team_id}/x", CONTRACT) == (
        "PUT",
        "/teams/{team_id}/x",
        "/v1/teams/{team_id}/x",
        True,
    )
    assert find_route("POST /rpc tools/call", CONTRACT) == ("POST", "/rpc tools/call", "/v1/rpc", True)
    assert find_route("POST /mcp/ ping", CONTRACT) == ("POST", "/mcp/ ping", "/mcp/", False)


def test_json() -> None:
    request = made(json={"a": [1]})
    assert request.body == '{"a":[1]}'
    assert request.headers == {
        "Accept": "application/json",
        "X-Correlation-ID": "c",
        "Authorization": "Bearer t",
        "Content-Type": "application/json",
    }


def test_form_and_query_and_headers() -> None:
    request = made(form={"a": "b c"}, params={"on": True, "n": 3}, headers={"Accept": "text/html"}, token="")
    assert request.body == "a=b+c"
    assert parse_qs(urlsplit(request.url).query) == {"on": ["true"], "n": ["3"]}
    assert request.headers["Accept"] == "text/html"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in request.headers


def test_an_empty_body_is_a_body() -> None:
    assert made(json={}).body == "{}"
    assert made().body is None


@given(st.text())
def test_any_text_is_one_segment_of_the_path(text: str) -> None:
    path = urlsplit(made(path={"team_id": text.encode("utf-8", "ignore").decode()}).url).path
    head, segment, tail = path.removeprefix("/v1/").split("/")
    assert (head, tail) == ("teams", "x")
    assert unquote(segment) == text.encode("utf-8", "ignore").decode()


def test_a_missing_parameter_is_reported() -> None:
    with pytest.raises(LookupError, match=r"needs \{team_id\}/x"):
        made(path={})
