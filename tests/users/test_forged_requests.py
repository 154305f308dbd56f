"""A form is accepted only from a page of the gateway."""

from __future__ import annotations

import pytest

from loadtest.client.answer import Answer
from loadtest.results.failures import ProblemKind
from loadtest.users.admin.forgery import FORGED, GENUINE, judge_forged


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
