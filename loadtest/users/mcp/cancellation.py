"""Cancellation of running tool calls."""

from __future__ import annotations

import time

import gevent

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.fixtures.callers import Role
from loadtest.users.base import FixtureMissing, GatewayUser, task
from loadtest.users.checks import ANSWERED, both, has

RUNNING_TIME = 20.0
"""Seconds that the tool would take; it is cancelled long before."""
BEGUN_WITHIN = 10.0
"""Seconds within which a call must be reported as running."""
LOOK_AGAIN = 0.1
CODES = (-32800, -32000)
"""JSON-RPC codes of a cancelled call: the protocol's own, and the one that 1.0.0rc1 wraps it in."""

FORBIDDEN = (403,)
ELSEWHERE = (404,)
"""Status of a call that another worker runs."""


class CancellationAPIUser(GatewayUser):
    """A user who cancels a slow tool."""

    area = "cancellation"

    @task(2)
    def running(self) -> None:
        """A slow call is watched while it runs, cancelled, and ends as cancelled.

        A worker that does not run the call queues the cancellation for the others.
        """
        run = self.name("run")
        valid = ("cancelled", "queued") if self.link.session.deployment.workers > 1 else ("cancelled",)
        with self.meanwhile(lambda: self.slow_call(run)):
            self.watch(run)
            self.call(
                "POST /cancellation/cancel",
                json={"requestId": run, "reason": "load test"},
                check=both(
                    lambda a: (
                        None
                        if a["status"] in valid
                        else expected("the running call to be found", a["status"])
                    ),
                    has("requestId", run),
                    has("reason", "load test"),
                ),
            )

    @task
    def by_another(self) -> None:
        """A slow call goes on when a user of another team cancels it, and ends when one of the same team does."""
        callers, run = self.link.fixture.callers, self.name("run")
        if callers is None:
            raise FixtureMissing
        owner, teammate, outsider = (
            callers.bearer(role, self.link.session) for role in (Role.OWNER, Role.TEAMMATE, Role.OUTSIDER)
        )
        with self.meanwhile(lambda: self.slow_call(run, owner)):
            self.watch(run)
            stopped = {"requestId": run, "reason": "load test"}
            self.call(
                "POST /rpc notifications/cancelled",
                json=jsonrpc.request("notifications/cancelled", stopped, None),
                bearer=outsider,
                unlisted=True,
                refusals=ANSWERED,
                effect=lambda _: self.goes_on(run),
            )
            self.call(
                "POST /cancellation/cancel",
                json=stopped,
                bearer=outsider,
                refusals=FORBIDDEN,
                effect=is_forbidden,
            )
            self.rpc("POST /rpc notifications/cancelled", stopped, message_id=None, bearer=teammate)

    def goes_on(self, run: str) -> Mismatch | None:
        """Return a mismatch if ``run`` was cancelled, or has ended already; only the worker that runs it knows."""
        state = self.call("GET /cancellation/status/{request_id}", request_id=run, refusals=ELSEWHERE)
        of_another_worker = state.status in ELSEWHERE and self.link.session.deployment.workers > 1
        goes_on = of_another_worker or (state.status not in ELSEWHERE and not state["cancelled"])
        return None if goes_on else expected("a call of another user not to be cancelled", state.text)

    @task
    def unknown(self) -> None:
        """The cancellation of a call that this worker does not run is queued for the others."""
        run = self.name("run")
        self.call(
            "POST /cancellation/cancel",
            json={"requestId": run, "reason": "load test"},
            check=both(
                lambda a: (
                    None
                    if a["status"] == "queued" and a["requestId"] == run
                    else expected("the cancellation to be queued", a.json)
                ),
                has("reason", "load test"),
            ),
        )

    def slow_call(self, run: str, bearer: str | None = None) -> None:
        """Call the slow tool with the id ``run`` and expect the error of a cancelled call.

        ``bearer`` is the token of the caller, if that is not the administrator.
        """
        params = {"name": self.fixture.tools["slow"], "arguments": {"seconds": RUNNING_TIME}}
        self.call(
            "POST /rpc tools/call",
            json=jsonrpc.request("tools/call", params, run),
            bearer=bearer,
            unlisted=True,
            check=cancelled,
        )

    def watch(self, run: str) -> None:
        """Request the state of ``run`` until the gateway reports it."""
        deadline = time.monotonic() + BEGUN_WITHIN
        not_yet = {404: "requested before the concurrent call had started"}
        while time.monotonic() < deadline:
            state = self.call("GET /cancellation/status/{request_id}", request_id=run, accept=not_yet)
            if state.status != 404:
                return
            gevent.sleep(LOOK_AGAIN)
        self.call("GET /cancellation/status/{request_id}", request_id=run, waits=BEGUN_WITHIN)


def is_forbidden(answer: Answer) -> Mismatch | None:
    """Check that the cancellation of a call of another user was refused."""
    refused = answer.status in FORBIDDEN
    return None if refused else expected("the cancellation by another user to be refused", answer.status)


def cancelled(answer: Answer) -> Mismatch | None:
    """Check that the call ended as cancelled."""
    return (
        None
        if answer["error.code"] in CODES
        else expected("the call to end as cancelled", answer["error.code"])
    )
