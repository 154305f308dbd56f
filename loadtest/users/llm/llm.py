"""Language models: providers, their models, and the OpenAI-compatible proxy in front of them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from loadtest.backends.settings import SHOW_REQUEST
from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.core import clock
from loadtest.users.access.checks import INVALID
from loadtest.users.base import GatewayUser, named, task
from loadtest.users.checks import both, has, lacks, lists, lists_number, lists_one_of, lists_only
from loadtest.users.read_back import Item
from loadtest.users.recorded import is_recorded
from loadtest.users.texts.rules import DEEP, SCRIPT, SCRIPT_ADDRESS, names

MODEL = "loadtest-small"
"""A model of the backend."""
QUESTION = "How are you"
TYPES = (
    "openai",
    "azure_openai",
    "anthropic",
    "bedrock",
    "google_vertex",
    "watsonx",
    "ollama",
    "cohere",
    "mistral",
    "groq",
    "together",
    "openai_compatible",
)
"""Types of providers; what each one needs is in its own ``config``."""
CREDENTIALS = (
    "api_key",
    "auth_token",
    "authorization",
    "access_token",
    "refresh_token",
    "client_secret",
    "secret_access_key",
    "session_token",
    "credentials_json",
    "password",
    "private_key",
    "aws_secret_access_key",
    "aws_session_token",
)
"""Names in the ``config`` of providers whose values are secrets."""
FIELD_TYPE = "password"
"""Type of a field of ``config`` whose value is a secret, as the gateway describes the types of providers."""
PROVIDER_LISTS: tuple[tuple[str, dict[str, str | int]], ...] = (
    ("GET /llm/providers", {"page_size": 100}),
    ("GET /admin/llm/providers/html", {"per_page": 100}),
    ("GET /admin/llm/models/html", {"per_page": 100}),
    ("GET /admin/llm/api-info/html", {}),
    ("GET /models", {}),
    ("GET /llm/gateway/models", {}),
    ("GET /llmchat/gateway/models", {}),
)
"""Responses that show providers, or what belongs to them."""
BEYOND = {"page": 1000}
WRONG_PROVIDER: dict[str, Any] = {
    "name": "a|b",
    "description": SCRIPT,
    "api_base": SCRIPT_ADDRESS,
    "config": DEEP,
}
WRONG_MODEL: dict[str, Any] = {
    "model_id": SCRIPT,
    "model_name": SCRIPT,
    "model_alias": "a|b",
    "description": SCRIPT,
}
"""Properties that must not be stored."""
TAKEN = (409,)
"""Status of a new provider or model that exists already."""
NOT_PASSED_ON = ("model", "stream", "user")
"""Members of a request that the gateway replaces, or keeps for itself."""
SKEW = 60.0
"""Seconds by which the clock of the gateway may differ from ours."""
CHOICES = ("GET /llm/gateway/models", "GET /llmchat/gateway/models")


class LlmModels(GatewayUser):
    """Creates a provider and a model for the model server among the backends."""

    abstract = True

    def new_provider(self) -> dict[str, Any]:
        """Return the body of a provider for the backend."""
        return {
            "name": self.name("provider"),
            "provider_type": "openai_compatible",
            "api_base": self.backend("llm"),
            "api_key": self.secret(),
            "api_version": "1",
            "description": "Made by the load test.",
            "config": {},
            "default_model": "none",
            "default_temperature": 0.25,
            "default_max_tokens": 50,
            "enabled": True,
            "plugin_ids": [],
        }

    def new_model(self, provider_id: str, **more: Any) -> dict[str, Any]:
        """Return the body of a model of that provider, with a unique alias."""
        return {
            "provider_id": provider_id,
            "model_id": MODEL,
            "model_name": "Small",
            "model_alias": self.name("model"),
            "description": "Made by the load test.",
            "context_window": 1000,
            "max_output_tokens": 100,
            "enabled": True,
            "deprecated": False,
            "supports_chat": True,
            "supports_streaming": True,
            "supports_function_calling": False,
            "supports_vision": False,
        } | more

    @contextmanager
    def provider(self) -> Iterator[Answer]:
        """Create a provider for the ``with`` block."""
        with self.created(
            "POST /llm/providers",
            json=self.new_provider(),
            delete="DELETE /llm/providers/{provider_id}",
        ) as made:
            yield made

    @contextmanager
    def model(self, provider_id: str, **more: Any) -> Iterator[Answer]:
        """Create a model of that provider for the ``with`` block."""
        with self.created(
            "POST /llm/models",
            json=self.new_model(provider_id, **more),
            delete="DELETE /llm/models/{model_id}",
        ) as made:
            yield made


class LlmConfigUser(LlmModels):
    """An administrator who sets up models."""

    area = "llm"
    weight = 2

    @task(2)
    def lists(self) -> None:
        """All configured providers and models, and those available to users."""
        with self.provider() as provider, self.model(provider.id) as model:
            every = {"page_size": 100, "page": 1}
            self.call("GET /llm/providers", params=every, check=lists(provider, at="providers"))
            self.call("GET /llm/providers", params={"page_size": 1}, check=lists_number(1, at="providers"))
            self.call("GET /llm/providers", params=every | BEYOND, check=lists_number(0, at="providers"))
            all_of_them = every | {"enabled_only": False}
            self.call("GET /llm/providers", params=all_of_them, check=lists(provider, at="providers"))
            of_provider: dict[str, Any] = {"provider_id": provider.id}
            with self.model(provider.id, model_id="loadtest-disabled", enabled=False) as other:
                left = {model.id, other.id}
                for page in (1, 2):
                    here = self.call(
                        "GET /llm/models",
                        params=of_provider | {"page_size": 1, "page": page},
                        check=both(lists_one_of(left, at="models"), has("total", 2), has("page", page)),
                    )
                    left.discard(str(here["models.0.id"]))
                self.call("GET /llm/providers/{provider_id}", check=has("model_count", 2), **of_provider)
                enabled_only = of_provider | {"enabled_only": True}
                self.call("GET /llm/models", params=enabled_only, check=lists_only(model, at="models"))
                for operation in CHOICES:
                    self.call(
                        operation, check=both(lists(model.id, at="models"), lacks(other.id, at="models"))
                    )
                self.call("GET /models", check=names_models(provider, model))

    @task(2)
    def provider_life(self) -> None:
        """A provider is created, checked, changed, disabled, enabled and deleted."""
        with self.provider() as provider:
            own: dict[str, Any] = {"provider_id": provider.id}
            self.call("POST /llm/providers/{provider_id}/health", check=has("status", "healthy"), **own)
            checked = both(has("health_status", "healthy"), is_recorded("last_health_check"))
            self.call("GET /llm/providers/{provider_id}", check=checked, **own)
            changes: dict[str, Any] = {
                "name": self.name("provider"),
                "provider_type": "openai",
                "description": "Changed by the load test.",
                "api_base": f"{self.backend('llm')}/changed",
                "api_key": self.secret(),
                "api_version": "2",
                "config": {"changed": True},
                "default_model": MODEL,
                "default_temperature": 0.5,
                "default_max_tokens": 100,
                "plugin_ids": ["changed"],
            }
            self.update("PATCH /llm/providers/{provider_id}", json=changes, **own)
            for on in (False, True):
                self.update("PATCH /llm/providers/{provider_id}", json={"enabled": on}, **own)
            for on in (False, True):
                self.update(
                    "POST /llm/providers/{provider_id}/state",
                    params={"activate": on},
                    values={"enabled": on},
                    check=has("enabled", on),
                    read=Item("GET /llm/providers/{provider_id}"),
                    **own,
                )
                enabled = {"enabled_only": True, "page_size": 100}
                shown = lists if on else lacks
                self.call("GET /llm/providers", params=enabled, check=shown(provider.id, at="providers"))
                if not on:
                    again: dict[str, Any] = {"params": {"activate": False}, "check": has("enabled", False)}
                    self.call("POST /llm/providers/{provider_id}/state", **again, **own)
            self.refuses("PATCH /llm/providers/{provider_id}", {}, WRONG_PROVIDER, **own)
            self.refuses("POST /llm/providers", self.new_provider(), WRONG_PROVIDER)
            taken = self.new_provider() | {"name": changes["name"]}
            self.call("POST /llm/providers", json=taken, refusals=TAKEN, check=is_taken)

    @task
    def provider_types(self) -> None:
        """A provider of each type, disabled, and one that takes every type in turn."""
        with self.provider() as provider:
            for kind in TYPES:
                new = self.new_provider() | {"provider_type": kind, "enabled": False}
                with self.created(
                    "POST /llm/providers", json=new, delete="DELETE /llm/providers/{provider_id}"
                ):
                    pass
                self.update(
                    "PATCH /llm/providers/{provider_id}",
                    json={"provider_type": kind},
                    provider_id=provider.id,
                )

    @task
    def credentials(self) -> None:
        """A provider of each type whose configuration has secrets at every level, which no response shows."""
        described = self.call("GET /admin/llm/provider-configs", check=describes_types)
        for kind in TYPES:
            fields = described[kind]["config_fields"]
            names = {*CREDENTIALS, *(one["name"] for one in fields if one["field_type"] == FIELD_TYPE)}
            new = self.new_provider() | {"provider_type": kind, "config": self.with_secrets(names)}
            with (
                self.created(
                    "POST /llm/providers", json=new, delete="DELETE /llm/providers/{provider_id}"
                ) as provider,
                self.model(provider.id),
            ):
                self.show_everywhere(provider)

    def with_secrets(self, names: Iterable[str]) -> dict[str, Any]:
        """Return a configuration with a secret of each of the ``names``: at its top, in an object and in a list."""

        def secrets() -> dict[str, str]:
            return {name: self.secret() for name in sorted(names)}

        return {**secrets(), "region": "none", "nested": {"deep": secrets()}, "listed": [secrets()]}

    def show_everywhere(self, provider: Answer) -> None:
        """Make every call whose response shows ``provider``; its secrets are searched for in each response."""
        own: dict[str, Any] = {"provider_id": provider.id}
        for operation, params in PROVIDER_LISTS:
            self.call(operation, params=params)
        changed = {"config": self.with_secrets(CREDENTIALS) | {"changed": True}}
        self.update("PATCH /llm/providers/{provider_id}", json=changed, **own)
        self.call("POST /llm/providers/{provider_id}/health", **own)
        for on in (False, True):
            self.update(
                "POST /llm/providers/{provider_id}/state",
                params={"activate": on},
                values={"enabled": on},
                read=Item("GET /llm/providers/{provider_id}"),
                **own,
            )
        self.update(
            "POST /admin/llm/providers/{provider_id}/state",
            values={"enabled": False},
            read=Item("GET /llm/providers/{provider_id}"),
            **own,
        )

    @task
    def other_model(self) -> None:
        """A model with the opposite of every property that is on or off."""
        opposite = {name: not value for name, value in self.new_model("").items() if isinstance(value, bool)}
        with self.provider() as provider, self.model(provider.id, **opposite) as model:
            of_provider = {"provider_id": provider.id}
            self.call("GET /llm/models/{model_id}", model_id=model.id, check=has("deprecated", True))
            for enabled_only, listed in ((False, [model.id]), (True, [])):
                self.call(
                    "GET /llm/models",
                    params={**of_provider, "enabled_only": enabled_only},
                    check=lists_only(*listed, at="models"),
                )

    @task(2)
    def model_life(self) -> None:
        """A model is created, changed, disabled, enabled and deleted."""
        with self.provider() as provider, self.model(provider.id) as model:
            own: dict[str, Any] = {"model_id": model.id}
            changes: dict[str, Any] = {
                "model_id": "loadtest-changed",
                "model_name": "Changed",
                "model_alias": self.name("model"),
                "description": "Changed by the load test.",
                "context_window": 2000,
                "max_output_tokens": 200,
                "deprecated": True,
                "supports_chat": False,
                "supports_streaming": False,
                "supports_function_calling": True,
                "supports_vision": True,
            }
            self.update("PATCH /llm/models/{model_id}", json=changes, **own)
            # It is not for chats any more.
            self.call(CHOICES[0], check=lacks(model.id, at="models"))
            for on in (False, True):
                self.update("PATCH /llm/models/{model_id}", json={"enabled": on}, **own)
            opposite = {name: not value for name, value in changes.items() if isinstance(value, bool)}
            self.update("PATCH /llm/models/{model_id}", json=opposite, **own)
            for on in (False, True):
                self.update(
                    "POST /llm/models/{model_id}/state",
                    params={"activate": on},
                    values={"enabled": on},
                    check=has("enabled", on),
                    read=Item("GET /llm/models/{model_id}"),
                    **own,
                )
            self.refuses("PATCH /llm/models/{model_id}", {}, WRONG_MODEL, **own)
            self.refuses("POST /llm/models", self.new_model(provider.id), WRONG_MODEL)
            taken = self.new_model(provider.id, model_id=changes["model_id"])
            self.call("POST /llm/models", json=taken, refusals=TAKEN, check=is_taken)

    def refuses(self, operation: str, body: dict[str, Any], wrong: dict[str, Any], **path: str) -> None:
        """Send a ``body`` with ``wrong`` properties, each of which the refusal must name."""
        self.call(operation, json=body | wrong, refusals=INVALID, effect=names(*wrong), **named(path))


class LlmProxyUser(LlmModels):
    """A client of the OpenAI API."""

    area = "llm"

    @task(2)
    def completion(self) -> None:
        """A question with a complete response."""
        with self.provider() as provider, self.model(provider.id) as model:
            self.call(
                "POST /chat/completions",
                json=_question(model["model_alias"]),
                check=lambda a: (
                    None
                    if a["choices.0.message.content"] == f"You said: {QUESTION}"
                    else expected("the model's answer", a.text)
                ),
            )

    @task
    def options(self) -> None:
        """A conversation with every option of the API, which the backend receives as they were sent."""
        with self.provider() as provider, self.model(provider.id) as model:
            asked = conversation(model["model_alias"])
            self.call(
                "POST /chat/completions", json=asked, check=has("choices.0.message.content", passed_on(asked))
            )

    @task
    def streamed(self) -> None:
        """A question with a streamed response."""
        with (
            self.provider() as provider,
            self.model(provider.id) as model,
            self.stream(
                "POST /chat/completions", json=_question(model["model_alias"]) | {"stream": True}
            ) as events,
        ):
            events.next(where=lambda event: QUESTION.split()[-1] in event.data)
            events.next(where=lambda event: event.data == "[DONE]")


def is_taken(answer: Answer) -> Mismatch | None:
    """Check that a provider with the name of another, or a second model of a provider with its id, is refused."""
    return None if answer.status in TAKEN else expected("what exists already to be refused", answer.status)


def names_models(provider: Answer, *models: Answer) -> Check:
    """Return a check that the OpenAI API lists these models of a provider, and no other of it.

    The gateway does not know when a model was created and sends 0; a time must be in seconds, and not in the future.
    """
    wanted = [{"id": one["model_id"], "object": "model"} for one in models]

    def check(answer: Answer) -> Mismatch | None:
        found = [one for one in answer["data"] if one["owned_by"] == provider["name"]]
        if [{"id": one["id"], "object": one["object"]} for one in found] != wanted:
            return expected("the enabled models of the provider in the list, and no other of it", found)
        times = [one["created"] for one in found]
        right = all(isinstance(one, int) and 0 <= one <= clock.now() + SKEW for one in times)
        return None if right else expected("created to be a time in seconds that is not in the future", times)

    return check


def describes_types(answer: Answer) -> Mismatch | None:
    """Check that the configuration of each type of provider is described."""
    missing = set(TYPES) - set(answer.json)
    return expected("the configuration of each type of provider", f"without {missing}") if missing else None


def conversation(model: str) -> dict[str, Any]:
    """Return a request with every option, and a message of every role; the backend repeats what it receives."""
    call = {"id": "call-1", "type": "function", "function": {"name": "time", "arguments": "{}"}}
    function = {"name": "time", "description": "The time.", "parameters": {"type": "object"}}
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": "Answer in one sentence."},
            {"role": "user", "content": "What time is it", "name": "ada"},
            {"role": "assistant", "content": "I look.", "tool_calls": [call]},
            {"role": "tool", "content": "noon", "tool_call_id": "call-1"},
            {"role": "user", "content": SHOW_REQUEST},
        ],
        "stream": False,
        "temperature": 0.5,
        "top_p": 0.25,
        "max_tokens": 10,
        "frequency_penalty": 0.5,
        "presence_penalty": 0.25,
        "stop": ["never"],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "auto",
        "user": "ada",
    }


def passed_on(asked: dict[str, Any]) -> str:
    """Return what the backend must receive of a request, as it repeats it."""
    kept = {name: value for name, value in asked.items() if name not in NOT_PASSED_ON}
    return msgspec.json.encode(kept, order="sorted").decode()


def _question(model: str) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": QUESTION}]}
