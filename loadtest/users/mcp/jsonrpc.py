"""JSON-RPC over ``POST /rpc``: every method is an operation of its own."""

from __future__ import annotations

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.base import task
from loadtest.users.checks import COMPLETION, completes
from loadtest.users.mcp.lists import (
    ListingUser,
    Offer,
    offered_prompts,
    offered_resources,
    offered_templates,
    offered_tools,
)
from loadtest.users.registry.roots import ROOT

PROTOCOL_VERSION = "2025-06-18"
"""The revision of MCP that all gateway versions support: https://modelcontextprotocol.io/specification/2025-06-18."""
ZONES = {"source_timezone": "UTC", "target_timezone": "Asia/Tokyo"}
NOON_IN_UTC, NOON_IN_TOKYO = "2026-01-01T12:00:00", "2026-01-01T21:00:00+09:00"

NOTIFICATIONS = {
    "POST /rpc notifications/initialized": {},
    "POST /rpc notifications/cancelled": {"requestId": "lt-0-never-started", "reason": "load test"},
    "POST /rpc notifications/message": {"level": "info", "logger": "loadtest", "data": "load test"},
}

INITIALIZE = {
    "protocolVersion": PROTOCOL_VERSION,
    "capabilities": {},
    "clientInfo": {"name": "loadtest", "version": "1"},
}

SAMPLING = {
    "messages": [{"role": "user", "content": {"type": "text", "text": "Hello"}}],
    "maxTokens": 100,
    "modelPreferences": {"costPriority": 0.3, "speedPriority": 0.3, "intelligencePriority": 0.4},
}


class JsonRpcUser(ListingUser):
    """A client that uses JSON-RPC without a session."""

    area = "rpc"
    weight = 5

    @task(3)
    def lists(self) -> None:
        """All lists, three of them also by the gateway's own older names."""
        self.walk("POST /rpc tools/list", offered_tools(self.fixture))
        self.walk("POST /rpc resources/list", offered_resources())
        self.walk("POST /rpc resources/templates/list", offered_templates())
        for operation in ("POST /rpc tools/list", "POST /rpc resources/list", "POST /rpc prompts/list"):
            self.refuses_cursor(operation)
        self.walk("POST /rpc list_tools", offered_tools(self.fixture))
        name = self.fixture.gateway_name or ""
        gateway = {name: {"id": self.fixture.gateway_id, "enabled": True}}
        self.walk("POST /rpc list_gateways", Offer("gateways", "name", gateway))
        root = {"uri": f"https://{self.name('root')}.example.com/", "name": self.name("root")}
        with self.created("POST /roots", json=root, delete="DELETE /roots/{uri}", read=ROOT, key="uri"):
            roots = Offer("roots", "uri", {root["uri"]: {"name": root["name"]}})
            self.walk("POST /rpc roots/list", roots)
            self.walk("POST /rpc list_roots", roots)
        # Last, because releases are known to fail here.
        self.walk("POST /rpc prompts/list", offered_prompts(self.fixture))

    @task(5)
    def tools(self) -> None:
        """The tools of the virtual server, and calls of three of them."""
        offered = self.fixture.tools
        of_server = {"server_id": self.fixture.server_id}
        self.walk("POST /rpc tools/list", offered_tools(self.fixture, only=True), of_server)
        self.walk("POST /rpc resources/list", offered_resources(only=True), of_server)
        text = self.name("text")
        self.rpc(
            "POST /rpc tools/call", {"name": offered["echo"], "arguments": {"text": text}}, check=says(text)
        )
        self.rpc(
            "POST /rpc tools/call",
            {"name": offered["convert_time"], "arguments": ZONES | {"time": NOON_IN_UTC}},
            check=says(NOON_IN_TOKYO),
        )
        self.rpc(
            "POST /rpc tools/call",
            {"name": offered["get_system_time"], "arguments": {"timezone": "UTC"}},
            check=says("+00:00"),
        )
        self.walk("POST /rpc prompts/list", offered_prompts(self.fixture, only=True), of_server)

    @task
    def failing_tool(self) -> None:
        """A tool that always fails: the result must be the error of the tool, with its text."""
        called = {"name": self.fixture.tools["fail"], "arguments": {"message": "on purpose"}}
        self.call(
            "POST /rpc tools/call",
            json=jsonrpc.request("tools/call", called, self.name("call")),
            unlisted=True,
            check=lambda a: (
                None
                if a["result.isError"] and "on purpose" in a.text
                else expected("the failure of the tool")
            ),
        )

    @task(2)
    def resource(self) -> None:
        """A resource of the virtual server is read."""
        self.rpc(
            "POST /rpc resources/read", self.note(), check=reads("hello from the load test", "note://hello")
        )

    @task
    def subscription(self) -> None:
        """A resource of the virtual server is subscribed and unsubscribed."""
        try:
            self.rpc("POST /rpc resources/subscribe", self.note())
        finally:
            self.rpc("POST /rpc resources/unsubscribe", self.note())

    @task(2)
    def templated_resource(self) -> None:
        """A resource behind a template with a parameter."""
        self.rpc("POST /rpc resources/read", {"uri": "greeting://bob"}, check=reads("hello bob"))

    def note(self) -> dict[str, str | None]:
        """Return the parameters that name a resource of the virtual server."""
        return {"uri": "note://hello", "server_id": self.fixture.server_id}

    @task
    def prompt(self) -> None:
        """A prompt of the gateway's own is rendered with an argument, by its name and by its id."""
        prompt = {"name": self.name("prompt"), "template": "Say {{ word }}.", "arguments": [WORD]}
        with self.created(
            "POST /prompts", json={"prompt": prompt}, delete="DELETE /prompts/{prompt_id}"
        ) as made:
            self.rpc(
                "POST /rpc prompts/get",
                {"name": made["name"], "arguments": {"word": "friend"}},
                check=prompts("Say friend."),
            )
            self.rpc(
                "POST /rpc prompts/get",
                {"name": made.id, "arguments": {"word": "friend"}},
                check=prompts("Say friend."),
            )

    @task
    def federated_prompt(self) -> None:
        """A prompt of the backend is rendered by the backend."""
        self.rpc(
            "POST /rpc prompts/get",
            {"name": self.fixture.prompts["greet"], "arguments": {"name": "Ada"}},
            check=prompts("Greet Ada in one sentence."),
        )

    @task(2)
    def handshake(self) -> None:
        """A client initializes, sends notifications, pings, and sets the log level."""
        self.rpc(
            "POST /rpc initialize",
            INITIALIZE,
            check=lambda a: (
                None
                if a["result.protocolVersion"] == PROTOCOL_VERSION
                else expected(f"the protocol's version {PROTOCOL_VERSION}", a["result"])
            ),
        )
        for operation, params in NOTIFICATIONS.items():
            self.rpc(operation, params, message_id=None)
        self.rpc("POST /rpc ping", check=empty)
        # The level that the gateway was booted with, so that nothing changes for other users.
        self.rpc("POST /rpc logging/setLevel", {"level": "info"}, check=empty)

    @task(2)
    def assistance(self) -> None:
        """Completion of the address of a resource, and sampling of a message."""
        self.rpc(
            "POST /rpc completion/complete",
            COMPLETION,
            check=completes("result.completion.values"),
        )
        self.rpc("POST /rpc sampling/createMessage", SAMPLING, check=samples)

    @task
    def completion_of_a_prompt(self) -> None:
        """Completion of a prompt's argument."""
        prompt = {"name": self.name("prompt"), "template": "Say {{ word }}.", "arguments": [WORD]}
        with self.created(
            "POST /prompts/", json={"prompt": prompt}, delete="DELETE /prompts/{prompt_id}"
        ) as made:
            self.rpc(
                "POST /rpc completion/complete",
                {
                    "ref": {"type": "ref/prompt", "name": made["name"]},
                    "argument": {"name": "word", "value": "f"},
                },
                check=completes_nothing,
            )

    @task
    def completion_of_a_federated_prompt(self) -> None:
        """Completion of an argument of a prompt of the backend, by the backend."""
        argument = {"name": "name", "value": COMPLETION["argument"]["value"]}
        self.rpc(
            "POST /rpc completion/complete",
            {"ref": {"type": "ref/prompt", "name": self.fixture.prompts["greet"]}, "argument": argument},
            check=completes("result.completion.values"),
        )

    @task(2)
    def with_a_slash(self) -> None:
        """The same endpoint with a trailing slash."""
        self.rpc("POST /rpc/ ping", check=empty)
        self.walk("POST /rpc/ tools/list", offered_tools(self.fixture))
        text = self.name("text")
        self.rpc(
            "POST /rpc/ tools/call",
            {"name": self.fixture.tools["echo"], "arguments": {"text": text}},
            check=says(text),
        )


WORD = {"name": "word", "description": "What to say", "required": True}


def lists_at(member: str) -> Check:
    """Return a check that ``member`` of the result is a list."""
    return lambda answer: (
        None if isinstance(answer[f"result.{member}"], list) else expected(f"a list {member}", answer.json)
    )


def says(words: str) -> Check:
    """Return a check that the tool's first text has these words."""
    return _has("result.content.0.text", words, "the words in the tool's text")


def reads(text: str, uri: str = "") -> Check:
    """Return a check that the resource's first content is ``text``, of the resource ``uri`` if given."""

    def check(answer: Answer) -> Mismatch | None:
        content = answer["result.contents.0"]
        if uri and content["uri"] != uri:
            return expected("the resource that was asked for", content["uri"])
        return None if content["text"] == text else expected("the resource's text", content["text"])

    return check


def prompts(text: str) -> Check:
    """Return a check that the prompt's first message is ``text``."""
    path = "result.messages.0.content.text"
    return lambda answer: None if answer[path] == text else expected("the prompt's text", answer[path])


def samples(answer: Answer) -> Mismatch | None:
    """Check that a message of the assistant came back."""
    return (
        None
        if answer["result.role"] == "assistant"
        else expected("a message of the assistant", answer["result"])
    )


def completes_nothing(answer: Answer) -> Mismatch | None:
    """Check that there are no completions: nothing is known about the argument."""
    found = answer["result.completion"]
    return None if found["values"] == [] else expected("no completions", found)


def empty(answer: Answer) -> Mismatch | None:
    """Check that the result is an empty object, as the protocol requires."""
    return None if answer["result"] == {} else expected("an empty result", answer["result"])


def _has(path: str, words: str, what: str) -> Check:
    return lambda answer: None if words in answer[path] else expected(what, answer[path])
