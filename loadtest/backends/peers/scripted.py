"""MCP servers and an agent that behave as backends in production do: paged, partly invalid, slow, away, protected.

Answered without an SDK, which would correct what is wrong on purpose. The first segment of a path selects the
behaviour, the second is a name that the scenario chose, under which requests are remembered:

- ``/paged/NAME/mcp`` lists its tools, resources and prompts in pages of two;
- ``/invalid/NAME/mcp`` lists a tool with a name that is too long for a gateway between two valid ones;
- ``/slow/NAME/mcp`` answers a call of its tool after ``PUT /release/NAME``, or after 20 seconds; ``GET /held/NAME``
  tells whether a call is waiting, within 5 seconds;
- ``/dropping/NAME/mcp`` closes the connection during a call of its tool ``drop``;
- ``/away/NAME/mcp`` responds 503 between ``PUT /away/NAME?away=true`` and ``?away=false``;
- ``/changing/NAME/mcp`` has other tools after ``PUT /change/NAME``: one more, one less, another description, and one
  that is invalid; and other resources and prompts: one more, one less, and another description;
- ``/plain/NAME/mcp`` has one tool, prompts, and a resource, whose text contains its address;
- ``/failing/NAME/mcp`` answers each use of its tool, its resource and its prompt with an error of JSON-RPC;
- ``/contents/NAME/mcp`` answers a call of its tool with every kind of content, and the text;
- ``/described/NAME/mcp`` lists entries with every member that MCP describes, one member of which is another after
  ``PUT /change/NAME``;
- ``/repeating/NAME/mcp`` gives each client a session, and answers each use of its tool, its resource and its prompt
  with the session and the metadata of the request, in JSON;
- ``/answering/NAME/mcp`` answers a call of its tools with the result in the argument ``result``; one of them has an
  output schema;
- ``/agent/NAME`` is an A2A agent that answers with the text, refuses a message in the form of another version of the
  protocol than its method, and remembers them too;
- ``/token/NAME`` is a token endpoint for client credentials, passwords, and the exchange of a user's token; after
  ``PUT /form/NAME``, it responds with a form;
- ``GET /received/NAME`` returns the headers of the last request for ``NAME``, and its query as one of them; of an MCP
  server, those of the last ``tools/call``, or of another method with ``?method=prompts/get``. With ``?method=token``,
  those of the last request for a token, with its form instead of its query. With ``&value=TEXT``, those of the last
  request that had this value, if one of the last eight had it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import uuid
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from loadtest.backends.asgi import serving
from loadtest.backends.descriptions import described
from loadtest.backends.settings import (
    CONTENTS,
    DESCRIBING,
    ERRORS,
    FAILING,
    PARTS,
    PROMPTS,
    QUERY,
    REPEATED,
    REPEATING,
    RESOURCES,
    STATED,
    TOOLS,
    TYPED,
)
from loadtest.backends.token_shapes import form

PAGE = 2
"""Entries of a page."""
PROTOCOL = "2025-06-18"
HELD_FOR = 20.0
"""Seconds after which a call that waits is answered."""
HELD_WITHIN = 5.0
"""Seconds to wait for a call that waits."""
_METHOD_NOT_FOUND = -32601
_CALL = "tools/call"
_SESSION = "mcp-session-id"
_TOKEN = "token"  # noqa: S105 - the name under which requests for tokens are remembered
_SEND = "SendMessage"
"""The method of a message in A2A 1.0, whose result is an object with the answer; in 0.3, it is the answer."""
_TEXT = {"type": "object", "properties": {"text": {"type": "string"}}}
_ANY = {"type": "object"}
_UNAVAILABLE = 503
_OFFERING = (*PARTS, DESCRIBING, REPEATING)
"""Behaviours with resources and prompts that every release must list."""


class ScriptedPeers:
    """The servers; they share what they remember."""

    def __init__(self) -> None:
        self._received: dict[tuple[str, str], deque[dict[str, str]]] = defaultdict(lambda: deque(maxlen=8))
        """Headers by name and method, the last ones first: gateways check the health of a server at any time."""
        self._away: set[str] = set()
        self._changed: set[str] = set()
        self._forms: set[str] = set()
        self._held: dict[str, asyncio.Event] = {}
        """Calls that wait, by name; set when they may end."""

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[
                Route("/received/{name}", self.received, methods=["GET"]),
                Route("/away/{name}", self.switch, methods=["PUT"]),
                Route("/change/{name}", self.change, methods=["PUT"]),
                Route("/release/{name}", self.release, methods=["PUT"]),
                Route("/held/{name}", self.held, methods=["GET"]),
                Route("/form/{name}", self.form, methods=["PUT"]),
                Route("/token/{name}", self.token, methods=["POST"]),
                Route("/agent/{name}", self.agent, methods=["POST"]),
                Route("/{behaviour}/{name}/mcp", self.mcp, methods=["POST"]),
            ]
        )

    async def received(self, request: Request) -> JSONResponse:
        """Return the headers of the last request for a name, or of the last one with a value."""
        name, method = request.path_params["name"], request.query_params.get("method", _CALL)
        value = request.query_params.get("value")
        kept = self._received.get((name, method), ())
        having = (headers for headers in kept if value in headers.values())
        return JSONResponse(next(having, None) or next(iter(kept), {}))

    async def switch(self, request: Request) -> JSONResponse:
        """Let a server go away, or return."""
        name = request.path_params["name"]
        if request.query_params.get("away") == "true":
            self._away.add(name)
        else:
            self._away.discard(name)
        return JSONResponse({"away": name in self._away})

    async def change(self, request: Request) -> JSONResponse:
        """Let a server have other tools from now on."""
        self._changed.add(request.path_params["name"])
        return JSONResponse({"changed": True})

    async def release(self, request: Request) -> JSONResponse:
        """Let a call that waits end."""
        held = self._held.get(request.path_params["name"])
        if held is not None:
            held.set()
        return JSONResponse({"released": held is not None})

    async def held(self, request: Request) -> JSONResponse:
        """Tell whether a call waits."""
        name = request.path_params["name"]
        deadline = asyncio.get_running_loop().time() + HELD_WITHIN
        while name not in self._held and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)
        return JSONResponse({"held": name in self._held})

    async def token(self, request: Request) -> Response:
        """Issue a token that contains the client's credentials, so that a test sees which ones arrived.

        A token that is exchanged for that of a user contains the user and the audience, too, and one for a user with a
        password both.
        """
        body = (await request.body()).decode()
        headers = dict(request.headers) | {QUERY: body}
        self._received[request.path_params["name"], _TOKEN].appendleft(headers)
        sent = parse_qs(body)
        basic = request.headers.get("authorization", "").partition(" ")[2]
        client = (
            base64.b64decode(basic).decode()
            if basic
            else ":".join(sent.get(name, [""])[0] for name in ("client_id", "client_secret"))
        )
        grant = sent.get("grant_type", [""])[0]
        if "subject_token" in sent:
            user = jwt.decode(sent["subject_token"][0], options={"verify_signature": False})["sub"]
            client = ":".join((client, user, sent.get("audience", [""])[0]))
        elif "username" in sent:
            client = ":".join((client, sent["username"][0], sent.get("password", [""])[0]))
        answer = {"access_token": f"{grant}:{client}", "token_type": "Bearer", "expires_in": 3600}
        return form(answer) if request.path_params["name"] in self._forms else JSONResponse(answer)

    async def form(self, request: Request) -> JSONResponse:
        """Let a token endpoint respond with forms from now on."""
        self._forms.add(request.path_params["name"])
        return JSONResponse({"form": True})

    async def agent(self, request: Request) -> JSONResponse:
        """Answer a message with its own text."""
        self._remember(request)
        message = await request.json()
        said = message.get("params", {}).get("message", {})
        if wrong := _foreign_members(said, newer=message.get("method") == _SEND):
            error = {"code": -32602, "message": f"the message has what another protocol version has: {wrong}"}
            return JSONResponse({"jsonrpc": "2.0", "id": message.get("id"), "error": error})
        reply = {"kind": "message", "role": "agent", "messageId": "1", "parts": said.get("parts", [])}
        if message.get("method") == _SEND:
            answer = {"role": "ROLE_AGENT", "messageId": "1", "contextId": "1", "parts": reply["parts"]}
            reply = {"message": answer}
        return JSONResponse({"jsonrpc": "2.0", "id": message.get("id"), "result": reply})

    async def mcp(self, request: Request) -> Response:
        """Answer one MCP message."""
        behaviour, name = request.path_params["behaviour"], request.path_params["name"]
        if name in self._away:
            return Response(status_code=_UNAVAILABLE)
        if behaviour not in TOOLS:
            return Response(status_code=404)
        changed = name in self._changed
        if behaviour == "changing" and changed:
            behaviour = "changed"
        message = await request.json()
        method = message.get("method")
        self._remember(request, str(method))
        if "id" not in message:
            return Response(status_code=202)
        params = message.get("params") or {}
        if method == "tools/call" and behaviour == "slow":
            await self._hold(name)
        if method == "tools/call" and params["name"] == "drop":
            return _Dropped()
        if behaviour == "failing" and method in ERRORS:
            error = {"code": ERRORS[method], "message": "It fails on purpose."}
            return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "error": error})
        if behaviour == DESCRIBING and (listed := _described(str(method), changed=changed)) is not None:
            return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": listed})
        if behaviour == REPEATING and (said := _repeated(request, str(method), params)) is not None:
            return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": said})
        answer = _ANSWERS.get(method or "")
        if answer is None:
            error = {"code": _METHOD_NOT_FOUND, "message": f"Method not found: {method}"}
            return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "error": error})
        begins = behaviour == REPEATING and method == "initialize"
        headers = {_SESSION: uuid.uuid4().hex} if begins else None
        result = answer(behaviour, params)
        return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": result}, headers=headers)

    async def _hold(self, name: str) -> None:
        self._held[name] = asyncio.Event()
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._held[name].wait(), HELD_FOR)
        finally:
            del self._held[name]

    def _remember(self, request: Request, method: str = _CALL) -> None:
        name = request.path_params["name"]
        self._received[name, method].appendleft(dict(request.headers) | {QUERY: request.url.query})


class _Dropped(Response):
    """A response that ends in its middle, so that the server closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"jsonrpc":', "more_body": False})


def _described(method: str, *, changed: bool) -> dict[str, Any] | None:
    """Return a list of the described entries; None of another method."""
    kind, _, verb = method.rpartition("/")
    if verb != "list" or kind not in ("tools", "resources", "prompts"):
        return None
    return {kind: described(kind, changed=changed)}


def _repeated(request: Request, method: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the result of the use of a tool, resource or prompt that repeats the request; None of another method.

    The address of the resource is that of no other server: a gateway refuses to read one that two of them offer.
    """
    if method == "resources/list":
        name = request.path_params["name"]
        return {"resources": [{"uri": f"scripted://{name}", "name": REPEATED, "mimeType": "text/plain"}]}
    meta = {name: value for name, value in (params.get("_meta") or {}).items() if name != "progressToken"}
    text = json.dumps({"session": request.headers.get(_SESSION), "meta": meta})
    if method == _CALL:
        content = [{"type": "text", "text": text}]
        return {"content": content, "structuredContent": {"result": text}, "isError": False}
    if method == "prompts/get":
        return {"messages": [{"role": "user", "content": {"type": "text", "text": text}}]}
    if method == "resources/read":
        return {"contents": [{"uri": params["uri"], "mimeType": "text/plain", "text": text}]}
    return None


def _initialize(behaviour: str, params: Mapping[str, Any]) -> dict[str, Any]:
    # Releases up to 1.0.7 do not list what a server offers if its capability for it is an empty object.
    prompts = {"listChanged": False} if behaviour in ("plain", "failing", *_OFFERING) else {}
    resources = {"subscribe": False, "listChanged": False} if behaviour in _OFFERING else {}
    return {
        "protocolVersion": params.get("protocolVersion", PROTOCOL),
        "capabilities": {"tools": {}, "resources": resources, "prompts": prompts},
        "serverInfo": {"name": f"scripted {behaviour}", "version": "1"},
    }


def _page(
    key: str, entries: list[dict[str, Any]], behaviour: str, params: Mapping[str, Any]
) -> dict[str, Any]:
    if behaviour != "paged":
        return {key: entries}
    start = int(params.get("cursor") or 0)
    more = {"nextCursor": str(start + PAGE)} if start + PAGE < len(entries) else {}
    return {key: entries[start : start + PAGE]} | more


def _list_tools(behaviour: str, params: Mapping[str, Any]) -> dict[str, Any]:
    tools = [
        {
            "name": name,
            "description": f"The {_state(behaviour)}tool {name}.",
            "inputSchema": _ANY if behaviour == "answering" else _TEXT,
            **({"outputSchema": STATED} if name == TYPED else {}),
        }
        for name in TOOLS[behaviour]
    ]
    return _page("tools", tools, behaviour, params)


def _state(behaviour: str) -> str:
    return "changed " if behaviour == "changed" else ""


def _list_resources(behaviour: str, params: Mapping[str, Any]) -> dict[str, Any]:
    names = {"paged": RESOURCES, "failing": (FAILING,), **PARTS}.get(behaviour, ())
    found = [
        {
            "uri": f"scripted://{name}",
            "name": name,
            "description": f"The {_state(behaviour)}resource {name}.",
            "mimeType": "text/plain",
        }
        for name in names
    ]
    if behaviour == "plain":
        found = [{"uri": "note://scripted", "name": "hello", "mimeType": "text/plain"}]
    return _page("resources", found, behaviour, params)


def _read_resource(_behaviour: str, params: Mapping[str, Any]) -> dict[str, Any]:
    uri = params["uri"]
    return {"contents": [{"uri": uri, "mimeType": "text/plain", "text": f"The text of {uri}."}]}


def _list_prompts(behaviour: str, params: Mapping[str, Any]) -> dict[str, Any]:
    own = {"paged": PROMPTS, "plain": PROMPTS, "failing": (FAILING,), REPEATING: (REPEATED,)}
    names = (own | dict(PARTS)).get(behaviour, ())
    argument = {"name": "who", "description": "who is greeted", "required": True}
    prompts = [
        {
            "name": name,
            "description": f"The {_state(behaviour)}prompt {name}.",
            "arguments": [argument],
        }
        for name in names
    ]
    return _page("prompts", prompts, behaviour, params)


def _call_tool(behaviour: str, params: Mapping[str, Any]) -> dict[str, Any]:
    if behaviour == "answering":
        return dict(params["arguments"]["result"])
    text = str((params.get("arguments") or {}).get("text", ""))
    if behaviour == "contents":
        return {"content": list(CONTENTS), "structuredContent": {"result": text}, "isError": False}
    return {"content": [{"type": "text", "text": f"{params['name']}: {text}"}], "isError": False}


def _get_prompt(behaviour: str, params: Mapping[str, Any]) -> dict[str, Any]:
    who = (params.get("arguments") or {}).get("who", "")
    content = {"type": "text", "text": f"{params['name']} greets {who}"}
    return {"messages": [{"role": "user", "content": content}]}


def _foreign_members(message: Mapping[str, Any], *, newer: bool) -> list[str]:
    """Return what a message of A2A has that only another version of the protocol has: 1.0 is the ``newer`` one.

    1.0 has no ``kind`` and other names of roles; in 0.3, each part has its ``kind``.
    """
    parts = [part for part in message.get("parts", []) if isinstance(part, dict)]
    foreign = {
        "role": str(message.get("role", "")).startswith("ROLE_") is not newer and "role" in message,
        "kind": newer and "kind" in message,
        "parts": any(("kind" in part) is newer or "type" in part for part in parts),
    }
    return [name for name, there in foreign.items() if there]


_ANSWERS: dict[str, Callable[[str, Mapping[str, Any]], dict[str, Any]]] = {
    "initialize": _initialize,
    "ping": lambda _behaviour, _params: {},
    "tools/list": _list_tools,
    "tools/call": _call_tool,
    "resources/list": _list_resources,
    "resources/templates/list": lambda _behaviour, _params: {"resourceTemplates": []},
    "resources/read": _read_resource,
    "prompts/list": _list_prompts,
    "prompts/get": _get_prompt,
}


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve them; yields the base address."""
    async with serving(ScriptedPeers().app()) as url:
        yield url
