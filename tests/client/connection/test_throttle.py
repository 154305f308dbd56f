"""Not more at once than a gateway can take."""

import gevent
import pytest

from loadtest.client.connection.throttle import Turnstile, needs_turn
from loadtest.versions.data import InFlight, Turns, VersionData, available, load

TURNS = Turns(reason="r", operations=("POST *", "GET /oauth/*"), others=("POST /rpc *",))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("POST /tools", True),
        ("GET /tools", False),
        ("GET /oauth/callback", True),
        ("POST /rpc tools/call", False),
        ("POST /rpc/ tools/call", True),
    ],
)
def test_needs_turn(operation: str, expected: bool) -> None:
    assert needs_turn(operation, TURNS) is expected


def crowd(turnstile: Turnstile, operation: str, size: int = 12) -> int:
    """Return how many of a crowd were inside at the same time."""
    inside = most = 0

    def call() -> None:
        nonlocal inside, most
        with turnstile.passing(operation):
            inside += 1
            most = max(most, inside)
            for _ in range(5):
                gevent.sleep(0)
            inside -= 1

    gevent.joinall([gevent.spawn(call) for _ in range(size)], raise_error=True)
    assert inside == 0
    return most


def data(**limits: object) -> VersionData:
    return VersionData(version="1", python=">=3.11", **limits)  # type: ignore[arg-type]


def test_writers_take_turns_and_readers_do_not() -> None:
    turnstile = Turnstile(data(turns=TURNS))
    assert crowd(turnstile, "POST /tools") == 1
    assert crowd(turnstile, "GET /tools") == 12


@pytest.mark.parametrize(("processes", "expected"), [(1, 4), (2, 2), (9, 1)])
def test_all_processes_share_the_places(processes: int, expected: int) -> None:
    turnstile = Turnstile(data(in_flight=InFlight(reason="r", most=4)), processes)
    assert crowd(turnstile, "GET /tools") == expected


def test_both_limits_hold_together() -> None:
    turnstile = Turnstile(data(turns=TURNS, in_flight=InFlight(reason="r", most=4)))
    assert crowd(turnstile, "POST /tools") == 1
    assert crowd(turnstile, "GET /tools") == 4
    assert len(turnstile.notes) == 2


def test_without_limits_nobody_waits() -> None:
    turnstile = Turnstile(None)
    assert crowd(turnstile, "POST /tools") == 12
    assert turnstile.notes == ()


def test_every_limit_of_a_version_says_why() -> None:
    for version in available():
        for note in Turnstile(load(version)).notes:
            assert len(note.partition(": ")[2]) > 40
