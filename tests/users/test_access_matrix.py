"""Which role sees which entity, and how a response is judged by it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from supported import NEWEST

from loadtest.client.answer import Answer
from loadtest.fixtures.callers import Role
from loadtest.openapi.contract import read_contract
from loadtest.openapi.contracts import contract_of
from loadtest.results.failures import ProblemKind, normalise
from loadtest.results.refusals import Standing
from loadtest.users.access.checks import judge_reserved
from loadtest.users.access.visibility.findings import (
    judge_binding,
    judge_completed,
    judge_exported,
    judge_foreign,
    judge_hidden,
    judge_item,
    judge_like_unknown,
    judge_scope,
    judge_shown,
    judge_tested,
)
from loadtest.users.access.visibility.matrix import (
    AGENTS,
    CALLING,
    FOREIGN,
    PROMPTS,
    RESOURCES,
    SERVERS,
    TOOLS,
    EntityOperations,
    Visibility,
    sees,
    surfaces,
)

PRIVATE, TEAM, PUBLIC = Visibility
IDS = {PRIVATE: "a", TEAM: "b", PUBLIC: "c"}


def answer(status: int, body: Any = None) -> Answer:
    return Answer("GET /x", status, {"content-type": "application/json"}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.ADMINISTRATOR, {TEAM, PUBLIC}),
        (Role.OWNER, {PRIVATE, TEAM, PUBLIC}),
        (Role.TEAMMATE, {TEAM, PUBLIC}),
        (Role.DEVELOPER, {TEAM, PUBLIC}),
        (Role.OUTSIDER, {PUBLIC}),
        (Role.VIEWER, {PUBLIC}),
        (Role.TEAM_TOKEN, {PRIVATE, TEAM, PUBLIC}),
        (Role.READ_TOKEN, set()),
        (Role.ANONYMOUS, set()),
    ],
)
def test_the_roles_that_see_a_server_of_the_team(role: Role, seen: set[Visibility]) -> None:
    assert {one for one in Visibility if sees(SERVERS, one, role)} == seen


def test_the_scoped_token_reads_tools_and_does_not_call_them() -> None:
    assert all(sees(TOOLS, one, Role.READ_TOKEN) for one in Visibility)
    assert not any(sees(TOOLS, one, Role.READ_TOKEN, CALLING) for one in Visibility)
    assert not any(sees(PROMPTS, one, Role.READ_TOKEN) for one in Visibility)
    assert not sees(TOOLS, PUBLIC, Role.VIEWER, CALLING)
    assert sees(PROMPTS, PUBLIC, Role.VIEWER, CALLING)


def test_roles_without_write_permission_see_only_public_entities() -> None:
    assert not any(
        sees(one, hidden, role) for one in (TOOLS, SERVERS) for hidden in (PRIVATE, TEAM) for role in FOREIGN
    )


def page(*ids: str) -> Any:
    return [{"id": one, "name": f"name-{one}"} for one in ids]


UNAUTHORIZED, MISSING, CRASHED = ProblemKind.UNAUTHORIZED, ProblemKind.CONTENT, ProblemKind.REFUSAL


@pytest.mark.parametrize(
    ("role", "response", "member", "problem"),
    [
        (Role.TEAMMATE, answer(200, page("b", "c", "z")), "", None),
        (Role.TEAMMATE, answer(200, {"data": page("b", "c"), "nextCursor": None}), "", None),
        (Role.TEAMMATE, answer(200, page("a", "b", "c")), "", UNAUTHORIZED),
        (Role.TEAMMATE, answer(200, page("c")), "", MISSING),
        (Role.TEAMMATE, answer(200, page()), "", MISSING),
        (Role.TEAMMATE, answer(403, {"detail": "x"}), "", MISSING),
        (Role.TEAMMATE, answer(500, {"detail": "x"}), "", CRASHED),
        (Role.OUTSIDER, answer(200, page("a")), "", UNAUTHORIZED),
        (Role.ANONYMOUS, answer(401, {"detail": "x"}), "", None),
        (Role.ANONYMOUS, answer(200, page("c")), "", UNAUTHORIZED),
        (Role.OUTSIDER, answer(200, {"jsonrpc": "2.0", "result": {"prompts": page("c")}}), "prompts", None),
        (
            Role.OUTSIDER,
            answer(200, {"jsonrpc": "2.0", "result": {"prompts": page("b", "c")}}),
            "prompts",
            UNAUTHORIZED,
        ),
        (Role.OUTSIDER, answer(200, {"jsonrpc": "2.0", "error": {"code": -32603}}), "prompts", MISSING),
    ],
)
def test_a_list_shows_exactly_what_the_role_may_see(
    role: Role, response: Answer, member: str, problem: ProblemKind | None
) -> None:
    expected = {one: sees(PROMPTS, one, role) for one in Visibility}
    found = judge_shown(PROMPTS, expected, role, response, IDS, member)
    assert found.problem is problem
    assert (found.standing is Standing.FAILED) == (problem is not None)
    assert normalise(found.message) == found.message


@pytest.mark.parametrize(
    ("response", "expected", "problem"),
    [
        (answer(200, {"id": "a"}), True, None),
        (answer(200, {"id": "a"}), False, UNAUTHORIZED),
        (answer(404), False, None),
        (answer(403), False, None),
        (answer(404), True, MISSING),
        (answer(500), False, CRASHED),
        (answer(200, {"jsonrpc": "2.0", "error": {"code": -32002}}), False, None),
        (answer(200, {"jsonrpc": "2.0", "error": {"code": -32002}}), True, MISSING),
        # The tool was called, and its service failed.
        (answer(200, {"jsonrpc": "2.0", "result": {"isError": True}}), True, None),
        (answer(200, {"jsonrpc": "2.0", "result": {"isError": True}}), False, UNAUTHORIZED),
    ],
)
def test_an_item_is_shown_or_hidden(*, response: Answer, expected: bool, problem: ProblemKind | None) -> None:
    assert judge_item(TOOLS, TEAM, Role.OUTSIDER, response, expected=expected).problem is problem


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (403, None),
        (404, None),
        (200, UNAUTHORIZED),
        (204, UNAUTHORIZED),
        (500, CRASHED),
        (400, CRASHED),
        (409, CRASHED),
        (429, None),
    ],
)
def test_a_change_without_permission_must_be_refused(status: int, problem: ProblemKind | None) -> None:
    assert judge_foreign("delete a team tool as viewer", answer(status)).problem is problem


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (403, None),
        (401, None),
        (404, UNAUTHORIZED),
        (422, UNAUTHORIZED),
        (200, UNAUTHORIZED),
        (500, UNAUTHORIZED),
    ],
)
def test_what_is_reserved_for_sessions_is_forbidden_before_anything_else(
    status: int, problem: ProblemKind | None
) -> None:
    found = judge_reserved("API token: GET /tokens", answer(status))
    assert found.problem is problem
    assert normalise(found.message) == found.message


def exported(*names: str) -> Answer:
    selected = {"prompts": list(IDS.values())}
    return answer(200, {"entities": {"prompts": page(*names)}, "export_options": {"selections": selected}})


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (exported("c"), None),
        (exported("b", "c"), UNAUTHORIZED),
        (exported("a"), UNAUTHORIZED),
        (exported(), MISSING),
        (answer(403, {"detail": "x"}), None),
        (answer(500, {"detail": "x"}), CRASHED),
    ],
)
def test_a_file_has_what_its_reader_may_see_of_what_was_selected(
    response: Answer, problem: ProblemKind | None
) -> None:
    expected = {one: sees(PROMPTS, one, Role.OUTSIDER) for one in Visibility}
    names = {one: f"name-{name}" for one, name in IDS.items()}
    found = judge_exported(PROMPTS, expected, Role.OUTSIDER, response, names=names)
    assert found.problem is problem
    assert normalise(found.message) == found.message


@pytest.mark.parametrize(
    ("response", "expected", "problem"),
    [
        (answer(200, {"success": True}), True, None),
        (answer(200, {"success": True}), False, UNAUTHORIZED),
        (answer(200, {"success": False}), False, None),
        (answer(200, {"success": False}), True, MISSING),
        (answer(403, {"detail": "x"}), False, None),
        (answer(500, {"detail": "x"}), False, CRASHED),
    ],
)
def test_the_connection_to_a_gateway_is_tested_for_those_who_see_it(
    *, response: Answer, expected: bool, problem: ProblemKind | None
) -> None:
    found = judge_tested(TEAM, Role.OUTSIDER, response, expected=expected)
    assert found.problem is problem
    assert normalise(found.message) == found.message


@pytest.mark.parametrize(
    ("response", "expected", "problem"),
    [
        (answer(200, {"completion": {"values": ["lt://a"]}}), True, None),
        (answer(200, {"completion": {"values": ["lt://a"]}}), False, UNAUTHORIZED),
        (answer(200, {"completion": {"values": []}}), False, None),
        (answer(403, {"detail": "x"}), False, None),
        (answer(200, {"completion": {"values": []}}), True, MISSING),
        (answer(500, {"detail": "x"}), False, CRASHED),
    ],
)
def test_an_address_is_completed_for_those_who_see_it(
    *, response: Answer, expected: bool, problem: ProblemKind | None
) -> None:
    found = judge_completed(RESOURCES, TEAM, Role.OUTSIDER, "lt://a", response, expected=expected)
    assert found.problem is problem
    assert normalise(found.message) == found.message


@pytest.mark.parametrize(
    ("response", "expected", "problem"),
    [
        (answer(400, {"detail": "Prompt not found: lt-a"}), False, None),
        (answer(400, {"detail": "Prompt not found: lt-a"}), True, MISSING),
        (answer(400, {"detail": "Argument not found: who"}), False, UNAUTHORIZED),
        (answer(400, {"detail": "Argument not found: who"}), True, None),
        (answer(404, {"detail": "Prompt not found: lt-a"}), False, UNAUTHORIZED),
        (answer(500, {"detail": "x"}), False, CRASHED),
    ],
)
def test_the_answer_about_a_hidden_entity_is_that_about_an_unknown_one(
    *, response: Answer, expected: bool, problem: ProblemKind | None
) -> None:
    unknown = answer(400, {"detail": "Prompt not found: lt-zz"})
    found = judge_like_unknown(
        PROMPTS, TEAM, Role.OUTSIDER, ("lt-a", "lt-zz"), unknown, response, expected=expected
    )
    assert found.problem is problem
    assert normalise(found.message) == found.message


def test_a_binding_of_a_foreign_team_must_not_be_shown_or_removed() -> None:
    what = "unbind a plugin from tools of the team as viewer by reference"
    shown = judge_binding(what, "binding-1", answer(200, {"bindings": [{"id": "binding-1"}]}))
    assert shown.problem is ProblemKind.UNAUTHORIZED
    assert normalise(shown.message) == shown.message
    for other in (answer(200, {"bindings": [], "total": 0}), answer(403)):
        assert judge_binding(what, "binding-1", other).problem is None


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (answer(200, {"teamId": "foreign"}), UNAUTHORIZED),
        (answer(200, {"teamId": "own"}), None),
        (answer(200, {}), None),
        (answer(403), None),
        (answer(500), CRASHED),
    ],
)
def test_an_entity_must_not_be_moved_to_a_foreign_team(response: Answer, problem: ProblemKind | None) -> None:
    found = judge_scope("move a tool into a foreign team", {"teamId": "foreign"}, response)
    assert found.problem is problem
    assert normalise(found.message) == found.message


SURFACES = {one.label: one for one in surfaces(TOOLS, "team-1", "lt-tool", "lt-tag")}


@pytest.mark.parametrize("label", SURFACES)
@pytest.mark.parametrize("hidden", ["tool-id", "lt-hidden"])
def test_a_response_that_shows_a_hidden_entity_is_access(label: str, hidden: str) -> None:
    """In JSON as in HTML, by id as by name."""
    at = SURFACES[label]
    for shown in ([{"id": hidden}], f"<td>{hidden}</td>", {"tools": {"names": [hidden]}}):
        found = judge_hidden(TOOLS, Role.VIEWER, at, [(PRIVATE, hidden)], answer(200, shown))
        assert found.problem is ProblemKind.UNAUTHORIZED
        assert found.message == f"{label} shows a private tool of the team to viewer"
        assert normalise(found.message) == found.message
    for other in ([], {"detail": "Forbidden"}, [{"id": "other"}]):
        found = judge_hidden(TOOLS, Role.VIEWER, at, [(PRIVATE, hidden)], answer(200, other))
        assert found.problem is None


def test_the_name_that_was_searched_for_may_be_repeated() -> None:
    at = SURFACES["admin search"]
    hidden = [(PRIVATE, "tool-id"), (PRIVATE, "lt-tool")]
    assert judge_hidden(TOOLS, Role.VIEWER, at, hidden, answer(200, {"query": "lt-tool"})).problem is None
    assert judge_hidden(TOOLS, Role.VIEWER, at, hidden, answer(200, [{"id": "tool-id"}])).problem is not None


@pytest.mark.parametrize("entity", [TOOLS, PROMPTS, SERVERS, AGENTS])
def test_the_requests_that_could_reveal_an_entity_are_documented(entity: EntityOperations) -> None:
    """In the newest version: one that is not is never sent."""
    found = surfaces(entity, "team-1", "lt-name", "lt-tag")
    assert len({one.label for one in found}) == len(found)
    contract = read_contract(contract_of(NEWEST).document)
    documented = {one.operation for one in found if contract.path(one.operation)}
    assert documented == {one.operation for one in found}
    for one in found:
        sent = contract.input_of(one.operation).query
        assert {name for name in one.params if name not in sent} == set(), one.operation
