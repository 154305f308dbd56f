"""JSON-RPC over a WebSocket: each answer is compared with its request, and a mismatch is reported."""

import json
import subprocess
import sys

import pytest

STORY = """
import json, sys
from types import SimpleNamespace
from loadtest.client.answer import Problem
from loadtest.users.mcp.jsonrpc import says
from loadtest.users.mcp.websocket import RelayUser

sent = []
link = SimpleNamespace(send=sent.append, receive=lambda within: json.loads(sys.argv[1]))
user = RelayUser.__new__(RelayUser)
user.process = SimpleNamespace(session=SimpleNamespace(correlation_id=lambda: "7"))
try:
    user.ask(link, "tools/call", {"name": "echo"}, check=says("hello"))
    print("well")
except Problem as problem:
    print(problem)
print(json.dumps(sent))
"""
"""In a process of its own, which Locust patches; the link is one that has its answer already."""

REQUEST = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "echo"}, "id": "7"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"id": "7", "result": {"content": [{"text": "hello"}]}}, "well"),
        (
            {"id": "7", "result": {"content": [{"text": "bye"}]}},
            "[content 101] expected the words in the tool's text",
        ),
        ({"id": "7", "result": {}}, "[content 101] expected a member 'result.content.<n>.text'"),
        ({"id": "8", "result": {}}, "[jsonrpc 101] the answer carries another call's id"),
        ({"id": "7", "error": {"code": -32601, "message": "no method"}}, "[jsonrpc 101 -32601] no method"),
        ({"id": "7", "result": {"isError": True}}, "[tool-error 101] isError without a text"),
    ],
)
def test_an_answer_is_held_against_its_request(message: dict[str, object], expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STORY, json.dumps(message)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    problem, sent = done.stdout.splitlines()
    assert problem == expected
    assert json.loads(sent) == [REQUEST]
