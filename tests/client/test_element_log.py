"""Which elements count as checked: those of a call with a content check, and of the changes before it."""

import pytest

from loadtest.client.element_log import ElementLog

NAME, LIMIT = frozenset({"body name"}), frozenset({"query limit"})


class Log:
    def __init__(self) -> None:
        self.checked: list[str] = []
        self.log = ElementLog(
            lambda operation, elements: self.checked.append(f"{operation}: {', '.join(elements)}")
        )

    def call(self, operation: str, *, checked: bool = False) -> None:
        elements = LIMIT if operation.startswith("GET") else NAME
        self.log.succeeded(operation, elements, checked=checked)


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_call_with_a_content_check_counts_at_once(log: Log) -> None:
    log.call("GET /a", checked=True)
    log.call("POST /a", checked=True)
    assert log.checked == ["GET /a: query limit", "POST /a: body name"]


def test_a_read_without_a_check_never_counts(log: Log) -> None:
    log.call("GET /a")
    log.call("GET /b", checked=True)
    assert log.checked == ["GET /b: query limit"]


def test_a_change_counts_once_a_later_call_of_the_scenario_is_checked(log: Log) -> None:
    log.call("PUT /a")
    assert log.checked == []
    log.call("GET /a", checked=True)
    log.call("GET /a", checked=True)
    assert log.checked == ["GET /a: query limit", "PUT /a: body name", "GET /a: query limit"]


def test_a_change_is_not_checked_by_the_next_scenario(log: Log) -> None:
    log.call("PUT /a")
    log.log.begin()
    log.call("GET /a", checked=True)
    assert log.checked == ["GET /a: query limit"]


def test_a_scenario_can_confirm_its_changes_itself(log: Log) -> None:
    log.call("DELETE /a")
    log.log.confirm()
    assert log.checked == ["DELETE /a: body name"]


def test_a_check_without_elements_confirms_the_changes_too(log: Log) -> None:
    log.call("POST /a")
    log.log.succeeded("GET /a", frozenset(), checked=True)
    assert log.checked == ["POST /a: body name"]
