"""Language models: providers, their models, and the OpenAI-compatible proxy in front of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task

MODEL = "loadtest-small"
"""A model of the backend."""
QUESTION = "How are you"
CHOICES = ("GET /llm/gateway/models", "GET /llmchat/gateway/models")


class LlmModels(GatewayUser):
    """Creates a provider and a model for the model server among the backends."""

    abstract = True

    def new_provider(self) -> dict[str, Any]:
        """Return the body of a provider for the backend."""
        return {
            "name": self.name("provider"),
            "provider_type": "openai_compatible",
            "api_base": self.fixture.backends["llm"],
            "api_key": "any",
            "config": {},
        }

    def new_model(self, provider_id: str) -> dict[str, Any]:
        """Return the body of a model of that provider, with a unique alias."""
        return {
            "provider_id": provider_id,
            "model_id": MODEL,
            "model_name": "Small",
            "model_alias": self.name("model"),
        }

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
    def model(self, provider_id: str) -> Iterator[Answer]:
        """Create a model of that provider for the ``with`` block."""
        with self.created(
            "POST /llm/models",
            json=self.new_model(provider_id),
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
            self.call(
                "GET /llm/providers",
                check=lambda a: None if a["total"] else expected("a provider", a["total"]),
            )
            self.call(
                "GET /llm/models",
                params={"provider_id": provider.id},
                check=lambda a: (
                    None if a["models.0.id"] == model.id else expected("the model in the list", a["models"])
                ),
            )
            for operation in CHOICES:
                self.call(
                    operation,
                    check=lambda a: (
                        None
                        if any(m["id"] == model.id for m in a["models"])
                        else expected("the model among those offered", a["models"])
                    ),
                )
            self.call("GET /models", check=lambda a: None if a["data"] else expected("a model", a["data"]))

    @task(2)
    def provider_life(self) -> None:
        """A provider is created, checked, changed, disabled, enabled and deleted."""
        with self.provider() as provider:
            own = {"provider_id": provider.id}
            self.call("GET /llm/providers/{provider_id}", **own, check=_is(provider.id))
            self.call(
                "POST /llm/providers/{provider_id}/health",
                **own,
                check=lambda a: (
                    None if a["status"] == "healthy" else expected("the status healthy", a["status"])
                ),
            )
            self.call(
                "PATCH /llm/providers/{provider_id}",
                **own,
                json={"description": "changed"},
                check=lambda a: (
                    None
                    if a["description"] == "changed"
                    else expected("the new description", a["description"])
                ),
            )
            for on in (False, True):
                self.call(
                    "POST /llm/providers/{provider_id}/state",
                    **own,
                    params={"activate": on},
                    check=_enabled(on),
                )

    @task(2)
    def model_life(self) -> None:
        """A model is created, changed, disabled, enabled and deleted."""
        with self.provider() as provider, self.model(provider.id) as model:
            own = {"model_id": model.id}
            self.call("GET /llm/models/{model_id}", **own, check=_is(model.id))
            self.call(
                "PATCH /llm/models/{model_id}",
                **own,
                json={"model_name": "Tiny"},
                check=lambda a: (
                    None if a["model_name"] == "Tiny" else expected("the new name", a["model_name"])
                ),
            )
            for on in (False, True):
                self.call(
                    "POST /llm/models/{model_id}/state", **own, params={"activate": on}, check=_enabled(on)
                )


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


def _question(model: str) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": QUESTION}]}


def _is(identity: str) -> Check:
    return lambda answer: (
        None if answer["id"] == identity else expected("the entity that was asked for", answer["id"])
    )


def _enabled(on: bool) -> Check:
    return lambda answer: (
        None
        if answer["enabled"] is on
        else expected(f"the entity to be {'on' if on else 'off'}", answer["enabled"])
    )
