"""Prompts: creation, lists, rendering with and without arguments."""

from __future__ import annotations

from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.base import task
from loadtest.users.checks import ANSWERED, both, has, lists_only
from loadtest.users.registry.fixtures import (
    DESCRIPTION,
    IS_PUBLIC,
    PURGE_METRICS,
    RegistryUser,
    at_other_server,
    new_prompt,
    without_scope,
)

INVALID_PARAMETERS = -32602
"""The code of JSON-RPC for parameters that a method does not accept."""
PLAIN = "Greet everybody in one sentence."

TURNS = "# User:\nWho is {{ who }}?\n# Assistant:\n{{ who }} is a user.\n# User:\nWhy?"
"""The template of a prompt of several turns."""


class PromptsUser(RegistryUser):
    """A user who publishes prompts."""

    area = "prompts"
    weight = 3

    @task(5)
    def lifecycle(self) -> None:
        """A prompt with an argument is created, rendered and deleted."""
        tag = self.name("tag")
        with self.prompt(tags=[tag]) as prompt:
            self.call("GET /prompts", params={"tags": tag}, check=lists_only(prompt))
            self.call(
                "POST /prompts/{prompt_id}",
                prompt_id=prompt.id,
                json={"who": "Ada"},
                check=both(
                    has("messages.0.content.text", "Greet Ada in one sentence."),
                    has("description", DESCRIPTION),
                ),
            )
            self.rpc(
                "POST /rpc prompts/get",
                {"name": prompt["name"], "arguments": {"who": "Ada"}},
                check=has("result.messages.0.content.text", "Greet Ada in one sentence."),
            )

    @task
    def prompt_without_argument(self) -> None:
        """A prompt that is used without a required argument: the parameters are invalid."""
        with self.prompt() as prompt:
            asked = jsonrpc.request(
                "prompts/get", {"name": prompt["name"], "arguments": {}}, self.name("call")
            )
            self.call(
                "POST /rpc prompts/get",
                json=asked,
                unlisted=True,
                refusals=ANSWERED,
                effect=lambda a: (
                    None
                    if (a.json.get("error") or {}).get("code") == INVALID_PARAMETERS
                    else expected(f"an error {INVALID_PARAMETERS}", a.json)
                ),
            )

    @task
    def conversation(self) -> None:
        """A prompt of several turns: each line that begins with a role starts a message of it."""
        who = self.name("who")
        with self.prompt(template=TURNS) as prompt:
            turns = (("user", f"Who is {who}?"), ("assistant", f"{who} is a user."), ("user", "Why?"))
            messages = [{"role": role, "content": {"type": "text", "text": text}} for role, text in turns]
            self.call(
                "POST /prompts/{prompt_id}",
                prompt_id=prompt.id,
                json={"who": who},
                check=has_messages("messages", messages),
            )
            self.rpc(
                "POST /rpc prompts/get",
                {"name": prompt["name"], "arguments": {"who": who}},
                check=has_messages("result.messages", messages),
            )

    @task(2)
    def without_arguments(self) -> None:
        """A prompt without arguments, rendered by its ID."""
        with self.created(
            "POST /prompts/",
            json=without_scope(new_prompt(self.name("prompt"), template=PLAIN, arguments=[])),
            check=IS_PUBLIC,
            delete="DELETE /prompts/{prompt_id}",
            deletion=PURGE_METRICS,
        ) as prompt:
            self.call(
                "GET /prompts/{prompt_id}",
                prompt_id=prompt.id,
                check=both(has("messages.0.content.text", PLAIN), has("description", DESCRIPTION)),
            )
            elsewhere = at_other_server(self.fixture.server_id)
            self.call("GET /prompts/{prompt_id}", prompt_id=prompt.id, **elsewhere)
            self.call("POST /prompts/{prompt_id}", prompt_id=prompt.id, json={}, **elsewhere)


def has_messages(at: str, messages: list[dict[str, Any]]) -> Check:
    """Return a check that the member ``at`` has these ``messages`` in this order, each with its role and its text."""
    wanted = [(one["role"], one["content"]["text"]) for one in messages]

    def check(answer: Answer) -> Mismatch | None:
        found = [(one["role"], one["content"]["text"].strip()) for one in answer[at]]
        return None if found == wanted else expected(f"{len(wanted)} messages in turn", found)

    return check
