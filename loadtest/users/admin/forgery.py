"""Forged requests of a browser: forms that do not come from a page of the gateway. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.refusal import Finding
from loadtest.openapi.negative_cases import CaseGroup, NegativeCase
from loadtest.results.failures import ProblemKind
from loadtest.results.refusals import Standing

PROOF = "X-CSRF-Token"
"""The header by which the value is sent."""
FORGED: dict[str, dict[str, str]] = {
    "own page": {},
    "no token against forgery": {PROOF: ""},
    "another token against forgery": {PROOF: "lt-unknown"},
    "from another site": {"Origin": "http://elsewhere.invalid"},
}
"""By case: the headers that differ from those of a page of the gateway; an empty one is left out."""
GENUINE = "own page"
FORM = "/admin/tools/{tool_id}/state"
"""The form that is sent, at the address that the pages of the gateway use."""
PUBLIC = ("/admin/login", "/admin/logout", "/admin/forgot-password", "/admin/reset-password/{token}")
"""Addresses of forms that need no session."""
DISTURBING = ("POST /admin/metrics/reset",)
"""Writes that would change what other scenarios read, even without a body, if they were accepted."""
_UNSERVED = (404, 405)
"""Statuses of an address that the gateway does not serve, unless its handler responds with them."""


def is_guarded(operation: str) -> bool:
    """Return whether ``operation`` changes something through the admin UI in a session."""
    method, _, path = operation.partition(" ")
    inside = method != "GET" and path.startswith("/admin/")
    return inside and path not in PUBLIC and operation not in DISTURBING


def forged(case: NegativeCase, label: str, headers: Mapping[str, str]) -> NegativeCase:
    """Return ``case`` without a body, with the ``headers`` of a page of the gateway as :data:`FORGED` changes them."""
    sent = {name: value for name, value in {**headers, **FORGED[label]}.items() if value}
    return case._replace(group=CaseGroup.NO_PERMISSION, label=label, json=None, headers=sent)


class Form(NamedTuple):
    """A form of the admin UI at one of its addresses."""

    served: str
    """Path template."""
    suffix: str
    """Of the labels of its cases, so that those of several addresses differ."""

    def case(self, label: str, tool: str, headers: Mapping[str, str]) -> NegativeCase:
        """Return the case ``label`` of :data:`FORGED`, with the ``headers`` of a page of the gateway."""
        form = NegativeCase(f"POST {FORM}", CaseGroup.NO_PERMISSION, label, {"tool_id": tool}, {})
        return forged(form, label, headers)._replace(label=label + self.suffix, served=self.served)


def forms(documented: str | None) -> tuple[Form, ...]:
    """Return the form at each address: the ``documented`` path, then that of the pages if it is another.

    The two can be protected by different code: the pages use addresses without a version, the contract states those
    with one.
    """
    own = Form(FORM, "")
    return (own,) if documented in (None, FORM) else (Form(documented, " at the documented address"), own)


def is_served(status: int, elsewhere: Collection[int]) -> bool:
    """Return whether an address is served that answers the genuine form with ``status``.

    ``elsewhere`` are the statuses of the same form at the addresses before it.
    """
    return not elsewhere or status in elsewhere or status not in _UNSERVED


def judge_forged(label: str) -> Callable[[Answer], Finding]:
    """Return a judge of the response to a form: only the request of the gateway's own page may reach its handler."""

    def judge(answer: Answer) -> Finding:
        stopped = answer.status in (401, 403)
        if stopped is (label != GENUINE):
            return Finding(Standing.AS_RECORDED)
        if label == GENUINE:
            text = "the form of a page of the gateway is taken for a forged one"
            return Finding(Standing.FAILED, ProblemKind.CONTENT, text)
        text = f"{label}: expected Forbidden, but the form reached its handler"
        return Finding(Standing.FAILED, ProblemKind.UNAUTHORIZED, text)

    return judge
