"""A form is accepted only from a page of the gateway."""

from __future__ import annotations

import pytest
from supported import NEWEST

from loadtest.client.answer import Answer
from loadtest.openapi.contract import read_contract
from loadtest.openapi.contracts import contract_of
from loadtest.openapi.negative_cases import CaseGroup, negative_cases
from loadtest.results.failures import ProblemKind
from loadtest.users.admin.forgery import (
    FORGED,
    FORM,
    GENUINE,
    PROOF,
    Form,
    forged,
    forms,
    is_guarded,
    is_served,
    judge_forged,
)


@pytest.mark.parametrize("label", sorted(FORGED))
@pytest.mark.parametrize(
    ("status", "stopped"), [(403, True), (401, True), (303, False), (404, False), (500, False)]
)
def test_only_a_forged_form_is_stopped(label: str, status: int, *, stopped: bool) -> None:
    problem = judge_forged(label)(Answer("POST /x", status, {}, b"")).problem
    if stopped:
        assert problem is (ProblemKind.CONTENT if label == GENUINE else None)
    else:
        assert problem is (None if label == GENUINE else ProblemKind.UNAUTHORIZED)


DOCUMENTED = "/v1/admin/tools/{tool_id}/state"


def test_the_form_is_sent_to_the_address_of_the_pages_and_to_the_documented_one() -> None:
    assert [one.served for one in forms(DOCUMENTED)] == [DOCUMENTED, FORM]
    for documented in (FORM, None):
        assert forms(documented) == (Form(FORM, ""),)
    cases = [one.case(label, "t", {}) for one in forms(DOCUMENTED) for label in FORGED]
    assert len({(case.operation, case.label) for case in cases}) == len(cases) == 2 * len(FORGED)


def test_the_genuine_form_is_the_first() -> None:
    """Its status shows whether the gateway serves an address."""
    assert next(iter(FORGED)) == GENUINE


@pytest.mark.parametrize("label", FORGED)
def test_a_case_has_the_headers_of_a_page_with_one_difference(label: str) -> None:
    headers = {"Origin": "http://gateway", "Cookie": "a=1", PROOF: "token"}
    sent = Form(FORM, "").case(label, "t", headers).headers
    different = {name for name in headers if sent.get(name) != headers[name]}
    assert len(different) == (0 if label == GENUINE else 1)


@pytest.mark.parametrize(
    ("status", "elsewhere", "served"),
    [
        (303, [], True),
        (404, [], True),
        (303, [303], True),
        (400, [303], True),
        (404, [404], True),
        (404, [303], False),
        (405, [303], False),
    ],
)
def test_an_address_that_the_gateway_does_not_serve(
    status: int, elsewhere: list[int], *, served: bool
) -> None:
    assert is_served(status, elsewhere) is served


@pytest.mark.parametrize(
    ("operation", "guarded"),
    [
        ("POST /admin/tools/{tool_id}/state", True),
        ("DELETE /admin/users/{user_email}", True),
        ("GET /admin/users", False),
        ("POST /admin/login", False),
        ("POST /admin/metrics/reset", False),
        ("POST /tools", False),
    ],
)
def test_a_write_of_the_admin_pages_in_a_session(operation: str, *, guarded: bool) -> None:
    assert is_guarded(operation) is guarded


def test_every_guarded_write_is_sent_without_a_body() -> None:
    """The body of a request that should be refused would otherwise have an effect."""
    headers = {"Origin": "http://gateway", "Cookie": "a=1", PROOF: "token"}
    writes = [
        forged(case, "another token against forgery", headers)
        for case in negative_cases(read_contract(contract_of(NEWEST).document))
        if case.group is CaseGroup.NO_TOKEN and is_guarded(case.operation)
    ]
    assert len(writes) > 50
    assert all(one.json is None and one.headers[PROOF] != "token" for one in writes)
