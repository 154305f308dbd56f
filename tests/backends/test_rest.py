"""The REST service, and that its OpenAPI document describes it."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import jsonschema_rs
import pytest
import requests

from loadtest.backends.peers.rest import running


def asked(method: str, path: str, **arguments: Any) -> requests.Response:
    async def ask() -> requests.Response:
        async with running() as url:
            return await asyncio.to_thread(requests.request, method, url + path, timeout=5, **arguments)

    return asyncio.run(ask())


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_it_echoes_the_body(method: str) -> None:
    answer = asked(method, "/echo", json={"text": "grüße ✓"})
    assert (answer.status_code, answer.json()) == (200, {"text": "grüße ✓"})


def test_it_echoes_the_query() -> None:
    assert asked("GET", "/echo", params={"text": "a b&c"}).json() == {"text": "a b&c"}


def test_it_returns_the_time_in_a_zone() -> None:
    time = asked("GET", "/time", params={"timezone": "Asia/Tokyo"}).json()
    assert time["timezone"] == "Asia/Tokyo"
    moment = dt.datetime.fromisoformat(time["time"])
    assert moment.utcoffset() == dt.timedelta(hours=9)
    assert abs((dt.datetime.now(dt.UTC) - moment).total_seconds()) < 60


@pytest.mark.parametrize(
    ("method", "path", "arguments", "why"),
    [
        ("POST", "/echo", {"data": "not JSON"}, "the body is not JSON"),
        ("POST", "/echo", {"json": ["text"]}, "text: expected a string"),
        ("POST", "/echo", {"json": {"text": 1}}, "text: expected a string"),
        ("GET", "/echo", {}, "text: expected a string"),
        ("GET", "/time", {"params": {"timezone": "Mars"}}, "unknown time zone 'Mars', expected an IANA name"),
    ],
)
def test_bad_input_is_refused(method: str, path: str, arguments: dict[str, Any], why: str) -> None:
    answer = asked(method, path, **arguments)
    assert (answer.status_code, answer.json()) == (400, {"detail": why})


def test_its_document_describes_what_it_does() -> None:
    paths = asked("GET", "/openapi.json").json()["paths"]
    assert {path: set(methods) for path, methods in paths.items()} == {
        "/echo": {"get", "post"},
        "/time": {"get"},
    }
    for path, method, arguments in (
        ("/echo", "get", {"params": {"text": "a"}}),
        ("/echo", "post", {"json": {"text": "a"}}),
        ("/time", "get", {}),
    ):
        promised = paths[path][method]["responses"]["200"]["content"]["application/json"]["schema"]
        answer = asked(method, path, **arguments)
        assert answer.status_code == 200
        jsonschema_rs.validate(promised, answer.json())
