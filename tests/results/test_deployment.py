"""What holds on one deployment only: database, Redis, number of workers."""

import itertools

import pytest

from loadtest.core.errors import UsageError
from loadtest.results.deployment import AppliesTo, Deployment, declared_deployment, workers
from loadtest.versions.data import (
    Drift,
    InFlight,
    Switches,
    Turns,
    VersionData,
    available,
    load,
)

PLAIN = Deployment()
SHARED = Deployment(database="postgresql", redis=True, workers=2)


@pytest.mark.parametrize(
    ("qualified", "plain", "shared", "only"),
    [
        (AppliesTo(), True, True, ""),
        (AppliesTo(database="sqlite"), True, False, "on SQLite"),
        (AppliesTo(database="postgresql"), False, True, "on PostgreSQL"),
        (AppliesTo(redis=False), True, False, "without Redis"),
        (AppliesTo(redis=True), False, True, "with Redis"),
        (AppliesTo(workers="one"), True, False, "with one worker"),
        (AppliesTo(workers="many"), False, True, "with several workers"),
        (AppliesTo(database="sqlite", workers="many"), False, False, "on SQLite, with several workers"),
    ],
)
def test_where_it_holds(qualified: AppliesTo, plain: bool, shared: bool, only: str) -> None:
    assert (qualified.applies_to(PLAIN), qualified.applies_to(SHARED)) == (plain, shared)
    assert qualified.only == only


def test_in_words() -> None:
    assert str(PLAIN) == "sqlite"
    assert str(SHARED) == "postgresql with Redis, 2 workers"


@pytest.mark.parametrize(
    ("text", "database", "redis", "expected"),
    [
        ("", "sqlite", False, 1),
        ("", "sqlite", True, 1),
        ("", "postgresql", False, 1),
        ("", "postgresql", True, 2),
        (" 3 ", "postgresql", False, 3),
        ("1", "sqlite", False, 1),
    ],
)
def test_how_many_workers(text: str, database: str, redis: bool, expected: int) -> None:
    assert workers({"LOADTEST_GATEWAY_WORKERS": text}, database, redis=redis) == expected


@pytest.mark.parametrize("text", ["0", "two", "-1", "1.5"])
def test_no_number_of_workers(text: str) -> None:
    with pytest.raises(
        UsageError, match=rf"^LOADTEST_GATEWAY_WORKERS={text}: expected a whole number from 1 to 256$"
    ):
        workers({"LOADTEST_GATEWAY_WORKERS": text}, "postgresql", redis=True)


def test_sqlite_takes_one_worker() -> None:
    with pytest.raises(UsageError, match="LOADTEST_GATEWAY_WORKERS=2: SQLite takes one, expected DATABASE="):
        workers({"LOADTEST_GATEWAY_WORKERS": "2"}, "sqlite", redis=True)


def test_the_declared_deployment_of_a_running_gateway() -> None:
    assert declared_deployment(None, {}) == PLAIN
    assert declared_deployment("postgres", {}) == SHARED
    assert declared_deployment("postgres", {"LOADTEST_GATEWAY_WORKERS": "4"}).workers == 4


DATA = VersionData(
    version="1",
    python=">=3.11",
    environment={"A": "common", "B": "common"},
    switches=(
        Switches(database="sqlite", environment={"B": "sqlite"}),
        Switches(workers="many", environment={"C": "many"}),
    ),
    drift=(Drift(operation="GET /a", reason="r", redis=True), Drift(operation="GET /b", reason="r")),
    turns=Turns(reason="r", operations=("POST *",), database="sqlite"),
    in_flight=InFlight(reason="r", most=3, database="postgresql"),
)


def test_the_data_of_a_version_on_one_deployment() -> None:
    plain, shared = DATA.on(PLAIN), DATA.on(SHARED)
    assert plain.environment == {"A": "common", "B": "sqlite"}
    assert shared.environment == {"A": "common", "B": "common", "C": "many"}
    assert [one.operation for one in plain.drift] == ["GET /b"]
    assert [one.operation for one in shared.drift] == ["GET /a", "GET /b"]
    assert (plain.turns, shared.turns) == (DATA.turns, None)
    assert (plain.in_flight, shared.in_flight) == (None, DATA.in_flight)
    assert plain.on(PLAIN) == plain


@pytest.mark.parametrize("version", available())
def test_limits_of_sqlite_do_not_slow_postgresql(version: str) -> None:
    data = load(version)
    assert data.on(PLAIN).in_flight is not None
    for redis, number in itertools.product((True, False), (1, 2)):
        on = data.on(Deployment(database="postgresql", redis=redis, workers=number))
        assert (on.turns, on.in_flight) == (None, None)
        assert not any("SQLite" in known.reason for known in on.known)


@pytest.mark.parametrize("version", available())
def test_what_only_several_workers_do_is_no_excuse_for_one(version: str) -> None:
    alone = load(version).on(PLAIN).known
    several = load(version).on(SHARED).known
    assert not [known for known in alone if "several workers" in (known.title or "")]
    assert [known for known in several if "several workers" in (known.title or "") and known.sometimes]
