"""Agents that fail, are disabled or move, in every way to talk to them, and messages that are none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.backend_probes import ask_scripted
from loadtest.client.caller import Check, Effect
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.base import task
from loadtest.users.checks import ANSWERED, INVALID_REQUEST, answers, both, has, tool_answers
from loadtest.users.federation.checks import calls_fail, carries_all, fails_saying
from loadtest.users.federation.stored import PARAMETER
from loadtest.users.registry.a2a import invocation, newer_invocation, rpc_message
from loadtest.users.registry.fixtures import MASK, RegistryUser, new_agent, of_team

FAILED = (400, 404, 500, 502, 503)
"""Statuses of a message to an agent that does not answer."""
UNKNOWN = (404,)
KEPT, ADDED = "X-Kept", "X-Added"
OWN, OTHER = "X-Load-Own", "X-Load-Other"
"""Headers of a caller; an agent is registered for the first one."""
JSONRPC = "POST /a2a/{agent_name}/jsonrpc"


class AgentResultsUser(RegistryUser):
    """A user whose agents do not always answer."""

    area = "a2a"

    @task
    def failing(self) -> None:
        """An agent that responds with an error status: every way to talk to it fails, and states the status."""
        status = 503
        address = f"{self.backend('rest_shapes')}/status/{status}"
        body = new_agent(self.name("agent"), address, agent_type="custom")
        with self.created("POST /a2a", json=body, delete="DELETE /a2a/{agent_id}") as agent:
            self.fails(agent, states(str(status)), fails_saying(str(status)))

    @task
    def disabled(self) -> None:
        """An agent that is disabled answers in no way, and in every way when it is enabled again."""
        with self.team() as team, self.agent(scope=of_team(team.id)) as agent:
            self.answers(agent)
            for on, now in ((False, self.is_off(agent)), (True, self.is_on(agent))):
                own: dict[str, Any] = {"agent_id": agent.id, "params": {"activate": on}}
                self.call("POST /a2a/{agent_id}/state", effect=now, **own)

    def is_off(self, agent: Answer) -> Effect:
        """Return an effect that talks to ``agent`` in every way, which must fail."""

        def effect(_: Answer) -> Mismatch | None:
            self.fails(agent, is_refused, calls_fail)
            return None

        return effect

    def is_on(self, agent: Answer) -> Effect:
        """Return an effect that talks to ``agent`` in every way."""

        def effect(_: Answer) -> Mismatch | None:
            self.answers(agent)
            return None

        return effect

    def answers(self, agent: Answer) -> None:
        """Talk to an agent in every way; it must answer."""
        text = self.name("text")
        said = invocation(text)
        self.call("POST /a2a/{agent_name}/invoke", agent_name=agent["name"], json=said, check=answers(text))
        self.rpc("POST /rpc tools/call", as_tool(agent, text), check=tool_answers(text))
        if self.offers(JSONRPC):
            message = rpc_message(text)
            self.call(
                "POST /a2a/{agent_name}/jsonrpc",
                agent_name=agent["name"],
                json=message,
                check=both(answers(text), has("id", text)),
            )

    def fails(self, agent: Answer, check: Check, check_tool: Check) -> None:
        """Talk to an agent in every way; it must fail as ``check`` expects, and ``check_tool`` of its tool."""
        text = self.name("text")
        said = invocation(text)
        self.call(
            "POST /a2a/{agent_name}/invoke",
            agent_name=agent["name"],
            json=said,
            refusals=FAILED,
            effect=check,
        )
        asked = jsonrpc.request("tools/call", as_tool(agent, text), text)
        self.call("POST /rpc tools/call", json=asked, unlisted=True, refusals=ANSWERED, effect=check_tool)
        if self.offers(JSONRPC):
            message = rpc_message(text)
            self.call(
                "POST /a2a/{agent_name}/jsonrpc",
                agent_name=agent["name"],
                json=message,
                refusals=FAILED,
                effect=both(check, is_error_of(text)),
            )

    @task
    def moved(self) -> None:
        """An agent that gets another address and name: it is talked to there in every way, also as a tool."""
        old, new = self.name("agent"), self.name("agent")
        body = new_agent(old, f"{self.backend('rest_shapes')}/status/500", agent_type="jsonrpc")
        with self.created("POST /a2a", json=body, delete="DELETE /a2a/{agent_id}") as agent:
            address = f"{self.backend('scripted')}/agent/{new}"
            changes = {"name": new, "endpointUrl": address}
            moved = self.update("PUT /a2a/{agent_id}", agent_id=agent.id, json=changes)
            self.answers(moved)

    @task
    def masked_headers(self) -> None:
        """An update with a header of an agent as it is shown, masked, keeps it beside a new one.

        The agent receives the header of the caller for which it is registered, too, and no other one.
        """
        kept, new = self.secret(), self.secret()
        own, other = self.name("own"), self.name("other")
        name = self.name("agent")
        address = f"{self.backend('scripted')}/agent/{name}"
        headers: dict[str, Any] = {"auth_type": "authheaders", "auth_headers": [{"key": KEPT, "value": kept}]}
        body = new_agent(name, address, agent_type="jsonrpc", passthrough_headers=[OWN], **headers)
        with self.created(
            "POST /a2a", json=body, delete="DELETE /a2a/{agent_id}", differs=("auth_headers",)
        ) as agent:
            # 1.0.0rc1 passes no header on.
            passed = {OWN: own} if self.offers(JSONRPC) else {}
            sent = {OWN: own, OTHER: other}
            received = self.receives(name, {KEPT: kept, ADDED: new, **passed}, (other,), sent=sent)
            shown = [{"key": KEPT, "value": MASK}, {"key": ADDED, "value": new}]
            changes = {"authType": "authheaders", "authHeaders": shown}
            self.call("PUT /a2a/{agent_id}", agent_id=agent.id, json=changes, effect=received)

    @task
    def other_credentials(self) -> None:
        """An agent that gets another kind of credentials receives those, and no longer the ones before.

        It speaks an older version of the protocol than the caller, whose messages are translated.
        """
        name = self.name("agent")
        older: dict[str, Any] = {"agent_type": "jsonrpc", "protocol_version": "0.3"}
        body = new_agent(name, f"{self.backend('scripted')}/agent/{name}", **older)
        key, other, value = self.secret(), self.secret(), self.secret()
        listed = {"authType": "authheaders", "authHeaders": [{"key": KEPT, "value": key}]}
        body["agent"]["auth_type"] = "none"
        with self.created(
            "POST /a2a", json=body, delete="DELETE /a2a/{agent_id}", differs=("auth_type",)
        ) as agent:
            for change, wanted, without in (
                (listed, {KEPT: key}, ()),
                (listed | {"authHeaders": [{"key": ADDED, "value": other}]}, {ADDED: other}, (key,)),
                (PARAMETER.properties(value), PARAMETER.received(value), (key, other)),
                (listed, {KEPT: key}, (other, value)),
                ({"authType": "none"}, {}, (key, value)),
            ):
                self.call(
                    "PUT /a2a/{agent_id}",
                    agent_id=agent.id,
                    json=change,
                    effect=self.receives(name, wanted, without, newer=self.offers(JSONRPC)),
                )

    def receives(
        self,
        name: str,
        wanted: Mapping[str, str],
        without: Collection[str] = (),
        *,
        sent: Mapping[str, str] | None = None,
        newer: bool = False,
    ) -> Effect:
        """Return an effect that talks to the agent ``name``: it receives the headers that are ``wanted``.

        It must receive none of the texts ``without``. The headers ``sent`` are those of the caller, whose message has
        the form of A2A 1.0 if ``newer``.
        """

        def effect(_: Answer) -> Mismatch | None:
            text = self.name("text")
            self.call(
                "POST /a2a/{agent_name}/invoke",
                agent_name=name,
                json=newer_invocation(text) if newer else invocation(text),
                headers=sent,
                check=answers(text),
            )
            received = ask_scripted(self.backend("scripted"), "GET", f"/received/{name}")
            return carries_all(received, wanted, without, what="the credentials of the last change")

        return effect

    @task
    def invalid_messages(self) -> None:
        """Messages that are not JSON-RPC, or have no receiver, are refused with the error of JSON-RPC."""
        if not self.offers(JSONRPC):
            return
        with self.agent() as agent:
            text = self.name("text")
            right: dict[str, Any] = rpc_message(text)
            for wrong in ({"jsonrpc": "1.0"}, {"method": 1}, {"method": ""}, {"params": [text]}):
                self.call(
                    "POST /a2a/{agent_name}/jsonrpc",
                    agent_name=agent["name"],
                    json=right | wrong,
                    refusals=INVALID_REQUEST,
                    effect=is_error_of(text),
                )
            self.call(
                "POST /a2a/{agent_name}/jsonrpc",
                agent_name=self.name("unknown"),
                json=right,
                refusals=UNKNOWN,
                effect=is_error_of(text),
            )


def as_tool(agent: Answer, text: str) -> dict[str, Any]:
    """Return the parameters of a call of ``agent`` as a tool."""
    return {"name": f"a2a-{agent['slug']}", "arguments": {"query": text}}


def is_refused(answer: Answer) -> Mismatch | None:
    """Check that a message to an agent was refused."""
    refused = answer.status in FAILED
    return None if refused else expected("an agent that is off not to answer", answer.status)


def states(text: str) -> Check:
    """Return a check that a message to an agent failed and that the response contains ``text``."""

    def check(answer: Answer) -> Mismatch | None:
        right = answer.status in FAILED and text in answer.text
        return None if right else expected(f"the failure of the agent with {text}", answer.text)

    return check


def is_error_of(message_id: str) -> Check:
    """Return a check that the response is an error of JSON-RPC about the message with this id."""

    def check(answer: Answer) -> Mismatch | None:
        body = answer.json
        right = (
            answer.status not in ANSWERED
            and isinstance((body.get("error") or {}).get("code"), int)
            and body.get("id") == message_id
            and "result" not in body
        )
        return None if right else expected("the error of JSON-RPC with the id of the message", answer.text)

    return check
