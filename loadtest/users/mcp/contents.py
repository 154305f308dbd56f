"""Results of a federated tool with every kind of content: texts, images, audio, links and embedded resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.backends.settings import CONTENTS
from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.mcp.mcp import SessionUser
from loadtest.users.mcp.open_session import GATEWAY, SERVER
from loadtest.users.registry.fixtures import ADDRESS, RegistryUser, new_gateway


class ContentsUser(SessionUser, RegistryUser):
    """A client of a tool that answers with more than text."""

    area = "mcp"

    @task
    def contents(self) -> None:
        """The result has every part as the tool sent it: by JSON-RPC, and in sessions of MCP."""
        name, text = self.name("gateway"), self.name("text")
        body = new_gateway(name, f"{self.backend('scripted')}/contents/{name}/mcp")
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=ADDRESS
        ) as gateway:
            found = self.call("GET /tools", params={"gateway_id": gateway.id, "limit": 0})
            asked = {"name": str(found["0.name"]), "arguments": {"text": text}}
            self.rpc("POST /rpc tools/call", asked, check=has_contents(text))
            with self.session(GATEWAY) as headers:
                self.rpc("POST /mcp/ tools/call", asked, headers=headers, check=has_contents(text))
            with self.server(associated_tools=[str(found["0.id"])]) as server:
                own: dict[str, Any] = {"server_id": server.id}
                with self.session(SERVER, **own) as headers:
                    self.rpc(
                        "POST /servers/{server_id}/mcp tools/call",
                        asked,
                        headers=headers,
                        check=has_contents(text),
                        **own,
                    )


def has_contents(text: str) -> Check:
    """Return a check that a result has the contents that the tool sent, with every member, and ``text`` beside them."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer["result.content"]
        if len(found) != len(CONTENTS):
            return expected("every content that the tool sent", found)
        for sent, part in zip(CONTENTS, found, strict=True):
            lost = [name for name in sent if not _has(part.get(name), sent[name])]
            if lost:
                return expected(f"the {', '.join(lost)} of a content of the kind {sent['type']}", part)
        return has("result.structuredContent.result", text)(answer)

    return check


def _has(found: Any, sent: Any) -> bool:
    """Return whether a value is as it was sent; an object may have more members."""
    if isinstance(sent, Mapping):
        return isinstance(found, Mapping) and all(_has(found.get(name), one) for name, one in sent.items())
    return bool(found == sent)
