"""A gateway receives no more requests at once than it can handle."""

import subprocess
import sys
from pathlib import Path

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
def test_serialized_operations(operation: str, expected: bool) -> None:
    assert is_serialized(operation, TURNS) is expected


def crowd(limiter: Limiter, operation: str, size: int = 12) -> int:
    """Return the highest number of concurrent calls."""
    inside = most = 0

    def call() -> None:
        nonlocal inside, most
        with limiter.slot(operation):
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


def test_writers_are_serialized_and_readers_are_not() -> None:
    limiter = Limiter(data(turns=TURNS))
    assert crowd(limiter, "POST /tools") == 1
    assert crowd(limiter, "GET /tools") == 12


@pytest.mark.parametrize(("processes", "expected"), [(1, 4), (2, 2), (9, 1)])
def test_processes_share_the_slots(processes: int, expected: int) -> None:
    limiter = Limiter(data(in_flight=InFlight(reason="r", most=4)), processes)
    assert crowd(limiter, "GET /tools") == expected


def test_both_limits_apply_together() -> None:
    limiter = Limiter(data(turns=TURNS, in_flight=InFlight(reason="r", most=4)))
    assert crowd(limiter, "POST /tools") == 1
    assert crowd(limiter, "GET /tools") == 4
    assert len(limiter.notes) == 2


def test_without_limits_no_call_waits() -> None:
    limiter = Limiter(None)
    assert crowd(limiter, "POST /tools") == 12
    assert limiter.notes == ()


def test_every_limit_of_a_version_has_a_reason() -> None:
    for version in available():
        for note in Limiter(load(version)).notes:
            assert len(note.partition(": ")[2]) > 40


HOLDER = Path(__file__).parents[2] / "core" / "lock_holder.py"


def test_writers_of_several_processes_are_serialized(tmp_path: Path) -> None:
    lock = tmp_path / "writer"
    limiter = Limiter(data(turns=TURNS), processes=2, lock=lock)
    done = []

    def write() -> None:
        with limiter.slot("POST /tools"):
            done.append("POST /tools")

    command = [sys.executable, str(HOLDER), str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()
        writer = gevent.spawn(write)
        gevent.joinall([writer], timeout=0.05)
        assert not done
        with limiter.slot("GET /tools"):
            assert not done
        other.communicate("\n")
        writer.get(timeout=5)
    assert done == ["POST /tools"]
