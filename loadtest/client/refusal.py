"""The outcome of a negative case, and its comparison with the recorded one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from loadtest.client.answer import Answer, Problem
from loadtest.client.protocols import jsonrpc
from loadtest.openapi.negative_cases import ACCESS, CaseGroup, NegativeCase
from loadtest.openapi.query_limits import named_in
from loadtest.results.failures import ProblemKind
from loadtest.results.refusals import Standing
from loadtest.versions.refusals import ACCESS_REFUSED, Outcomes, RefusalRules

_TAGGED = re.compile(r"^[23]\d\d (?!$)")
"""An outcome whose status is a success or a redirect, and whose content is a refusal."""
_INTERNALS = re.compile(
    rb"Traceback \(most recent call last\)|\((?:sqlite3|psycopg|pymysql)\.|\[SQL: |sqlalche\.me/|site-packages/"
)
"""What an error message must not show: a traceback, a statement of SQL, a path of the source."""
_PERMISSION = re.compile(
    rb"(?i)\b(?:required|requires|missing|permissions?)\b[^\"]{0,40}?\b[a-z_0-9]+\.[a-z_]+"
)
"""The name of a permission: ``Insufficient permissions. Required: tools.create``."""
_RPC_ERRORS = {
    "-32700": "a parse error",
    "-32600": "an invalid request",
    "-32601": "an unknown method",
    "-32602": "invalid parameters",
    "-32603": "an internal error",
}
"""https://www.jsonrpc.org/specification#error_object"""


def outcome_of(answer: Answer) -> str:
    """Return the outcome of a response: its status, and what refuses the request although the status does not.

    ``200 -32601`` is a JSON-RPC error, ``200 tool-error`` a tool result with ``isError``, ``303 error`` and
    ``303 login`` a redirect that reports an error or leads to the sign-in page. ``400 internals`` is a refusal whose
    text contains a traceback, a statement of SQL or a path of the gateway's source, ``422 input`` one that repeats what
    was sent, which may be a secret, and ``403 permission`` one that names the permission that the caller lacks.
    """
    tag = ""
    if 300 <= answer.status < 400:
        location = str(answer.headers.get("location") or "")
        if "error=" in location:
            tag = "error"
        elif location.partition("?")[0].endswith("/login"):
            tag = "login"
    elif answer.status < 300 or answer.media_type.endswith("json"):
        with suppress(Problem):
            tag = _refusal_in(jsonrpc.reply(answer), answer.status)
    if not tag and answer.status >= 400 and _INTERNALS.search(answer.body):
        tag = "internals"
    elif not tag and answer.status == HTTPStatus.UNPROCESSABLE_ENTITY and _repeats_input(answer):
        tag = "input"
    elif not tag and answer.status == HTTPStatus.FORBIDDEN and _PERMISSION.search(answer.body):
        tag = "permission"
    return f"{answer.status} {tag}".rstrip()


def _repeats_input(answer: Answer) -> bool:
    """Return whether a detail of a rejected body has the value that was sent, as those of pydantic do."""
    try:
        body = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return False
    details = body.get("detail") if isinstance(body, dict) else None
    return isinstance(details, list) and any(isinstance(one, dict) and "input" in one for one in details)


def _refusal_in(body: Mapping[str, object], status: int) -> str:
    error, result = body.get("error"), body.get("result")
    if isinstance(error, dict) and "code" in error and body.get("jsonrpc"):
        return str(error["code"])
    if isinstance(result, dict) and result.get("isError"):
        return "tool-error"
    return "success false" if body.get("success") is False and status < 300 else ""


def recorded_as(answer: Answer, label: str = "") -> str:
    """Return what the shape of a refusal is recorded as, besides its operation; empty if it is not recorded.

    ``404``, ``200 -32602`` and ``401 no token``, where ``label`` is that of the negative case. Neither an error of the
    gateway nor an accepted request is recorded.
    """
    outcome = outcome_of(answer)
    if not is_refusal(outcome):
        return ""
    return f"{answer.status if answer.status >= HTTPStatus.BAD_REQUEST else outcome} {label}".rstrip()


def is_refusal(outcome: str) -> bool:
    """Return whether ``outcome`` refuses the request."""
    return outcome.startswith("4") or bool(_TAGGED.match(outcome))


def is_crash(outcome: str) -> bool:
    """Return whether ``outcome`` is an error of the gateway."""
    return outcome.startswith("5")


class Finding(NamedTuple):
    """The comparison of one outcome."""

    standing: Standing
    problem: ProblemKind | None = None
    message: str = ""
    reason: str = ""


def compare(
    case: NegativeCase,
    outcome: str,
    recorded: tuple[str, ...],
    rules: RefusalRules,
    *,
    exactly: bool = True,
) -> Finding:
    """Compare the ``outcome`` of ``case`` with those ``recorded``, of which there may be none.

    Unless ``exactly``, a refusal may have another status or code than the recorded ones, except that of a check of
    access.

    Access without credentials to an operation that demands them is a failure whether it is recorded or not, unless
    ``rules`` have a reason for it; so is an error of the gateway. Contracts do not state permissions: which users may
    call an operation is compared only if it is recorded.
    """
    rule = None if is_refusal(outcome) else rules.reason(case.operation, case.label, outcome)
    if rule is not None and (outcome in recorded or not recorded):
        standing = Standing.AS_RECORDED if recorded else Standing.NOT_RECORDED
        return Finding(standing, reason=f"{rule.kind}: {rule.reason}")
    access = case.group in ACCESS
    wanted = " or ".join(map(_phrase, recorded)) or "a refusal"
    if is_crash(outcome):
        message = f"{case.label}: expected {wanted}, got {_phrase(outcome)}"
        return Finding(Standing.FAILED, ProblemKind.REFUSAL, message)
    if not is_refusal(outcome):
        if not recorded and not (access and case.secured):
            return Finding(Standing.NOT_RECORDED)
        if not recorded and case.group is CaseGroup.NO_PERMISSION:
            return Finding(Standing.PERMITTED)
        kind = ProblemKind.UNAUTHORIZED if access else ProblemKind.REFUSAL
        return Finding(
            Standing.FAILED, kind, f"{case.label}: expected {wanted}, but the request was accepted"
        )
    if not recorded:
        return Finding(Standing.NOT_RECORDED)
    if outcome in recorded:
        return Finding(Standing.AS_RECORDED)
    if not any(map(is_refusal, recorded)):
        return Finding(Standing.STRICTER)
    if access and set(recorded) <= ACCESS_REFUSED and outcome.split()[0] not in ACCESS_REFUSED:
        message = f"{case.label}: expected {wanted}, but the request passed the access check"
        return Finding(Standing.FAILED, ProblemKind.UNAUTHORIZED, message)
    if not exactly:
        return Finding(Standing.AS_RECORDED)
    return Finding(
        Standing.FAILED, ProblemKind.REFUSAL, f"{case.label}: expected {wanted}, got {_phrase(outcome)}"
    )


def judge_query(case: NegativeCase, answer: Answer) -> Finding:
    """Return whether ``answer`` refuses the query of ``case``, and each of its parameters if it names any."""
    accepted = set(case.params)
    refused = answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    if refused:
        named: frozenset[str] | None = None
        with suppress(msgspec.DecodeError):
            named = named_in(msgspec.json.decode(answer.body))
        accepted = accepted - named if named is not None else set[str]()
    if not accepted:
        return Finding(Standing.AS_RECORDED)
    got = "a refusal of something else" if refused else _phrase(str(answer.status))
    message = f"{case.label}: expected a refusal of {', '.join(sorted(accepted))}, got {got}"
    return Finding(Standing.FAILED, ProblemKind.REFUSAL, message)


def refused_to(cases: Sequence[NegativeCase], outcomes: Outcomes) -> Sequence[NegativeCase]:
    """Return those of ``cases`` with a limited token that were recorded in ``outcomes``.

    All are returned if none of them is recorded, so that the run can be recorded; none if nothing at all is.
    """
    recorded = [case for case in cases if case.label in outcomes.get(case.operation, {})]
    return recorded or (cases if outcomes else ())


def _phrase(outcome: str) -> str:
    """Return an outcome in words; failures are grouped by message, from which numbers are removed."""
    status, _, tag = outcome.partition(" ")
    try:
        words = HTTPStatus(int(status)).phrase
    except ValueError:
        words = status
    if tag == "internals":
        tag = "internals of the gateway in its text"
    elif tag == "input":
        tag = "the sent values in its text"
    elif tag == "permission":
        tag = "the missing permission in its text"
    elif tag.lstrip("-").isdigit():
        tag = _RPC_ERRORS.get(tag, "a server error")
    return f"{words} with {tag}" if tag else words
