"""Content checks of what must have changed: definitions, rights, and requests that are refused when repeated.

Independent of Locust, so that tests can call each check.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.refusal import Finding
from loadtest.results.failures import ProblemKind
from loadtest.results.refusals import Standing
from loadtest.users.read_back import parameters_of

if TYPE_CHECKING:
    from loadtest.client.caller import Check
    from loadtest.users.read_back import Call, Entity

AGAIN = (400, 404, 409)
"""Statuses of a request that is refused because it was made before."""
STATUS_AGAIN = {
    400: (
        "DELETE /teams/{team_id}/leave",
        "POST /rbac/roles",
        "POST /rbac/users/{user_email}/roles",
        "POST /teams/{team_id}/invitations",
        "POST /teams/{team_id}/join",
        "POST /tokens",
    ),
    404: (
        "DELETE /rbac/users/{user_email}/roles/{role_id}",
        "DELETE /teams/invitations/{invitation_id}",
        "DELETE /teams/{team_id}/join-requests/{request_id}",
        "DELETE /teams/{team_id}/members/{user_email}",
        "POST /teams/{team_id}/join-requests/{request_id}/approve",
    ),
    409: (
        "DELETE /tokens/{token_id}",
        "POST /a2a",
        "POST /a2a/",
        "POST /auth/email/admin/users",
        "POST /auth/email/register",
        "POST /prompts",
        "POST /prompts/",
        "POST /resources",
        "POST /resources/",
        "POST /servers",
        "POST /servers/",
        "POST /teams/{team_id}/members",
        "POST /tools",
        "POST /tools/",
    ),
}
"""Operations by the status with which every release refuses them if they were made before."""
NO_ACCESS = (401, 403)
"""Statuses of a request whose credential does not count, or no longer gives access."""
DENIED = (400, 401, 403, 404, 409, 422)
"""Statuses of a request that no caller, or not this one, may make."""
INVALID = (400, 413, 422)
"""Statuses of a request whose content must not be stored."""


def has_its_status(answer: Answer) -> Mismatch | None:
    """Check that a request that was made before is refused with the status of its operation, if that is known.

    It is called as an effect.
    """
    wanted = next(
        (status for status, those in STATUS_AGAIN.items() if answer.operation in those), answer.status
    )
    right = answer.status == wanted or answer.status not in AGAIN
    return (
        None
        if right
        else expected(f"a request that was made before to be refused with {wanted}", answer.status)
    )


def is_refused_again(answer: Answer) -> Mismatch | None:
    """Check that a request that was made before is refused: its status is one of :data:`AGAIN`."""
    refused = answer.status in AGAIN
    return None if refused else expected("a request that was made before to be refused", answer.status)


def is_denied(what: str) -> Check:
    """Return a check that a request which would do ``what`` is refused: its status is one of :data:`DENIED`."""

    def check(answer: Answer) -> Mismatch | None:
        return None if answer.status in DENIED else expected(f"{what} to be refused", answer.status)

    return check


def is_no_access(what: str) -> Check:
    """Return a check that a request which would do ``what`` is refused because of its token.

    A request that is refused for another reason has passed the check of the token.
    """

    def check(answer: Answer) -> Mismatch | None:
        return None if answer.status in NO_ACCESS else expected(f"{what} to be refused", answer.status)

    return check


def is_invalid(what: str) -> Check:
    """Return a check that ``what`` must not be stored is refused: the status is one of :data:`INVALID`."""

    def check(answer: Answer) -> Mismatch | None:
        return None if answer.status in INVALID else expected(f"{what} to be refused", answer.status)

    return check


def judge_reserved(what: str, answer: Answer) -> Finding:
    """Return whether a request was refused because of its credential; ``what`` names the request.

    A refusal for another reason, such as an unknown id, has passed the access check.
    """
    if answer.status in NO_ACCESS:
        return Finding(Standing.AS_RECORDED)
    message = f"{what}: expected to be forbidden, but the request passed the access check"
    return Finding(Standing.FAILED, ProblemKind.UNAUTHORIZED, message)


def has_no_root(name: str) -> Check:
    """Return a check that the list of roots has none with this ``name``."""

    def check(answer: Answer) -> Mismatch | None:
        found = [root["uri"] for root in answer.json if root["name"] == name]
        return expected("no root that the policy does not allow", found) if found else None

    return check


def cannot_be_used(answer: Answer) -> Mismatch | None:
    """Check that JSON-RPC finds no entity that is disabled or deleted."""
    unknown = "error" in answer.json
    return None if unknown else expected("an entity that is off or deleted not to be used", answer.text)


def offers_only(*names: str) -> Check:
    """Return a check that JSON-RPC lists the tools with these ``names`` and no other."""

    def check(answer: Answer) -> Mismatch | None:
        found = sorted(str(one["name"]) for one in answer["result.tools"])
        return None if found == sorted(names) else expected("these tools and no other in the list", found)

    return check


def has_result(answer: Answer) -> Mismatch | None:
    """Check that JSON-RPC has a result, which is no error of a tool."""
    message = answer.json
    right = "result" in message and not message["result"].get("isError")
    return None if right else expected("an entity that is on to be used", answer.text)


def says(at: str, text: str) -> Check:
    """Return a check that the result of an entity in use has ``text`` at the dotted path ``at``."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer[at] if "result" in answer.json else answer.text
        return None if found == text else expected("the entity to be used as it is now defined", found)

    return check


def receives(value: str, *path: str) -> Check:
    """Return a check that the echoed request of a tool has ``value`` at this ``path``: ``headers``, ``x-name``."""

    def check(answer: Answer) -> Mismatch | None:
        found: Any = answer.text
        if "result" in answer.json:
            found = msgspec.json.decode(answer["result.content.0.text"])
            for member in path:
                found = found.get(member)
        what = " ".join(path)
        return None if found == value else expected(f"the {what} of the request as now defined", found)

    return check


class Credential(NamedTuple):
    """A read-back with a credential that has no access any more once its account, token or membership is gone."""

    bearer: str
    operation: str = "GET /auth/email/me"
    refusals: Collection[int] = NO_ACCESS

    def shows(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the credential has no access."""
        answer = self._use(call, entity)
        return expected("the credential to be accepted", answer.status) if self._fails(answer) else None

    def is_gone(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the credential still has access."""
        answer = self._use(call, entity)
        return (
            None
            if self._fails(answer)
            else expected(
                f"a credential that no longer counts to be refused by {self.operation}", answer.status
            )
        )

    def _fails(self, answer: Answer) -> bool:
        return answer.status in self.refusals

    def _use(self, call: Call, entity: Entity) -> Answer:
        path = {name: entity.path[name] for name in parameters_of(self.operation)}
        return call(self.operation, bearer=self.bearer, refusals=self.refusals, **path)
