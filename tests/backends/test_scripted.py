"""The scripted servers misbehave as their paths state."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import jwt
import pytest

from loadtest.backends import settings
from loadtest.backends.peers import rest_shapes, scripted


def run(scenario: Callable[[httpx.AsyncClient], Any], peer: Any = scripted) -> Any:
    async def served() -> Any:
        async with (
            peer.running() as url,
            httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client,
        ):
            return await scenario(client)

    return asyncio.run(served())


async def ask(client: httpx.AsyncClient, path: str, method: str, params: dict[str, Any] | None = None) -> Any:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    answer = await client.post(path, json=message)
    answer.raise_for_status()
    return answer.json()["result"]


@pytest.mark.parametrize(
    ("kind", "names"),
    [("tools", settings.TOOLS["paged"]), ("prompts", settings.PROMPTS), ("resources", settings.RESOURCES)],
)
def test_lists_come_in_pages(kind: str, names: tuple[str, ...]) -> None:
    async def pages(client: httpx.AsyncClient) -> AsyncIterator[list[str]]:
        cursor: dict[str, str] = {}
        while True:
            page = await ask(client, "/paged/a/mcp", f"{kind}/list", cursor)
            yield [entry["name"] for entry in page[kind]]
            if "nextCursor" not in page:
                return
            cursor = {"cursor": page["nextCursor"]}

    async def scenario(client: httpx.AsyncClient) -> list[list[str]]:
        return [page async for page in pages(client)]

    found = run(scenario)
    assert len(found) > 1
    assert [name for page in found for name in page] == list(names)


def test_a_server_goes_away_and_returns() -> None:
    async def scenario(client: httpx.AsyncClient) -> list[int]:
        statuses = []
        for away in ("true", "false"):
            await client.put(f"/away/a?away={away}")
            answer = await client.post("/away/a/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
            statuses.append(answer.status_code)
        return statuses

    assert run(scenario) == [503, 200]


def test_a_connection_is_dropped() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(client, "/dropping/a/mcp", "tools/call", {"name": "drop", "arguments": {}})
        await ask(client, "/dropping/a/mcp", "tools/call", {"name": "echo", "arguments": {"text": "x"}})

    run(scenario)


def test_a_call_waits_until_it_is_released() -> None:
    async def scenario(client: httpx.AsyncClient) -> list[bool]:
        call = asyncio.create_task(
            ask(client, "/slow/a/mcp", "tools/call", {"name": "wait", "arguments": {"text": "x"}})
        )
        held = (await client.get("/held/a")).json()["held"]
        released = (await client.put("/release/a")).json()["released"]
        await call
        again = (await client.put("/release/a")).json()["released"]
        return [held, released, again]

    assert run(scenario) == [True, True, False]


def test_headers_of_calls_are_remembered_by_name() -> None:
    async def scenario(client: httpx.AsyncClient) -> list[str | None]:
        client.headers["X-Key"] = "a"
        await ask(client, "/plain/a/mcp", "tools/call", {"name": "echo"})
        await ask(client, "/plain/c/mcp", "ping")
        await client.post("/agent/b", json={"id": 1, "params": {}})
        return [(await client.get(f"/received/{name}")).json().get("x-key") for name in "abc"]

    assert run(scenario) == ["a", "a", None]


OLDER = {"kind": "message", "role": "user", "parts": [{"kind": "text", "text": "x"}]}
NEWER = {"role": "ROLE_USER", "parts": [{"text": "x"}]}


@pytest.mark.parametrize(
    ("method", "said", "right"),
    [
        ("message/send", OLDER, True),
        ("SendMessage", NEWER, True),
        ("message/send", NEWER, False),
        ("SendMessage", OLDER, False),
        ("SendMessage", NEWER | {"kind": "message"}, False),
        ("SendMessage", NEWER | {"role": "user"}, False),
        ("SendMessage", NEWER | {"parts": [{"text": "x", "kind": "text"}]}, False),
        ("message/send", OLDER | {"parts": [{"text": "x", "type": "text"}]}, False),
    ],
)
def test_an_agent_refuses_a_message_of_another_version(
    method: str, said: dict[str, Any], *, right: bool
) -> None:
    async def scenario(client: httpx.AsyncClient) -> Any:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"message": said}}
        return (await client.post("/agent/a", json=message)).json()

    assert ("result" in run(scenario)) is right


def test_headers_are_remembered_by_method() -> None:
    async def scenario(client: httpx.AsyncClient) -> list[str | None]:
        for method in ("tools/call", "prompts/get"):
            client.headers["X-Key"] = method
            await ask(client, "/plain/a/mcp", method, {"name": settings.PROMPTS[0]})
        paths = ("/received/a", "/received/a?method=prompts/get", "/received/a?method=tools/list")
        return [(await client.get(path)).json().get("x-key") for path in paths]

    assert run(scenario) == ["tools/call", "prompts/get", None]


def test_the_headers_of_a_request_with_a_value_are_found_after_other_requests() -> None:
    async def scenario(client: httpx.AsyncClient) -> list[str | None]:
        for key in ("first", "second", "third"):
            client.headers["X-Key"] = key
            await ask(client, "/plain/a/mcp", "initialize", {})
        values = ("second", "third", "never sent", "")
        paths = (f"/received/a?method=initialize&value={value}" for value in values)
        return [(await client.get(path)).json().get("x-key") for path in paths]

    assert run(scenario) == ["second", "third", "third", "third"]


def test_the_query_of_a_call_is_remembered() -> None:
    async def scenario(client: httpx.AsyncClient) -> str:
        await ask(client, "/plain/a/mcp?api_key=b", "tools/call", {"name": "echo"})
        return str((await client.get("/received/a")).json()["query"])

    assert run(scenario) == "api_key=b"


@pytest.mark.parametrize("in_body", [True, False])
def test_a_token_contains_the_credentials_of_the_client(in_body: bool) -> None:
    async def scenario(client: httpx.AsyncClient) -> str:
        form = {"grant_type": "client_credentials"}
        pair = {"client_id": "me", "client_secret": "s"}
        auth = httpx.USE_CLIENT_DEFAULT if in_body else httpx.BasicAuth("me", "s")
        answer = await client.post("/token/a", data=form | (pair if in_body else {}), auth=auth)
        return str(answer.json()["access_token"])

    assert run(scenario) == "client_credentials:me:s"


def test_a_token_for_a_user_with_a_password_contains_both() -> None:
    async def scenario(client: httpx.AsyncClient) -> str:
        pair = {"client_id": "me", "client_secret": "s"}
        user = {"grant_type": "password", "username": "ann", "password": "p"}
        answer = await client.post("/token/a", data=pair | user)
        return str(answer.json()["access_token"])

    assert run(scenario) == "password:me:s:ann:p"


def test_a_rest_service_returns_what_it_received() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        form = (await client.post("/received?a=1", data={"b": "2"})).json()
        assert (form["query"], form["form"]) == ({"a": "1"}, {"b": "2"})
        body = (await client.put("/received/part", json={"c": 3}, headers={"X-D": "4"})).json()
        assert (body["path"], body["json"], body["headers"]["x-d"]) == ("/received/part", {"c": 3}, "4")
        assert (await client.get("/text")).text == settings.TEXT
        assert (await client.get("/status/503")).status_code == 503

    run(scenario, rest_shapes)


def test_a_token_for_that_of_a_user_contains_the_user_and_the_audience() -> None:
    async def scenario(client: httpx.AsyncClient) -> tuple[str, str]:
        subject = jwt.encode({"sub": "ann@example.com"}, "k" * 32, algorithm="HS256")
        form = {"grant_type": "x", "client_id": "c", "subject_token": subject, "audience": "there"}
        answer = await client.post("/token/a", data=form)
        received = await client.get("/received/a?method=token")
        return str(answer.json()["access_token"]), received.json()[settings.QUERY].partition("&")[0]

    assert run(scenario) == ("x:c::ann@example.com:there", "grant_type=x")


@pytest.mark.parametrize("kind", ["resources", "prompts"])
def test_a_changing_server_has_other_parts_after_its_change(kind: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> list[tuple[str, ...]]:
        async def names() -> tuple[str, ...]:
            listed = await ask(client, "/changing/a/mcp", f"{kind}/list")
            return tuple(one["name"] for one in listed[kind])

        before = await names()
        await client.put("/change/a")
        return [before, await names()]

    assert run(scenario) == [settings.PARTS["changing"], settings.PARTS["changed"]]


def test_a_changing_server_has_other_tools_after_its_change() -> None:
    async def scenario(client: httpx.AsyncClient) -> list[list[str]]:
        async def names() -> list[str]:
            return [one["name"] for one in (await ask(client, "/changing/a/mcp", "tools/list"))["tools"]]

        before = await names()
        await client.put("/change/a")
        return [before, await names()]

    assert run(scenario) == [list(settings.TOOLS["changing"]), list(settings.TOOLS["changed"])]


@pytest.mark.parametrize("kind", ["tools", "resources", "prompts"])
def test_one_member_of_each_described_entry_changes(kind: str) -> None:
    async def scenario(client: httpx.AsyncClient) -> tuple[list[Any], list[Any]]:
        before = (await ask(client, "/described/a/mcp", f"{kind}/list"))[kind]
        await client.put("/change/a")
        return before, (await ask(client, "/described/a/mcp", f"{kind}/list"))[kind]

    before, after = run(scenario)
    assert [one["name"] for one in before] == [one["name"] for one in after]
    changes = [
        [name for name in old if old[name] != new[name]] for old, new in zip(before, after, strict=True)
    ]
    assert max(map(len, changes)) == 1
    assert sum(map(len, changes)) == len({name for names in changes for name in names})


def test_a_repeating_server_gives_sessions_and_repeats_requests() -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        path, sessions = "/repeating/a/mcp", set()
        for _ in range(2):
            begun = await client.post(path, json={"jsonrpc": "2.0", "id": 1, "method": "initialize"})
            sessions.add(begun.headers["mcp-session-id"])
        assert len(sessions) == 2
        client.headers["mcp-session-id"] = "mine"
        meta = {"_meta": {"example.com/a": "b", "progressToken": 1}}
        uri = (await ask(client, path, "resources/list"))["resources"][0]["uri"]
        wanted = {"session": "mine", "meta": {"example.com/a": "b"}}
        called = await ask(client, path, "tools/call", {"name": "repeat"} | meta)
        got = await ask(client, path, "prompts/get", {"name": settings.REPEATED} | meta)
        read = await ask(client, path, "resources/read", {"uri": uri} | meta)
        texts = (
            called["content"][0]["text"],
            got["messages"][0]["content"]["text"],
            read["contents"][0]["text"],
        )
        assert [json.loads(text) for text in texts] == [wanted] * 3

    run(scenario)
