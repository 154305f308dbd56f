"""What counts as a false alarm, and what as missed."""

from typing import Any

import pytest
from calibrate_base import evaluated


def verdict(
    slower: tuple[str, ...] = (), failing: tuple[str, ...] = (), whole: bool = False
) -> dict[str, Any]:
    return {
        "verdict": "fail" if slower or failing or whole else "pass",
        "new_failures": [{"operation": name} for name in failing],
        "against_base": {
            "slower": [{"operation": name} for name in slower],
            "unconfirmed": [],
            "overall_slower": whole,
        },
    }


@pytest.mark.parametrize(
    ("found", "slower", "failing", "missed", "false_alarms"),
    [
        (verdict(), (), (), (), ()),
        (verdict(("GET /a",)), (), (), (), ("GET /a",)),
        (verdict(whole=True), (), (), (), ("all operations together",)),
        (verdict(("GET /a",), ("GET /b", "GET /b")), ("GET /a",), ("GET /b",), (), ()),
        (verdict(("GET /c",)), ("GET /a",), ("GET /b",), ("GET /a", "GET /b"), ("GET /c",)),
    ],
)
def test_what_was_found_is_compared_with_what_was_seeded(
    found: dict[str, Any],
    slower: tuple[str, ...],
    failing: tuple[str, ...],
    missed: tuple[str, ...],
    false_alarms: tuple[str, ...],
) -> None:
    result = evaluated(found, "path:head", "3.0.7", slower, failing)
    assert (result.missed, result.false_alarms) == (missed, false_alarms)


def test_a_run_without_a_base_has_no_result() -> None:
    with pytest.raises(LookupError):
        evaluated({"verdict": "pass", "new_failures": []}, "3.0.7", "3.0.7", (), ())
