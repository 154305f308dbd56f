"""Send a request over a WebSocket whose next message is in the first argument; print the problem and what was sent."""

import json
import sys
from types import SimpleNamespace
from typing import Any

from loadtest.client.answer import Problem
from loadtest.users.mcp.jsonrpc import says
from loadtest.users.mcp.websocket import WebSocketUser

if __name__ == "__main__":
    sent: list[object] = []
    link: Any = SimpleNamespace(send=sent.append, receive=lambda within: json.loads(sys.argv[1]))
    user: Any = WebSocketUser.__new__(WebSocketUser)
    user.link = SimpleNamespace(session=SimpleNamespace(correlation_id=lambda: "7"))
    try:
        user.ask(link, "tools/call", {"name": "echo"}, check=says("hello"))
        print("well")
    except Problem as problem:
        print(problem)
    print(json.dumps(sent))
