"""JSON-RPC over a WebSocket: each answer is compared with its request, and a mismatch is reported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("websocket_request.py")
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
def test_a_response_is_compared_with_its_request(message: dict[str, object], expected: str) -> None:
    done = subprocess.run(
        [sys.executable, PROGRAM, json.dumps(message)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    problem, sent = done.stdout.splitlines()
    assert problem == expected
    assert json.loads(sent) == [REQUEST]
