"""Not more at once than a gateway can take."""

import gevent
import pytest

from loadtest.client.connection.throttle import Limiter, is_serialized
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
    assert is_serialized(operation, TURNS) is expected


def crowd(limiter: Limiter, operation: str, size: int = 12) -> int:
    """Return how many of a crowd were inside at the same time."""
    inside = most = 0

    def call() -> None:
        nonlocal inside, most
        with limiter.passing(operation):
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
    limiter = Limiter(data(turns=TURNS))
    assert crowd(limiter, "POST /tools") == 1
    assert crowd(limiter, "GET /tools") == 12


@pytest.mark.parametrize(("processes", "expected"), [(1, 4), (2, 2), (9, 1)])
def test_all_processes_share_the_places(processes: int, expected: int) -> None:
    limiter = Limiter(data(in_flight=InFlight(reason="r", most=4)), processes)
    assert crowd(limiter, "GET /tools") == expected


def test_both_limits_hold_together() -> None:
    limiter = Limiter(data(turns=TURNS, in_flight=InFlight(reason="r", most=4)))
    assert crowd(limiter, "POST /tools") == 1
    assert crowd(limiter, "GET /tools") == 4
    assert len(limiter.notes) == 2


def test_without_limits_nobody_waits() -> None:
    limiter = Limiter(None)
    assert crowd(limiter, "POST /tools") == 12
    assert limiter.notes == ()


def test_every_limit_of_a_version_says_why() -> None:
    for version in available():
        for note in Limiter(load(version)).notes:
            assert len(note.partition(": ")[2]) > 40
