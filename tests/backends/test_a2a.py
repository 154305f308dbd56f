"""The A2A agent, called in the two revisions of the protocol that gateways use."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import requests

from loadtest.backends.peers.a2a import running

SENT = {"messageId": "m-1", "role": "ROLE_USER", "parts": [{"text": "grüße ✓"}]}
SENT_BEFORE = {
    "kind": "message",
    "messageId": "m-1",
    "role": "user",
    "parts": [{"kind": "text", "text": "grüße ✓"}],
}


def asked(method: str, params: dict[str, Any], headers: dict[str, str]) -> Any:
    body = {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}

    async def ask() -> requests.Response:
        async with running() as url:
            return await asyncio.to_thread(requests.post, url, json=body, headers=headers, timeout=5)

    answer = asyncio.run(ask())
    assert answer.status_code == 200
    return answer.json()


def test_a_message_of_the_current_protocol_is_echoed() -> None:
    message = asked("SendMessage", {"message": SENT}, {"A2A-Version": "1.0"})["result"]["message"]
    assert (message["role"], message["parts"]) == ("ROLE_AGENT", [{"text": "grüße ✓"}])


def test_a_message_of_the_protocol_before_is_echoed() -> None:
    message = asked("message/send", {"message": SENT_BEFORE}, {})["result"]
    assert (message["kind"], message["role"]) == ("message", "agent")
    assert message["parts"] == [{"kind": "text", "text": "grüße ✓"}]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [("Dance", {}, -32601), ("SendMessage", {"message": {"parts": "text"}}, -32602)],
)
def test_what_is_no_message_is_refused(method: str, params: dict[str, Any], code: int) -> None:
    assert asked(method, params, {"A2A-Version": "1.0"})["error"]["code"] == code


def test_its_card_describes_it() -> None:
    async def ask() -> requests.Response:
        async with running() as url:
            card = f"{url}.well-known/agent-card.json"
            return await asyncio.to_thread(requests.get, card, timeout=5)

    card = asyncio.run(ask()).json()
    assert [skill["id"] for skill in card["skills"]] == ["echo"]
    assert card["supportedInterfaces"][0]["protocolVersion"] == "1.0"
