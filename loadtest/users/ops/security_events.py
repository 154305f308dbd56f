"""Security events: what the gateway records about refused authentications."""

from __future__ import annotations

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.identity.checks import UNAUTHORIZED
from loadtest.users.identity.fixtures import TOKEN
from loadtest.users.identity.tokens import is_accepted

EVENTS = "GET /api/logs/security-events"
MOST = 100
"""Events on a page; the newest are first."""


class SecurityEventsUser(GatewayUser):
    """A person who investigates refused authentications."""

    area = "logs"

    @task
    def revoked_token(self) -> None:
        """A revoked token is used twice; each use is a security event, on a page of its own."""
        if not self.switched_on("SECURITY_LOGGING_ENABLED"):
            return
        new = {"name": self.name("token"), "description": "To be revoked.", "expires_in_days": 1}
        made = self.call("POST /tokens", json=new)
        bearer = str(made["access_token"])
        self.delete("DELETE /tokens/{token_id}", read=TOKEN, token_id=made["token.id"])
        for _ in range(2):
            self.call(
                "GET /tools", bearer=bearer, params={"limit": 1}, refusals=UNAUTHORIZED, check=is_accepted
            )
        refused = {"event_type": "authentication_failure"}
        newest = self.call(EVENTS, params=refused | {"limit": MOST}, check=has_refusals)
        first, second = newest.json[:2]
        # Other scenarios use revoked tokens meanwhile.
        until = {"end_time": first["timestamp"]} | refused
        self.call(EVENTS, params=until | {"limit": 1}, check=has_events(first["id"]))
        self.call(EVENTS, params=until | {"limit": 1, "offset": 1}, check=has_events(second["id"]))
        since = {"start_time": second["timestamp"], "severity": second["severity"], "resolved": False}
        own = [one["id"] for one in (first, second) if one["severity"] == second["severity"]]
        self.call(EVENTS, params=until | since | {"limit": MOST}, check=has_events(*own))


def has_refusals(answer: Answer) -> Mismatch | None:
    """Check that at least two security events are refused authentications, none later than the one before it."""
    times = [one["timestamp"] for one in answer.json]
    kinds = {(one["event_type"], one["category"], one["action_taken"]) for one in answer.json}
    right = (
        len(times) > 1
        and times == sorted(times, reverse=True)
        and kinds == {("authentication_failure", "authentication", "denied")}
        and all(one["resolved"] is False and one["threat_score"] >= 0 for one in answer.json)
    )
    return None if right else expected("two refused authentications, the newest first", answer.json)


def has_events(*ids: str) -> Check:
    """Return a check that a list has just the security events with these ids, in this order."""
    return lambda a: (
        None
        if [one["id"] for one in a.json] == list(ids)
        else expected(f"the security events {', '.join(ids)}", a.json)
    )
