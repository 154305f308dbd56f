"""Forged requests of a browser: forms that do not come from a page of the gateway. Pure."""

from __future__ import annotations

from collections.abc import Callable

from loadtest.client.answer import Answer
from loadtest.client.refusal import Finding
from loadtest.results.failures import ProblemKind
from loadtest.results.refusals import Standing

PROOF = "X-CSRF-Token"
"""The header by which the value is sent."""
FORGED: dict[str, dict[str, str]] = {
    "no token against forgery": {PROOF: ""},
    "another token against forgery": {PROOF: "lt-unknown"},
    "from another site": {"Origin": "http://elsewhere.invalid"},
    "own page": {},
}
"""By case: the headers that differ from those of a page of the gateway; an empty one is left out."""
GENUINE = "own page"


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
