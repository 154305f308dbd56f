import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace
from packaging.version import Version
from sample_runs import KNOWN, TODAY, clean, failure, failures, known, operation, run

from loadtest.client.answer import Problem
from loadtest.core.errors import UsageError
from loadtest.core.redact import Redactor
from loadtest.judge.categories import load_categories
from loadtest.judge.failures import FailureStatus
from loadtest.judge.known import KnownFailures, accepted_entries, applies, entries, gateway_version
from loadtest.judge.known_file import read_known
from loadtest.judge.known_writer import write_known
from loadtest.judge.verdict import Verdict, judge
from loadtest.reports.evidence import title
from loadtest.results.deployment import Deployment
from loadtest.results.failures import Failure, ProblemKind, normalise
from loadtest.results.run import CutShort, PlannedCall, Scenario, ScenarioRuns, Sweep
from loadtest.results.target import Gateway
from loadtest.versions import data as versions
from loadtest.versions.data import KnownFailure

NAME = "POST /tools"


def matches(entry: KnownFailure, **more: object) -> bool:
    return bool(KnownFailures(entries([entry], "file"), Version("3.0.7")).match(failure(NAME, **more)))  # type: ignore[arg-type]


def test_an_entry_without_conditions_matches_any_failure_of_its_kind() -> None:
    assert matches(known(NAME))
    assert not matches(known("GET /tools"))
    assert not matches(known(NAME), problem=ProblemKind.SCHEMA)


@pytest.mark.parametrize(
    ("condition", "same", "other"),
    [
        ({"status": 500}, {"status": 500}, {"status": 502}),
        ({"code": "-32000"}, {"code": "-32000"}, {"code": "-32603"}),
        ({"message": "id 7 is taken"}, {"message": "id 8 is taken"}, {"message": "id is taken"}),
    ],
)
def test_every_condition_must_hold(
    condition: dict[str, object], same: dict[str, object], other: dict[str, object]
) -> None:
    assert matches(known(NAME, **condition), **same)
    assert not matches(known(NAME, **condition), **other)


@pytest.mark.parametrize(
    ("gateway", "version", "expected"),
    [
        (None, None, True),
        ("3.0.7", "3.0.7", True),
        ("3.0.7", "3.0.8", False),
        (">=3.0,<3.1", "3.0.7", True),
        (">=3.0,<3.1", "3.1.0", False),
        ("3.0.0rc1", "3.0.0-RC-1", True),
        ("3.0.0-RC-1", "3.0.0rc1", True),
        (">=3.0.0rc1", "3.0.0-RC-1", True),
        (">=0.9", "3.0.0-RC-1", True),
        ("3.0.7", "3.0.7.post20260921", False),
        ("==3.0.*", "3.0.7.post20260921", True),
        ("3.0.7", None, False),
    ],
)
def test_the_gateways_version(gateway: str | None, version: str | None, expected: bool) -> None:
    (entry,) = entries([known(NAME, gateway=gateway)], "file")
    assert applies(entry, Version(version) if version else None) is expected


def test_the_version_that_the_gateway_reports_takes_precedence_over_the_data_file() -> None:
    assert gateway_version(Gateway(version="3.0.0-RC-1", source="x", data="3.0.7")) == Version("3.0.0rc1")
    assert gateway_version(Gateway(version="main", source="x", data="3.0.7")) == Version("3.0.7")
    assert gateway_version(Gateway(version=None, source="x")) is None
    assert gateway_version(None) is None


def test_the_last_day_counts() -> None:
    (entry,) = entries([known(NAME, expires=TODAY)], "file")
    assert not entry.expired(TODAY)
    assert entry.expired(TODAY + dt.timedelta(days=1))


def test_an_entry_that_applies_is_stale_if_its_operation_succeeds() -> None:
    here = run(operations=(operation("GET /a", 1), operation("GET /b", 0, 1)))
    listed = entries(
        [known("GET /a"), known("GET /a", gateway="9.9"), known("GET /b"), known("GET /c")], "file"
    )
    matcher = KnownFailures(listed, Version("3.0.7"))
    assert matcher.stale(here, []) == (listed[0],)
    assert matcher.stale(here, [listed[0]]) == ()


def test_what_fails_now_and_then_is_never_stale() -> None:
    here = run(operations=(operation("GET /a", 1),))
    listed = entries([known("GET /a", sometimes=True), known("GET /a", status=500)], "file")
    assert KnownFailures(listed, Version("3.0.7")).stale(here, []) == (listed[1],)


def test_an_entry_for_another_deployment_neither_excuses_nor_is_stale() -> None:
    here = run(operations=(operation("GET /a", 1),))
    listed = entries(
        [
            known("GET /a", database="sqlite"),
            known("GET /a", workers="many"),
            known("GET /a", workers="many", sometimes=True),
        ],
        "file",
    )
    failed = failure("GET /a")
    alone = KnownFailures(listed, None, Deployment())
    assert alone.match(failed) == (listed[0],)
    assert alone.stale(here, []) == (listed[0],)
    several = KnownFailures(listed, None, Deployment(database="postgresql", redis=True, workers=2))
    assert several.match(failed) == listed[1:]
    assert several.stale(here, []) == (listed[1],), "what comes only sometimes is never stale"
    unknown = KnownFailures(listed, None)
    assert unknown.match(failed) == ()


@pytest.mark.parametrize(("key", "value"), [("reason", " "), ("owner", ""), ("gateway", "newest")])
def test_a_bad_entry_is_named(key: str, value: str) -> None:
    with pytest.raises(UsageError, match=rf"file: \[\[known\]\] number 2 \(POST /tools\): {key}: "):
        entries([known(NAME), known(NAME, **{key: value})], "file")


def test_accepting_names_what_was_seen() -> None:
    here = failures().failures
    made = accepted_entries(
        here,
        [here[1].fingerprint],
        gateway=Version("3.0.7+local"),
        reason=" later ",
        owner="me",
        expires=TODAY,
        today=TODAY,
        link="https://example.org/1",
    )
    assert made == (
        KnownFailure(
            operation="POST /tools",
            problem=ProblemKind.STATUS,
            status=409,
            message="name taken",
            gateway="3.0.7",
            reason="later",
            owner="me",
            expires=TODAY,
            link="https://example.org/1",
        ),
    )
    assert KnownFailures(entries(made, "file"), Version("3.0.7")).match(here[1])


def test_accepting_without_fingerprints_means_all() -> None:
    here = failures().failures
    made = accepted_entries(here, [], gateway=None, reason="r", owner="o", expires=TODAY, today=TODAY)
    assert len(made) == len(here)
    assert {entry.gateway for entry in made} == {None}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"reason": ""}, "--reason"),
        ({"owner": " "}, "--owner"),
        ({"expires": TODAY - dt.timedelta(days=1)}, "--expires"),
        ({"fingerprints": ["nonsense"]}, "'nonsense'"),
    ],
)
def test_accepting_refuses(change: dict[str, object], named: str) -> None:
    arguments: dict[str, object] = {"fingerprints": [], "reason": "r", "owner": "o", "expires": TODAY}
    arguments |= change
    fingerprints = arguments.pop("fingerprints")
    with pytest.raises(UsageError, match=named):
        accepted_entries(failures().failures, fingerprints, gateway=None, today=TODAY, **arguments)  # type: ignore[arg-type]


def test_the_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "known-failures.toml"
    assert write_known(path, KNOWN) == 3
    assert tuple(entry.known for entry in read_known(path)) == KNOWN
    assert write_known(path, KNOWN) == 3
    assert tuple(entry.known for entry in read_known(path)) == KNOWN


def test_comments_and_order_stay(tmp_path: Path) -> None:
    path = tmp_path / "known-failures.toml"
    text = (
        "# ours\n\n[[known]]\n# why: see the ticket\nreason = 'old' # soon\noperation = 'GET /b'\n"
        "problem = 'status'\nexpires = 2026-04-01\nowner = 'me'\n"
    )
    path.write_text(text)
    write_known(path, [known("GET /a")])
    assert path.read_text().startswith(text)
    assert [entry.known.operation for entry in read_known(path)] == ["GET /b", "GET /a"]


def test_an_entry_about_the_same_failure_is_renewed_in_place(tmp_path: Path) -> None:
    path = tmp_path / "known-failures.toml"
    write_known(path, [known("GET /a", status=500), known("GET /b")])
    write_known(path, [known("GET /a", status=500, reason="again", expires=dt.date(2027, 1, 1))])
    read = [entry.known for entry in read_known(path)]
    assert [(k.operation, k.reason, k.expires.year) for k in read] == [
        ("GET /a", "again", 2027),
        ("GET /b", "fixed in the next release", 2026),
    ]


GOOD = (
    "[[known]]\noperation='GET /a'\nproblem='status'\nreason='r'\nowner='o'\nexpires=2026-04-01\n"
    "[[known]]\noperation='GET /b'\nproblem='status'\nreason='r'\nowner='o'\nexpires=2026-04-01\n"
)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("expires=2026-04-01\n[", "expires='soon'\n[", "number 1 (GET /a): expires: 'soon'"),
        ("operation='GET /b'", "operation='GET /b'\nstatuss=1", "number 2 (GET /b)"),
        ("operation='GET /b'\nproblem='status'", "operation='GET /b'\nproblem='bad'", "$.problem"),
        ("operation='GET /b'\n", "", "without an operation"),
        ("[[known]]", "[[know]]", "know"),
        ("'GET /b'", "'GET /b", "not valid TOML"),
        ("owner='o'\nexpires=2026-04-01\n[", "owner=''\nexpires=2026-04-01\n[", "owner: is empty"),
    ],
)
def test_a_bad_file_names_file_entry_and_key(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = tmp_path / "known-failures.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(UsageError) as caught:
        read_known(path)
    assert str(path) in str(caught.value)
    assert named in str(caught.value)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_known(tmp_path / "none.toml")


def test_a_bad_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "known-failures.toml"
    path.write_text("[[known]]\nbad = 1\n")
    with pytest.raises(UsageError):
        write_known(path, [known("GET /a")])
    assert path.read_text() == "[[known]]\nbad = 1\n"


def test_a_clean_run_makes_its_entries_stale_only_when_complete() -> None:
    from loadtest.results.run import RunState

    matcher = KnownFailures(entries([known("GET /tools")], "file"), None)
    assert matcher.stale(clean(), [])
    assert not matcher.stale(replace(clean(), state=RunState.ABORTED), [])


def test_a_negative_qualifier_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    entry = known("GET /a", database="postgresql", redis=False, sometimes=True)
    write_known(path, [entry, known("GET /b")])
    assert [one.known for one in read_known(path)] == [entry, known("GET /b")]
    assert path.read_text().count("sometimes") == 1


def judged(*shown: Failure, entry: KnownFailure) -> Verdict:
    succeeding = tuple(one for one in clean().operations if one.name != NAME)
    here = replace(
        clean(),
        operations=(*succeeding, operation(NAME, 5, sum(one.count for one in shown))),
        failures=shown,
    )
    return judge(here, known=entries([entry], "file"), categories=load_categories(), today=TODAY)


@pytest.mark.parametrize(
    ("entry", "now", "wording"),
    [
        ({"status": 500}, {"status": 409}, "known as 500, now 409"),
        ({"status": 500, "message": "boom"}, {"status": 409, "message": "taken"}, "known as 500, now 409"),
        ({"code": "-32000"}, {"status": None, "code": "-32601"}, "known as code -32000, now -32601"),
        ({"status": 500}, {"status": None}, "known as 500, now without a status"),
    ],
)
def test_another_status_is_one_failure_that_names_the_known_one(
    entry: dict[str, object], now: dict[str, object], wording: str
) -> None:
    judgement = judged(failure(NAME, **now), entry=known(NAME, **entry))  # type: ignore[arg-type]
    (one,) = judgement.failing
    assert one.status is FailureStatus.NEW
    assert one.change == wording
    assert wording in title(one)
    assert wording in one.reason
    assert judgement.stale == ()
    assert "1 new failure · " in judgement.headline


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        # The known failure and another one both occurred: the other is a failure of its own.
        ({"status": 500}, ({"status": 500}, {"status": 409})),
        # Another kind of problem.
        ({"status": 500}, ({"status": 200, "problem": ProblemKind.SCHEMA},)),
        # Only the message differs.
        ({"status": 500, "message": "boom"}, ({"status": 500, "message": "taken"},)),
        # Its absence proves nothing.
        ({"status": 500, "sometimes": True}, ({"status": 409},)),
    ],
)
def test_nothing_else_is_called_known_in_another_way(
    entry: dict[str, object], shown: tuple[dict[str, object], ...]
) -> None:
    judgement = judged(*(failure(NAME, **one) for one in shown), entry=known(NAME, **entry))  # type: ignore[arg-type]
    assert [one.change for one in judgement.failures] == [""] * len(shown)


LIFECYCLE, ALL = (scenario.name for scenario in clean().plan)


def ended(name: str, *, completed: int = 0, cut: int = 0, skipped: int = 0) -> ScenarioRuns:
    return ScenarioRuns(
        name=name,
        started=completed + cut + skipped,
        completed=completed,
        skipped=skipped,
        cut_short=(CutShort(operation="GET /tools", fingerprint="0" * 12, count=cut),) if cut else (),
    )


SECOND = Scenario(
    name="Other.one", area="misc", file="f.py", line=1, calls=(PlannedCall(operation="GET /version", line=2),)
)


@pytest.mark.parametrize(
    ("changes", "stale"),
    [
        ({"scenarios": (ended(LIFECYCLE), ended(ALL, completed=1))}, True),
        ({"scenarios": (ended(ALL, completed=1, cut=5),)}, True),
        # It never came to its last step: cut short by another failure, without what it needs, not begun, not known.
        ({"scenarios": (ended(ALL, cut=5),)}, False),
        ({"scenarios": (ended(ALL, skipped=1),)}, False),
        ({"scenarios": (ended(ALL),)}, False),
        ({"scenarios": ()}, False),
        # Of two scenarios that call the operation only one did.
        ({"scenarios": (ended(ALL, completed=9),), "plan": (*clean().plan, SECOND)}, False),
        (
            {
                "scenarios": (ended(ALL, completed=9), ended(SECOND.name, completed=1)),
                "plan": (*clean().plan, SECOND),
            },
            True,
        ),
        # Scenarios that did not take part are not in the plan.
        ({"settings": replace(clean().settings, left_out=30)}, False),
        ({"settings": replace(clean().settings, tags=("misc",))}, False),
        ({"settings": replace(clean().settings, exclude_tags=("tools",))}, False),
        # An older record contains only what the first sweep finished.
        ({}, True),
        ({"sweep": Sweep(planned=2, done=1, unfinished=(ALL,))}, False),
        # No scenario of the plan calls it; without a plan that is unknown.
        ({"plan": clean().plan[:1]}, False),
        ({"plan": ()}, True),
    ],
)
def test_stale_needs_every_scenario_that_calls_the_operation(changes: dict[str, object], stale: bool) -> None:
    matcher = KnownFailures(entries([known("GET /version")], "file"), Version("3.0.7"))
    assert bool(matcher.stale(replace(clean(), **changes), [])) is stale


FILLED = {
    "<token>": "70tN75ibCWOSrZUp4ZToOEf5FlR0qLVdsw_SH2NxPQ0",
    "<name>": "lt-3fa9c1-tool",
    "<id>": "3f2a9c01-b7de-4a3f-9c01-b7de4a3f9c01",
    "<time>": "2026-03-01T04:00:00.123Z",
    "<host>": "127.0.0.1:8080",
    "<n>": "12",
}
"""What a gateway may have answered where a normalised message has a placeholder."""


@pytest.mark.parametrize(
    ("version", "entry"),
    [
        (version, entry)
        for version in versions.available()
        for entry in versions.load(version).known
        if entry.message is not None
    ],
    ids=lambda value: getattr(value, "operation", value),
)
def test_a_run_can_produce_the_message_of_every_entry(version: str, entry: KnownFailure) -> None:
    message = entry.message or ""
    for placeholder, value in FILLED.items():
        message = message.replace(placeholder, value)
    assert Problem(entry.problem, message).masked(Redactor()).message == normalise(entry.message or "")
