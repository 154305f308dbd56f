"""What is put in place before the load and taken away after it: the backends, registered with the gateway."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec
import requests

from loadtest.client.session import Session
from loadtest.desk import Desk
from loadtest.standing import Member, standing_member

_TOOLS_WITHIN = 15.0
"""Seconds in which the tools of a freshly registered backend must be there."""


class Stage(msgspec.Struct, kw_only=True):
    """What every scenario finds in place."""

    gateway_id: str | None = None
    """The MCP backend, as the gateway knows it."""
    gateway_name: str | None = None
    server_id: str | None = None
    """A virtual server that holds everything of the MCP backend."""
    tools: dict[str, str] = msgspec.field(default_factory=dict)
    """The backend's own name of a tool (``echo``) → the name under which the gateway offers it."""
    tool_ids: dict[str, str] = msgspec.field(default_factory=dict)
    resources: dict[str, str] = msgspec.field(default_factory=dict)
    """Address of a resource → the gateway's id of it."""
    prompts: dict[str, str] = msgspec.field(default_factory=dict)
    """The backend's own name of a prompt → the name under which the gateway offers it."""
    prompt_ids: dict[str, str] = msgspec.field(default_factory=dict)
    problems: dict[str, str] = msgspec.field(default_factory=dict)
    """Why a backend could not be registered, by its name."""
    member: Member | None = None
    """Somebody who is no administrator and stays, for teams to have a member; see :mod:`loadtest.standing`."""
    backends: dict[str, str] = msgspec.field(default_factory=dict)
    """Addresses of the backends, for scenarios that register one themselves."""

    def packed(self) -> bytes:
        """Return the stage as bytes for another process, which may be on another machine: without a token."""
        member = self.member and Member(email=self.member.email)
        return msgspec.msgpack.encode(msgspec.structs.replace(self, member=member))

    @classmethod
    def unpacked(cls, data: bytes) -> Stage:
        """Return the stage that :meth:`packed` wrote."""
        return msgspec.msgpack.decode(data, type=cls)


def set_stage(session: Session, backends: Mapping[str, str]) -> Stage:
    """Register the MCP backend with the gateway and return what scenarios may use.

    A backend that the gateway does not take is a problem of the stage, not the end of the run: its scenarios
    fail and say so.
    """
    stage = Stage(backends=dict(backends))
    try:
        stage.member = standing_member(session)
    except requests.RequestException as error:
        stage.problems["member"] = f"the gateway made no account: {error}"
    if "mcp" not in backends:
        return stage
    desk = Desk(session)
    try:
        stage.gateway_name = session.name("mcp")
        made = desk.ask(
            "POST /gateways",
            json={
                "name": stage.gateway_name,
                "url": f"{backends['mcp']}?stage={session.tag}",
                "transport": "STREAMABLEHTTP",
                "visibility": "public",
            },
        )
        stage.gateway_id = str(made["id"])
        _gather(desk, stage)
        server = desk.ask(
            "POST /servers",
            json={
                "server": {
                    "name": session.name("stage"),
                    "associated_tools": list(stage.tool_ids.values()),
                    "associated_resources": list(stage.resources.values()),
                    "associated_prompts": list(stage.prompt_ids.values()),
                },
                "visibility": "public",
            },
        )
        stage.server_id = str(server["id"])
    except (requests.RequestException, LookupError, TypeError, ValueError) as error:
        stage.problems["mcp"] = f"the gateway did not take it: {error}"
    return stage


def _gather(desk: Desk, stage: Stage) -> None:
    deadline = time.monotonic() + _TOOLS_WITHIN
    everything = {"limit": "0"}
    while not stage.tools and time.monotonic() < deadline:
        for tool in _of(stage, desk.ask("GET /tools", params=everything)):
            own = tool.get("originalName") or tool["name"]
            stage.tools[own], stage.tool_ids[own] = tool["name"], str(tool["id"])
    for resource in _of(stage, desk.ask("GET /resources", params=everything)):
        stage.resources[resource["uri"]] = str(resource["id"])
    for prompt in _of(stage, desk.ask("GET /prompts", params=everything)):
        own = prompt.get("originalName") or prompt["name"]
        stage.prompts[own], stage.prompt_ids[own] = prompt["name"], str(prompt["id"])
    if not stage.tools:
        raise LookupError(f"none of its tools appeared within {_TOOLS_WITHIN:g} s")


_ORIGINS = ("gatewayId", "gateway_id", "federationSource", "gatewaySlug")
"""Where an entity says which gateway it came from: by id, or (1.0.0rc1: resources, prompts) only by name."""


def _of(stage: Stage, entities: Any) -> list[dict[str, Any]]:
    ours = (stage.gateway_id, stage.gateway_name)
    return [e for e in entities if any(e.get(key) in ours for key in _ORIGINS if e.get(key))]


def clear_stage(session: Session, stage: Stage) -> None:
    """Take away what :func:`set_stage` put in place; what the gateway refuses shows in the entity counts."""
    desk = Desk(session)
    for operation, path in (
        ("DELETE /servers/{server_id}", {"server_id": stage.server_id}),
        ("DELETE /gateways/{gateway_id}", {"gateway_id": stage.gateway_id}),
    ):
        if all(path.values()):
            try:
                desk.ask(operation, path=path)
            except requests.RequestException as error:
                stage.problems.setdefault("mcp", f"could not be taken away: {error}")
