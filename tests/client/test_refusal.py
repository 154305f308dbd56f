"""The outcome of a request that must be refused, compared with the recorded one."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from loadtest.client.answer import Answer
from loadtest.client.protocols.protocol_cases import permission_cases, rpc_cases, session_cases
from loadtest.client.refusal import compare, is_crash, is_refusal, judge_query, outcome_of
from loadtest.openapi.negative_cases import CaseGroup, NegativeCase
from loadtest.results.failures import ProblemKind, normalise
from loadtest.results.refusals import Standing
from loadtest.versions.refusals import Answered, ReasonClass, RefusalRules

RULES = RefusalRules(
    answered=(
        Answered(
            operations=("GET /health",), cases=("no token",), kind=ReasonClass.PUBLIC, reason="for monitoring"
        ),
        Answered(
            operations=("GET /t/*",),
            cases=("unknown id",),
            outcomes=("500",),
            kind=ReasonClass.DEFECT,
            reason="an unknown id crashes",
        ),
    )
)
U, R = ProblemKind.UNAUTHORIZED, ProblemKind.REFUSAL
TOKEN, MEMBER, UNKNOWN = CaseGroup.NO_TOKEN, CaseGroup.NO_PERMISSION, CaseGroup.UNKNOWN_ID


def answer(status: int, body: object = None, **headers: str) -> Answer:
    return Answer("GET /x", status, {"content-type": "application/json"} | headers, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (answer(401), "401"),
        (answer(200, []), "200"),
        (answer(204), "204"),
        (answer(500, {"detail": "x"}), "500"),
        (answer(400, {"detail": "(sqlite3.IntegrityError) FOREIGN KEY"}), "400 internals"),
        (answer(422, {"detail": "Traceback (most recent call last): ..."}), "422 internals"),
        (answer(404, {"detail": "in /x/site-packages/gateway/a.py"}), "404 internals"),
        (answer(404, {"detail": "no [SQL: SELECT 1]"}), "404 internals"),
        (answer(404, {"detail": "no tool called sqlite3"}), "404"),
        (answer(422, {"detail": [{"loc": ["body"], "input": {"password": "x"}}]}), "422 input"),
        (answer(422, {"detail": [{"loc": ["body"], "msg": "Field required"}]}), "422"),
        (answer(422, {"detail": "input"}), "422"),
        (answer(403, {"detail": "Insufficient permissions. Required: tools.create"}), "403 permission"),
        (answer(403, {"detail": "Missing permission 'teams.join'"}), "403 permission"),
        (answer(403, {"detail": "Access denied"}), "403"),
        (answer(200, {"log": "Traceback (most recent call last)"}), "200"),
        (answer(303, location="/admin/?error=not_found#tools"), "303 error"),
        (answer(302, location="/admin/login?next=/"), "302 login"),
        (answer(303, location="/admin/#tools"), "303"),
        (answer(200, {"jsonrpc": "2.0", "error": {"code": -32601}, "id": 1}), "200 -32601"),
        (answer(400, {"jsonrpc": "2.0", "error": {"code": -32700}, "id": None}), "400 -32700"),
        (answer(200, {"jsonrpc": "2.0", "result": {"isError": True}, "id": 1}), "200 tool-error"),
        (answer(200, {"jsonrpc": "2.0", "result": {"tools": []}, "id": 1}), "200"),
        (answer(200, {"success": False, "message": "no such server"}), "200 success false"),
        (answer(200, {"error": {"code": 1}}), "200"),
    ],
)
def test_the_outcome_of_a_response(response: Answer, outcome: str) -> None:
    assert outcome_of(response) == outcome
    assert is_refusal(outcome) == (outcome[0] == "4" or " " in outcome)
    assert is_crash(outcome) == (outcome == "500")


def test_the_outcome_of_a_reply_on_a_stream() -> None:
    event = b'event: message\ndata: {"jsonrpc": "2.0", "error": {"code": -32602}, "id": 1}\n\n'
    assert outcome_of(Answer("POST /mcp/", 200, {"content-type": "text/event-stream"}, event)) == "200 -32602"


@pytest.mark.parametrize(
    ("group", "secured", "recorded", "outcome", "standing", "problem"),
    [
        (TOKEN, True, ("401",), "401", Standing.AS_RECORDED, None),
        (TOKEN, True, ("401", "403"), "403", Standing.AS_RECORDED, None),
        # Let in: at once, whether it is recorded or not.
        (TOKEN, True, ("401",), "200", Standing.FAILED, U),
        (TOKEN, True, (), "200", Standing.FAILED, U),
        (TOKEN, True, ("200",), "200", Standing.FAILED, U),
        (TOKEN, True, ("401",), "303", Standing.FAILED, U),
        (MEMBER, True, ("403",), "204", Standing.FAILED, U),
        # The contract states who must sign in, but not which user may do what.
        (MEMBER, True, (), "200", Standing.PERMITTED, None),
        (MEMBER, False, (), "200", Standing.NOT_RECORDED, None),
        (MEMBER, True, (), "500", Standing.FAILED, R),
        # Past the access check, then refused for another reason.
        (TOKEN, True, ("401",), "404", Standing.FAILED, U),
        (MEMBER, True, ("403",), "422", Standing.FAILED, U),
        (TOKEN, True, ("401",), "200 -32601", Standing.FAILED, U),
        (TOKEN, True, ("401",), "403", Standing.FAILED, R),
        # No credentials demanded: nothing to compare with yet.
        (TOKEN, False, (), "200", Standing.NOT_RECORDED, None),
        (TOKEN, False, ("404",), "200", Standing.FAILED, U),
        (TOKEN, True, (), "401", Standing.NOT_RECORDED, None),
        (UNKNOWN, True, (), "404", Standing.NOT_RECORDED, None),
        (UNKNOWN, True, (), "200", Standing.NOT_RECORDED, None),
        (UNKNOWN, True, ("404",), "200", Standing.FAILED, R),
        (UNKNOWN, True, ("200",), "200", Standing.FAILED, R),
        (UNKNOWN, True, ("404",), "400", Standing.FAILED, R),
        (UNKNOWN, True, ("200",), "404", Standing.STRICTER, None),
        (UNKNOWN, True, ("500",), "404", Standing.STRICTER, None),
        (UNKNOWN, True, ("200 -32601",), "200", Standing.FAILED, R),
        (UNKNOWN, True, ("200 -32601",), "200 -32000", Standing.FAILED, R),
        # A crash, whatever is recorded.
        (UNKNOWN, True, (), "500", Standing.FAILED, R),
        (UNKNOWN, True, ("404",), "500", Standing.FAILED, R),
        (UNKNOWN, True, ("500",), "500", Standing.FAILED, R),
        (TOKEN, True, ("401",), "503", Standing.FAILED, R),
    ],
)
def test_an_outcome_compared(
    *,
    group: CaseGroup,
    secured: bool,
    recorded: tuple[str, ...],
    outcome: str,
    standing: Standing,
    problem: ProblemKind | None,
) -> None:
    case = NegativeCase("GET /x", group, group.value, {}, {}, secured=secured)
    found = compare(case, outcome, recorded, RULES)
    assert (found.standing, found.problem) == (standing, problem)
    assert (problem is None) == (not found.message)
    assert normalise(found.message) == found.message, "numbers would disappear from the message"


@pytest.mark.parametrize(
    ("group", "recorded", "outcome", "standing"),
    [
        (CaseGroup.PROTOCOL, "200 -32602", "200 -32603", Standing.AS_RECORDED),
        (CaseGroup.PROTOCOL, "200 tool-error", "400", Standing.AS_RECORDED),
        (MEMBER, "200 -32003", "200 -32601", Standing.AS_RECORDED),
        (UNKNOWN, "404", "400", Standing.AS_RECORDED),
        (TOKEN, "401", "404", Standing.FAILED),
        (TOKEN, "401", "200", Standing.FAILED),
        (CaseGroup.PROTOCOL, "200 -32602", "200", Standing.FAILED),
        (CaseGroup.PROTOCOL, "400 -32700", "500", Standing.FAILED),
    ],
)
def test_on_another_deployment_any_refusal_will_do_except_of_access(
    group: CaseGroup, recorded: str, outcome: str, standing: Standing
) -> None:
    case = NegativeCase("POST /x", group, group.value, {}, {}, secured=True)
    assert compare(case, outcome, (recorded,), RULES, exactly=False).standing is standing
    assert compare(case, outcome, (recorded,), RULES).standing is Standing.FAILED


@pytest.mark.parametrize(
    ("operation", "group", "recorded", "outcome", "standing"),
    [
        ("GET /health", TOKEN, ("200",), "200", Standing.AS_RECORDED),
        ("GET /health", TOKEN, (), "200", Standing.NOT_RECORDED),
        ("GET /t/{id}", UNKNOWN, ("500",), "500", Standing.AS_RECORDED),
        # A reason does not excuse what was refused when it was recorded.
        ("GET /health", TOKEN, ("401",), "200", Standing.FAILED),
        ("GET /t/{id}", UNKNOWN, ("404",), "500", Standing.FAILED),
        # Nor another case or outcome.
        ("GET /health", MEMBER, ("200",), "200", Standing.FAILED),
        ("GET /t/{id}", UNKNOWN, ("502",), "502", Standing.FAILED),
    ],
)
def test_a_reason_applies_to_its_own_cases(
    operation: str, group: CaseGroup, recorded: tuple[str, ...], outcome: str, standing: Standing
) -> None:
    found = compare(NegativeCase(operation, group, group.value, {}, {}), outcome, recorded, RULES)
    assert found.standing is standing
    assert bool(found.reason) == (standing is not Standing.FAILED)


def violations(*names: str) -> object:
    return {"detail": [{"loc": ["query", name], "msg": "Input should be smaller"} for name in names]}


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (answer(422, violations("limit", "page")), ""),
        (answer(422, violations("limit", "page", "other")), ""),
        (answer(422, violations("page")), "expected a refusal of limit, got a refusal of something else"),
        (answer(422, violations()), "expected a refusal of limit, page, got a refusal of something else"),
        (answer(422, {"detail": "An error occurred, please try again."}), ""),
        (Answer("GET /x", 422, {}, b"<"), ""),
        (answer(200, violations("limit", "page")), "expected a refusal of limit, page, got OK"),
        (answer(404), "expected a refusal of limit, page, got Not Found"),
        (Answer("GET /x", 500, {}, b"<"), "expected a refusal of limit, page, got Internal Server Error"),
    ],
)
def test_each_parameter_of_an_invalid_query_is_refused(response: Answer, message: str) -> None:
    case = NegativeCase("GET /x", CaseGroup.INVALID_QUERY, "wrong", {}, {"page": 0, "limit": 501})
    found = judge_query(case, response)
    assert found.message == (f"wrong: {message}" if message else "")
    assert found.problem is (R if message else None)
    assert found.standing is (Standing.FAILED if message else Standing.AS_RECORDED)


PATHS: Mapping[str, str] = {"server_id": "s"}


@pytest.mark.parametrize(
    "cases", [rpc_cases, session_cases, permission_cases], ids=["rpc", "session", "permission"]
)
def test_the_cases_of_a_protocol_have_names_of_their_own(cases: object) -> None:
    made = list(cases("/servers/{server_id}/mcp", PATHS))  # type: ignore[operator]
    names = [(one.operation, one.label) for one in made]
    assert len(names) == len(set(names)) > 5
    assert {one.path["server_id"] for one in made} == {"s"}
