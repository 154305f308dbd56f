import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from loadtest.backends.peers import llm
from loadtest.backends.settings import SHOW_REQUEST
from loadtest.gateway.ports import reserved_ports

ECHO = {"type": "function", "function": {"name": "echo", "parameters": {}}}


def asked(ask: Callable[[str], requests.Response]) -> requests.Response:
    async def story() -> requests.Response:
        async with llm.running() as url:
            return await asyncio.to_thread(ask, url)

    return asyncio.run(story())


def chat(text: str, **options: Any) -> requests.Response:
    body = {"model": "loadtest-small", "messages": [{"role": "user", "content": text}]} | options
    return asked(lambda url: requests.post(f"{url}/chat/completions", json=body, timeout=10))


def events(answer: requests.Response) -> list[Any]:
    lines = [line for line in answer.text.split("\n\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_it_answers_on_the_port_that_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with reserved_ports(1) as (port,):
        monkeypatch.setenv(llm.PORT, str(port))
        assert asked(lambda url: requests.get(url, timeout=10)).url == f"http://127.0.0.1:{port}/v1"


def test_its_models_are_listed() -> None:
    answer = asked(lambda url: requests.get(f"{url}/models", timeout=10)).json()
    assert [model["id"] for model in answer["data"]] == ["loadtest-small", "loadtest-large"]


def test_it_repeats_a_question() -> None:
    answer = chat("How are you").json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0] == {
        "index": 0,
        "message": {"role": "assistant", "content": "You said: How are you"},
        "finish_reason": "stop",
    }
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


def test_it_shows_a_request_without_its_model() -> None:
    shown = chat(SHOW_REQUEST, top_p=0.5, stream=False).json()["choices"][0]["message"]["content"]
    assert shown == '{"messages":[{"content":"show the request","role":"user"}],"top_p":0.5}'


def test_a_streamed_answer_comes_in_words_and_ends() -> None:
    answer = chat("How are you", stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    chunks = events(answer)
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    words = [c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"]]
    assert words == ["", "You ", "said: ", "How ", "are ", "you", ""]
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["total_tokens"] == 8


@pytest.mark.parametrize("streamed", [False, True])
def test_it_calls_a_tool_that_is_offered(streamed: bool) -> None:
    answer = chat('call echo {"text": "fish"}', tools=[ECHO], stream=streamed)
    if streamed:
        choices = [chunk["choices"][0] for chunk in events(answer) if chunk["choices"]]
        call, reason = choices[1]["delta"]["tool_calls"][0], choices[-1]["finish_reason"]
    else:
        choice = answer.json()["choices"][0]
        call, reason = choice["message"]["tool_calls"][0], choice["finish_reason"]
    assert call["function"] == {"name": "echo", "arguments": '{"text": "fish"}'}
    assert reason == "tool_calls"


def test_it_does_not_call_a_tool_that_is_not_offered() -> None:
    assert chat("call other {}", tools=[ECHO]).json()["choices"][0]["message"]["content"] == (
        "You said: call other {}"
    )


def test_it_repeats_the_result_of_a_tool() -> None:
    messages = [{"role": "user", "content": "call echo {}"}, {"role": "tool", "content": "fish"}]
    assert llm.reply({"messages": messages, "tools": [ECHO]}).text == "The tool said: fish"


def test_a_message_of_parts_is_one_text() -> None:
    parts = [{"type": "text", "text": "How "}, {"type": "text", "text": "are you"}]
    assert llm.reply({"messages": [{"role": "user", "content": parts}]}).text == "You said: How are you"


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"messages": []}', '{"messages": [1]}'])
def test_what_is_no_chat_is_refused(body: str) -> None:
    answer = asked(lambda url: requests.post(f"{url}/chat/completions", data=body, timeout=10))
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@given(st.text())
def test_a_streamed_answer_is_the_whole_answer(text: str) -> None:
    spoken = llm.Reply(text)
    events = [
        json.loads(chunk.removeprefix(b"data: ")) for chunk in list(llm.chunks("m", spoken, {}, 1))[:-1]
    ]
    assert "".join(e["choices"][0]["delta"].get("content", "") for e in events if e["choices"]) == text
