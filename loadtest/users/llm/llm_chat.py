"""Chat in the browser: a model that may call the tools of an MCP server of the gateway."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from locust import tag

from loadtest.client.mismatch import expected, refused
from loadtest.client.protocols.streams import EventStream
from loadtest.users.access.checks import DENIED, is_denied
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.llm.llm import QUESTION, LlmModels

NO_CHAT = {
    400: "the user is not connected, so there is no chat",
    404: "the user is not connected, so no chat is configured",
}


class LlmChatUser(LlmModels, PeopleUser):
    """A person who chats."""

    area = "llm-chat"

    @contextmanager
    def chatter(self) -> Iterator[tuple[str, str]]:
        """Create an account for the ``with`` block, with its e-mail and token: the gateway has one chat per account."""
        person = self.account(admin=True)
        try:
            yield person.email, self.signed_in(person)
        finally:
            self.forget(person)

    @contextmanager
    def chat(self, *, streaming: bool) -> Iterator[tuple[str, str]]:
        """Connect a chat for the ``with`` block."""
        with (
            self.provider() as provider,
            self.model(provider.id) as model,
            self.chatter() as (email, token),
        ):
            self.call(
                "POST /llmchat/connect",
                bearer=token,
                json={
                    "user_id": email,
                    "server": {
                        "url": f"{self.link.session.host}/servers/{self.fixture.server_id}/mcp",
                        "transport": "streamable_http",
                        "auth_token": token,
                    },
                    "llm": {"model": model.id, "max_tokens": 100, "temperature": 0.5},
                    "streaming": streaming,
                },
                check=lambda a: (
                    None if self.fixture.tools["echo"] in a["tools"] else expected("the tools", a["tools"])
                ),
            )
            try:
                yield email, token
            finally:
                self.call(
                    "POST /llmchat/disconnect",
                    bearer=token,
                    json={"user_id": email},
                    check=lambda a: (
                        None if a["status"] == "disconnected" else refused("the chat to end", a["message"])
                    ),
                )

    @tag("slow")
    @task(2)
    def conversation(self) -> None:
        """Connect, read the session, ask a question, cause a tool call, disconnect."""
        with self.chat(streaming=False) as (email, token):
            self.call(
                "GET /llmchat/status/{user_id}",
                user_id=email,
                bearer=token,
                check=lambda a: (
                    None if a["connected"] else expected("a session that is connected", a["connected"])
                ),
            )
            self.call("GET /llmchat/config/{user_id}", user_id=email, bearer=token)
            self.call(
                "POST /llmchat/chat",
                bearer=token,
                json={"user_id": email, "message": QUESTION, "streaming": False},
                check=lambda a: (
                    None
                    if a["response"] == f"You said: {QUESTION}"
                    else expected("the model's answer", a["response"])
                ),
            )
            tool = self.fixture.tools["echo"]
            self.call(
                "POST /llmchat/chat",
                bearer=token,
                json={"user_id": email, "message": f'call {tool} {{"text": "fish"}}', "streaming": False},
                check=lambda a: (
                    None
                    if a["tool_used"] and "fish" in a["response"]
                    else expected("the tool to be called", a["response"])
                ),
            )

    @task
    def unconnected(self) -> None:
        """A user who has not connected: there is no chat to use or to end, which is for the user alone to see."""
        with self.chatter() as (email, token):
            self.call(
                "GET /llmchat/status/{user_id}",
                user_id=email,
                bearer=token,
                check=has("connected", False),
            )
            self.call(
                "GET /llmchat/status/{user_id}",
                user_id=email,
                refusals=DENIED,
                check=is_denied("to see the chat of another user"),
            )
            self.call("GET /llmchat/config/{user_id}", user_id=email, bearer=token, accept=NO_CHAT)
            self.call(
                "POST /llmchat/chat",
                bearer=token,
                json={"user_id": email, "message": QUESTION, "streaming": False},
                accept=NO_CHAT,
            )
            self.call(
                "POST /llmchat/disconnect",
                bearer=token,
                json={"user_id": email},
                check=has("status", "no_active_session"),
            )

    @tag("slow")
    @task
    def streamed(self) -> None:
        """Connect, ask a question, read the streamed response, and that with a tool call, disconnect."""
        with self.chat(streaming=True) as (email, token):
            with self.asks(email, token, QUESTION) as events:
                events.next(where=lambda event: event.name == "token")
                events.next(where=lambda event: event.name == "final" and QUESTION in event.data)
            tool = self.fixture.tools["echo"]
            with self.asks(email, token, f'call {tool} {{"text": "fish"}}') as events:
                events.next(where=lambda event: event.name == "tool_start" and tool in event.data)
                events.next(where=lambda event: event.name == "tool_end" and "fish" in event.data)
                events.next(where=lambda event: event.name == "final" and "fish" in event.data)

    def asks(self, email: str, token: str, message: str) -> AbstractContextManager[EventStream]:
        """Send a message in a chat, and open the stream of the response for the ``with`` block."""
        return self.stream(
            "POST /llmchat/chat",
            bearer=token,
            json={"user_id": email, "message": message, "streaming": True},
        )
