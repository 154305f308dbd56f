"""Requests with a limited token of the administrator: only those that were recorded as refused are sent."""

import pytest

from loadtest.client.refusal import refused_to
from loadtest.openapi.negative_cases import CaseGroup, NegativeCase
from loadtest.versions.refusals import BY_PUBLIC_TOKEN, BY_TEAM_TOKEN, is_recordable

CASES = [
    NegativeCase(operation, CaseGroup.NO_PERMISSION, BY_PUBLIC_TOKEN, {}, {})
    for operation in ("GET /refused", "GET /not recorded")
]


def test_a_recorded_case_is_sent_again() -> None:
    assert list(refused_to(CASES, {"GET /refused": {BY_PUBLIC_TOKEN: ("403",)}})) == CASES[:1]


def test_all_are_sent_if_only_other_cases_are_recorded_and_none_without_any_record() -> None:
    assert refused_to(CASES, {"GET /refused": {"no token": ("401",)}}) == CASES
    assert list(refused_to(CASES, {})) == []


@pytest.mark.parametrize(
    ("label", "outcomes", "recorded"),
    [
        (BY_PUBLIC_TOKEN, ("403",), True),
        (BY_TEAM_TOKEN, ("401", "403"), True),
        (BY_TEAM_TOKEN, ("200", "403"), False),
        (BY_PUBLIC_TOKEN, ("404",), False),
        ("no token", ("200",), True),
    ],
)
def test_with_a_limited_token_only_a_refusal_of_access_is_recorded(
    label: str, outcomes: tuple[str, ...], recorded: bool
) -> None:
    assert is_recordable(label, outcomes) is recorded
