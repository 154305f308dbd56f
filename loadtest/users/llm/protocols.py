"""Providers with an API of their own: the gateway translates requests and replies of the OpenAI API."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from loadtest.backends.model_protocols import digest
from loadtest.backends.settings import REFUSE, SHOW_CALL
from loadtest.client.answer import Answer, Problem
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols.streams import EventStream
from loadtest.results.failures import ProblemKind
from loadtest.users.access.checks import is_denied
from loadtest.users.base import task
from loadtest.users.checks import both, has
from loadtest.users.llm.llm import MODEL, LlmModels

CHAT = "POST /chat/completions"
CHANGE = "PATCH /llm/providers/{provider_id}"
SYSTEM = "Answer in one sentence."
TALK = [
    {"role": "user", "content": "Who are you"},
    {"role": "assistant", "content": "A model."},
]
"""What has been said before the question."""
UNKNOWN = (404,)
"""Status of a question to a model that does not answer."""
FAILED = {502: "the provider refused the request"}
DEPLOYMENT, API_VERSION, ANTHROPIC_VERSION = "loadtest-deployment", "2024-10-21", "2023-01-01"
MOST = 10
"""The most tokens that a streamed reply may have."""
PRECISE = 0.5
"""The temperature of a streamed reply."""


class Protocol(NamedTuple):
    """How a type of provider is called."""

    kind: str
    base: str
    """Path of its API at the model server."""
    path: str
    config: dict[str, str] = {}  # noqa: RUF012 - nothing changes it
    query: str = ""
    version: str = ""
    has_key: bool = True
    limits: bool = True
    """Whether the request has the most tokens of the reply."""

    def request(self, temperature: float, most: int) -> dict[str, Any]:
        """Return what the provider must receive of a question."""
        asked = [*TALK, {"role": "user", "content": SHOW_CALL}]
        limits: dict[str, Any] = {"max_tokens": most} if self.limits else {}
        system = {"role": "system", "content": SYSTEM}
        if self.kind == "anthropic":
            return {"messages": asked, "system": SYSTEM, "temperature": temperature} | limits
        if self.path == "/api/chat":
            return {"messages": [system, *asked], "options": {"temperature": temperature}}
        return {"messages": [system, *asked], "temperature": temperature} | limits


PROTOCOLS = (
    Protocol("openai_compatible", "/v1", "/v1/chat/completions"),
    Protocol(
        "azure_openai",
        "",
        f"/openai/deployments/{DEPLOYMENT}/chat/completions",
        config={"deployment_name": DEPLOYMENT, "api_version": API_VERSION},
        query=f"api-version={API_VERSION}",
    ),
    Protocol(
        "anthropic",
        "",
        "/v1/messages",
        config={"anthropic_version": ANTHROPIC_VERSION},
        version=ANTHROPIC_VERSION,
    ),
    Protocol("ollama", "", "/api/chat", has_key=False, limits=False),
    Protocol("ollama", "/v1", "/v1/chat/completions", has_key=False),
)
"""The APIs that the gateway speaks, beginning with that of a new provider; Ollama has two."""


class LlmProtocolUser(LlmModels):
    """A client of the OpenAI API whose models are at providers with other APIs."""

    area = "llm"
    weight = 1

    @task
    def translated(self) -> None:
        """A question to a provider of each API, plain and streamed: what it receives, and what comes back.

        A question that the provider refuses, or to a model that is unknown or switched off, is refused.
        """
        new = self.new_provider()
        made = self.created("POST /llm/providers", json=new, delete="DELETE /llm/providers/{provider_id}")
        with made as provider, self.model(provider.id) as model:
            own: dict[str, Any] = {"provider_id": provider.id}
            base = self.backend("llm").removesuffix("/v1")
            asked = question(str(model["model_alias"]))
            for spoken in PROTOCOLS:
                if spoken is not PROTOCOLS[0]:
                    new |= {
                        "provider_type": spoken.kind,
                        "api_base": f"{base}{spoken.base}",
                        "api_key": self.secret(),
                        "config": spoken.config,
                    }
                    self.update(CHANGE, json=new, **own)
                key = str(new["api_key"])
                received = receives(spoken, key, new["default_temperature"], new["default_max_tokens"])
                self.call(CHAT, json=asked, check=both(received, counts_words, has("model", MODEL)))
                streamed = asked | {"stream": True, "temperature": PRECISE, "max_tokens": MOST}
                with self.stream(CHAT, json=streamed) as events:
                    answers(events, spoken, key)
            refused = question(str(model["model_alias"]), REFUSE)
            self.call(CHAT, json=refused, accept=FAILED, check=has_failed)
            unknown = is_denied("a question to a model that does not exist")
            self.call(CHAT, json=question(self.name("model")), refusals=UNKNOWN, check=unknown)
            self.update(CHANGE, json={"enabled": False}, **own)
            off = is_denied("a question to a provider that is switched off")
            self.call(CHAT, json=asked, refusals=UNKNOWN, check=off)


def question(model: str, text: str = SHOW_CALL) -> dict[str, Any]:
    """Return a request that ends with the message ``text``."""
    messages = [{"role": "system", "content": SYSTEM}, *TALK, {"role": "user", "content": text}]
    return {"model": model, "messages": messages}


def receives(spoken: Protocol, key: str, temperature: float, most: int) -> Check:
    """Return a check that a provider received a question in the form of its API, with its ``key``."""
    return lambda a: difference(str(a["choices.0.message.content"]), spoken, key, temperature, most)


def difference(text: str, spoken: Protocol, key: str, temperature: float, most: int) -> Mismatch | None:
    """Return which part of a call is not in the form of the provider's API, as the provider shows it in ``text``."""
    wanted = {
        "path": spoken.path,
        "query": spoken.query,
        "version": spoken.version,
        "key": digest(key) if spoken.has_key else "",
        "request": spoken.request(temperature, most),
    }
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return expected(f"the whole reply of the provider ({spoken.kind})", text)
    for part, value in wanted.items():
        if found.get(part) != value:
            return expected(f"the {part} as the API of the provider has it ({spoken.kind})", found.get(part))
    return None


def answers(events: EventStream, spoken: Protocol, key: str) -> None:
    """Read a streamed reply until its end, which must be as that of a plain one.

    Raises:
        Problem: it is not.
    """
    words: list[str] = []
    while True:
        chunk = events.next().json
        choice = (chunk.get("choices") or [{}])[0]
        words.append(str(choice.get("delta", {}).get("content") or ""))
        if choice.get("finish_reason") or "error" in chunk:
            break
    found = difference("".join(words), spoken, key, PRECISE, MOST)
    if found is not None:
        raise Problem(ProblemKind.CONTENT, found.text, actual=found.actual)


def counts_words(answer: Answer) -> Mismatch | None:
    """Check that a reply states the tokens of the question and of itself, which are words."""
    said = [SYSTEM, *(one["content"] for one in TALK), SHOW_CALL]
    prompt = sum(len(one.split()) for one in said)
    completion = len(str(answer["choices.0.message.content"]).split())
    usage = answer["usage"]
    found = usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]
    right = found == (prompt, completion, prompt + completion)
    return None if right else expected("the tokens that the provider counted", found)


def has_failed(answer: Answer) -> Mismatch | None:
    """Check that a question which the provider refuses has no reply."""
    return (
        None
        if answer.status in FAILED
        else expected("the refusal of the provider to be stated", answer.status)
    )
