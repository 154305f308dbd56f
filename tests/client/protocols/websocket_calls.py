"""Call WebSockets of the server in the first argument, and print the requests that are reported to Locust."""

import sys
from types import SimpleNamespace
from typing import Any

from loadtest.client.caller import StepFailed
from loadtest.client.protocols.websocket_call import open_websocket
from loadtest.core.redact import Redactor


def main(host: str) -> None:
    fired: list[dict[str, Any]] = []
    session = SimpleNamespace(
        host=host,
        bearer="t",
        contract=SimpleNamespace(prefix="/v1"),
        correlation_id=lambda: "lt-0-1",
        trust=None,
        redactor=Redactor(),
    )
    http = SimpleNamespace(request_event=SimpleNamespace(fire=lambda **what: fired.append(what)))
    caller: Any = SimpleNamespace(
        session=session,
        http=http,
        scenario="s",
        last_operation=None,
        lateness=lambda: 5000.0,
        failed_before=lambda: None,
        note=lambda _: None,
    )
    with open_websocket(caller, "GET /ws") as link:
        link.send({"do": "echo"})
        link.receive()
    try:
        with open_websocket(caller, "GET /ws") as link:
            link.send({"do": "close"})
            link.receive()
    except StepFailed:
        pass
    with open_websocket(caller, "GET /relay", versioned=False) as link:
        link.send({"do": "echo"})
        link.receive()
    for one in fired:
        example = one["context"]["call"].example
        tokens = example.curl.count("$TOKEN") if example else "no example"
        in_time = 5000 < one["response_time"] < 9000
        print(
            one["request_type"], one["name"], one["response"].status_code, one["exception"], tokens, in_time
        )


if __name__ == "__main__":
    main(sys.argv[1])
