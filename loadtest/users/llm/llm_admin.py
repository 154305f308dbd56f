"""Admin pages for language models."""

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.access.checks import INVALID, is_invalid
from loadtest.users.admin.checks import has_all, lacks_text, shows
from loadtest.users.admin.lists import Shown, shows_among
from loadtest.users.base import named, task
from loadtest.users.checks import both, has
from loadtest.users.llm.llm import MODEL, QUESTION, TAKEN, LlmModels, is_taken
from loadtest.users.read_back import Item

PROVIDER = Item("GET /llm/providers/{provider_id}")
MODEL_ITEM = Item("GET /llm/models/{model_id}")
CHOICES = {
    "GET /admin/llm/provider-defaults": "api_base",
    "GET /admin/llm/provider-configs": "api_base_default",
}
"""What the form of a provider offers, and the member for the address of each type."""
OLLAMA = "http://localhost:11434"
"""The address of a server of Ollama with its own API, which the gateway speaks."""

PAGE = 100
"""The largest page in every release."""
BEYOND = 1000
"""A page beyond the end of every list."""

MODELS = ("loadtest-large", "loadtest-small")
"""The models of the model server among the backends."""


class LlmAdminUser(LlmModels):
    """An administrator who sets up models in the browser."""

    area = "admin-llm"

    @task(3)
    def pages(self) -> None:
        """Lists of providers and models, options of the forms, and API documentation."""
        with self.provider() as provider, self.model(provider.id) as model:
            self.call("GET /admin/llm/providers/html", check=shows("LLM Providers"))
            with self.provider() as another, self.model(another.id) as other:
                self.call(
                    "PATCH /llm/providers/{provider_id}",
                    provider_id=another.id,
                    json={"name": provider["name"]},
                    refusals=TAKEN,
                    check=is_taken,
                )
                self.call(
                    "GET /admin/llm/models/html",
                    params={"provider_id": provider.id},
                    check=both(shows(model["model_alias"]), lacks_text(other["model_alias"])),
                )
            for operation, one in (
                ("GET /admin/llm/providers/html", Shown(provider.id, str(provider["name"]))),
                ("GET /admin/llm/models/html", Shown(model.id, str(model["model_alias"]))),
            ):
                for page, check in ((1, shows_among(one)), (BEYOND, lacks_text(one.name))):
                    self.call(operation, params={"page": page, "per_page": PAGE}, check=check)
            self.call("GET /admin/llm/api-info/html", check=shows("Test Model", str(provider["name"])))
            for operation, address in CHOICES.items():
                self.call(
                    operation,
                    check=both(
                        has(f"ollama.{address}", OLLAMA),
                        lambda a: None if a["openai"] else expected("something of OpenAI's", a.json),
                    ),
                )

    @task(2)
    def discovery(self) -> None:
        """Read the models of the model server, add them, and delete the provider with all its models."""
        with self.created(
            "POST /llm/providers",
            json=self.new_provider(),
            delete="DELETE /admin/llm/providers/{provider_id}",
            read=PROVIDER,
        ) as provider:
            own = {"provider_id": provider.id}
            self.call(
                "POST /admin/llm/providers/{provider_id}/health",
                **named(own),
                check=has_all({"status": "healthy", **own}),
            )
            found = self.call(
                "POST /admin/llm/providers/{provider_id}/fetch-models",
                **named(own),
                check=lambda a: (
                    None
                    if sorted((one["id"], one["name"]) for one in a["models"])
                    == sorted((name, name) for name in MODELS)
                    else expected("the models of the server", a.text)
                ),
            )
            count = len(found["models"])
            self.call(
                "POST /admin/llm/providers/{provider_id}/sync-models",
                **named(own),
                check=lambda a: (
                    None if a["added"] == count else expected("every model to be added", (a["added"], count))
                ),
            )
            self.call(
                "POST /admin/llm/providers/{provider_id}/sync-models",
                **named(own),
                check=has_all({"added": 0, "skipped": count}),
            )

    @task(2)
    def trial(self) -> None:
        """Try a model from the page, then delete it there."""
        with (
            self.provider() as provider,
            self.created(
                "POST /llm/models",
                json=self.new_model(provider.id),
                delete="DELETE /admin/llm/models/{model_id}",
                read=MODEL_ITEM,
            ) as model,
        ):
            self.call("POST /admin/llm/test", json={"test_type": "models"}, check=offers_model_of(provider))
            self.call(
                "POST /admin/llm/test",
                json={"test_type": "chat", "model_id": model["model_alias"], "message": QUESTION},
                check=both(answers_question, counts_tokens),
            )
            for what, wrong in (
                ("a chat with no model", {"test_type": "chat", "message": QUESTION}),
                (
                    "a trial of what does not exist",
                    {"test_type": "embedding", "model_id": model["model_alias"]},
                ),
            ):
                self.call("POST /admin/llm/test", json=wrong, refusals=INVALID, check=is_invalid(what))

    @task
    def provider_state(self) -> None:
        """Disable a provider on the page, which renders its row again."""
        with self.provider() as provider:
            self.update(
                "POST /admin/llm/providers/{provider_id}/state",
                provider_id=provider.id,
                values={"enabled": False},
                read=PROVIDER,
            )

    @task
    def model_state(self) -> None:
        """Disable a model on the page, which renders its row again."""
        with self.provider() as provider, self.model(provider.id) as model:
            self.update(
                "POST /admin/llm/models/{model_id}/state",
                model_id=model.id,
                values={"enabled": False},
                read=MODEL_ITEM,
            )


def offers_model_of(provider: Answer) -> Check:
    """Return a check that a trial lists one model, as it is enabled, of this ``provider``."""

    def check(answer: Answer) -> Mismatch | None:
        found = [one["id"] for one in answer["data.data"] if one["owned_by"] == provider["name"]]
        right = found == [MODEL] and answer["metrics.modelCount"] == len(answer["data.data"])
        return None if right else expected("the model of the provider in the list", found)

    return check


def answers_question(answer: Answer) -> Mismatch | None:
    """Check that a trial shows the model's answer."""
    return None if QUESTION in answer["assistant_message"] else expected("the model's answer", answer.text)


def counts_tokens(answer: Answer) -> Mismatch | None:
    """Check that a trial shows the model that answered, and how many tokens it took."""
    found, usage = answer["metrics"], answer["data.usage"]
    stated = {
        "promptTokens": usage["prompt_tokens"],
        "completionTokens": usage["completion_tokens"],
        "totalTokens": usage["total_tokens"],
        "responseModel": answer["data.model"],
    }
    adds_up = stated["totalTokens"] == stated["promptTokens"] + stated["completionTokens"] > 0
    right = adds_up and all(found[name] == value for name, value in stated.items())
    return None if right else expected("the tokens of the question and of the answer", found)
