"""The model server speaks the APIs of Azure, Anthropic and Ollama beside that of OpenAI."""

import asyncio
import json
from typing import Any

import pytest
import requests

from loadtest.backends.model_protocols import digest
from loadtest.backends.peers import llm
from loadtest.backends.settings import REFUSE, SHOW_CALL

KEY = "a key"
USAGE = 3, 5
"""Words of the question and of the reply to it."""


def post(path: str, text: str = "How are you", **more: Any) -> requests.Response:
    body = {"messages": [{"role": "user", "content": text}], **more}

    async def story() -> requests.Response:
        async with llm.running() as url:
            address = url.removesuffix("/v1") + path
            headers = {"x-api-key": KEY, "anthropic-version": "1"}
            return await asyncio.to_thread(requests.post, address, json=body, headers=headers, timeout=10)

    return asyncio.run(story())


def test_it_replies_as_anthropic_in_several_blocks() -> None:
    answer = post("/v1/messages").json()
    assert "".join(block["text"] for block in answer["content"]) == "You said: How are you"
    assert (answer["usage"]["input_tokens"], answer["usage"]["output_tokens"]) == USAGE


def test_it_counts_the_system_of_anthropic() -> None:
    assert post("/v1/messages", system="Be short.").json()["usage"]["input_tokens"] == 5


def test_a_streamed_reply_of_anthropic_ends() -> None:
    blocks = [block.split("\n") for block in post("/v1/messages", stream=True).text.strip().split("\n\n")]
    events = [json.loads(data.removeprefix("data: ")) for _, data in blocks]
    assert [name.removeprefix("event: ") for name, _ in blocks] == [event["type"] for event in events]
    said = [event["delta"]["text"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(said) == "You said: How are you"
    assert events[-1]["type"] == "message_stop"


def test_it_replies_as_ollama() -> None:
    answer = post("/api/chat").json()
    assert answer["message"] == {"role": "assistant", "content": "You said: How are you"}
    assert (answer["prompt_eval_count"], answer["eval_count"]) == USAGE


def test_a_streamed_reply_of_ollama_ends() -> None:
    lines = [json.loads(line) for line in post("/api/chat", stream=True).text.splitlines()]
    assert "".join(line["message"]["content"] for line in lines) == "You said: How are you"
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]


def test_it_shows_a_call_and_not_its_key() -> None:
    path = "/openai/deployments/one/chat/completions"
    answer = post(f"{path}?api-version=2", SHOW_CALL, stream=False)
    shown = json.loads(answer.json()["choices"][0]["message"]["content"])
    request = {"messages": [{"role": "user", "content": SHOW_CALL}]}
    wanted = {"path": path, "query": "api-version=2", "version": "1", "key": digest(KEY), "request": request}
    assert shown == wanted
    assert KEY not in answer.text


@pytest.mark.parametrize("path", ["/v1/messages", "/api/chat", "/v1/chat/completions"])
def test_it_refuses_on_demand(path: str) -> None:
    assert post(path, REFUSE).status_code == 400
