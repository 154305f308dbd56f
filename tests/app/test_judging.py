import datetime as dt
import time
from pathlib import Path

import pytest
from msgspec.structs import replace
from sample_runs import TODAY, clean, failure, failures, latency, operation, run
from supported import NEWEST

from loadtest.app.accepting import accept
from loadtest.app.judging import JudgingOptions, check_options, judge_and_report, judge_run
from loadtest.core.errors import UsageError
from loadtest.judge.criteria.criterion import parse
from loadtest.judge.failures import FailOn
from loadtest.judge.known_file import read_known
from loadtest.judge.verdict import Result
from loadtest.openapi.contracts import contract_of, with_areas
from loadtest.results.measurements import Operation
from loadtest.results.run import Run, RunState, read_run, write_run
from loadtest.results.target import Gateway
from loadtest.versions import data as versions
from loadtest.workload.profiles import profiles


def accepted(here: Run, path: Path, **more: object) -> int:
    arguments: dict[str, object] = {"reason": "r", "owner": "o", "expires": TODAY, "today": TODAY} | more
    return len(accept(here, JudgingOptions(), path, **arguments))  # type: ignore[arg-type]


def test_every_report_is_written_next_to_the_run(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "reports"
    verdict = judge_and_report(failures(), JudgingOptions(), directory, TODAY)
    assert verdict.result is Result.FAIL
    names = {path.name for path in directory.iterdir()}
    assert names >= {"junit.xml", "summary.md", "annotations.txt", "verdict.json"}
    assert all(path.stat().st_size for path in directory.iterdir())


def test_a_run_is_judged_the_same_after_it_was_a_file(tmp_path: Path) -> None:
    write_run(failures(), tmp_path / "run.json")
    stored = read_run(tmp_path / "run.json")
    assert judge_run(stored, JudgingOptions(), TODAY) == judge_run(failures(), JudgingOptions(), TODAY)


def test_the_gateways_data_counts() -> None:
    here = replace(clean(), gateway=Gateway(version=NEWEST, source=NEWEST, data=NEWEST))
    state = {o.name: o.state.value for o in judge_run(here, JudgingOptions(), TODAY).coverage.operations}
    assert state["GET /_internal/state"] == "excluded"


def test_an_accepted_failure_passes_until_its_expiry_date(tmp_path: Path) -> None:
    path = tmp_path / "known-failures.toml"
    here = failures()
    assert judge_run(here, JudgingOptions(), TODAY).exit_code == 1
    assert accepted(here, path) == 3
    options = JudgingOptions(known_failures=(path,))
    assert judge_run(here, options, TODAY).exit_code == 0
    assert judge_run(here, options, TODAY + dt.timedelta(days=1)).exit_code == 1
    assert accepted(here, path) == 0


def test_an_expired_entry_is_renewed_not_doubled(tmp_path: Path) -> None:
    path = tmp_path / "known-failures.toml"
    accepted(failures(), path)
    later = TODAY + dt.timedelta(days=30)
    assert accepted(failures(), path, today=later, expires=later) == 3
    assert {entry.known.expires for entry in read_known(path)} == {later}
    assert len(read_known(path)) == 3


def test_accepting_one(tmp_path: Path) -> None:
    path = tmp_path / "known-failures.toml"
    mark = failures().failures[1].fingerprint
    assert accepted(failures(), path, fingerprints=[mark]) == 1
    assert [entry.known.message for entry in read_known(path)] == ["name taken"]
    with pytest.raises(UsageError, match="not among"):
        accepted(failures(), path, fingerprints=["000000000000"])


def test_nothing_to_accept_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "known-failures.toml"
    assert accepted(clean(), path) == 0
    assert not path.exists()


@pytest.mark.parametrize(
    "options",
    [
        JudgingOptions(known_failures=(Path("none.toml"),)),
        JudgingOptions(categories=(Path("none.toml"),)),
        JudgingOptions(criteria_files=(Path("none.toml"),)),
        JudgingOptions(criteria=("p95 <",)),
    ],
)
def test_bad_options_are_reported_before_and_after_the_load(options: JudgingOptions, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        check_options(options)
    with pytest.raises(UsageError):
        judge_and_report(clean(), options, tmp_path / "reports", TODAY)


def test_a_directory_that_is_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("")
    with pytest.raises(UsageError, match="reports"):
        judge_and_report(clean(), JudgingOptions(), tmp_path / "reports", TODAY)


def test_report_only() -> None:
    verdict = judge_run(failures(), JudgingOptions(fail_on=FailOn.NEVER), TODAY)
    assert (verdict.result, verdict.exit_code) == (Result.FAIL, 0)


@pytest.mark.parametrize(("share", "seconds"), [(20, 3.0), pytest.param(1, 15.0, marks=pytest.mark.nightly)])
def test_a_large_run_is_judged_and_rendered_quickly(tmp_path: Path, share: int, seconds: float) -> None:
    names = [f"GET /a{n % 100}/{{x{n}}}" for n in range(10_000 // share)]
    measured = latency(*(float(n) for n in range(40)))
    words = ("alpha", "beta", "gamma", "delta")
    one = failure("x")
    here = run(
        state=RunState.COMPLETE,
        contract=tuple(names),
        operations=tuple(
            Operation(
                name=name, area=f"a{n % 100}", requests=100, successes=90, failures=10, latency=measured
            )
            for n, name in enumerate(names)
        ),
        failures=tuple(
            replace(
                one,
                operation=names[n % len(names)],
                message=f"boom {words[n % 4]} {words[n // 4 % 4]}",
                fingerprint=f"{n:012x}",
            )
            for n in range(100_000 // share)
        ),
    )
    start = time.process_time()
    judge_and_report(here, JudgingOptions(criteria=("p95 < 1s", "area a1: p95 < 1s")), tmp_path, TODAY)
    assert time.process_time() - start < seconds


def test_what_the_profile_asks_counts_until_a_person_asks_otherwise() -> None:
    here = clean()
    asking = replace(here, settings=replace(here.settings, criteria=("requests > 1000000", "p50 < 9s")))
    assert judge_run(here, JudgingOptions(), TODAY).result is Result.PASS
    verdict = judge_run(asking, JudgingOptions(), TODAY)
    assert verdict.result is Result.FAIL
    assert [one.criterion.text for one in verdict.criteria] == ["requests > 1000000", "p50 < 9s"]
    eased = judge_run(asking, JudgingOptions(criteria=("requests > 1",)), TODAY)
    assert eased.result is Result.PASS
    assert [one.criterion.text for one in eased.criteria] == ["p50 < 9s", "requests > 1"]


def test_what_the_profiles_ask_can_be_judged() -> None:
    asked = [text for profile in profiles().values() for text in profile.criteria]
    assert asked
    for text in asked:
        assert parse(text).text == text


@pytest.mark.parametrize("version", versions.available())
def test_a_known_version_is_compared_with_its_stored_operations(version: str) -> None:
    offered = contract_of(version).operations
    here = replace(clean(), gateway=Gateway(version=version, source="path:.", data=version), contract=offered)
    assert judge_run(here, JudgingOptions(), TODAY).removed == ()
    (gone,) = (name for name in offered if name == "GET /tools/{tool_id}")
    here = replace(here, contract=tuple(name for name in offered if name != gone))
    assert [one.failure.operation for one in judge_run(here, JudgingOptions(), TODAY).removed] == [gone]


FORM = "POST /admin/tools/{tool_id}/delete"


@pytest.mark.parametrize("version", versions.available())
def test_a_run_without_areas_gets_those_of_the_contract_of_its_version(version: str) -> None:
    gateway = Gateway(version=version, source=version, data=version)
    older = run(
        gateway=gateway,
        contract=("GET /tools", FORM, "POST /rpc", "GET /health"),
        operations=(
            operation("GET /tools", 30, area="reading"),
            operation(FORM, 3, area="admin-forms"),
            operation("POST /rpc tools/call", 2, area="jsonrpc"),
        ),
    )
    criteria = ("area tools: requests >= 30", "area Admin UI: requests >= 3", "area reading: requests > 0")
    verdict = judge_run(older, JudgingOptions(criteria=criteria), TODAY)
    areas = {
        one.name: one.area
        for one in verdict.coverage.operations
        if one.name in (older.contract or ()) or one.requests
    }
    assert areas == {
        "GET /tools": "tools",
        FORM: "admin-ui",
        "POST /rpc": "utilities",
        "POST /rpc tools/call": "utilities",
        "GET /health": "health",
    }
    assert [one.outcome.value for one in verdict.criteria] == ["met", "met", "inconclusive"]


def test_the_areas_that_a_run_records_count() -> None:
    here = with_areas(
        run(
            gateway=Gateway(version=NEWEST, source=NEWEST, data=NEWEST),
            contract=("GET /tools",),
            areas={"GET /tools": "renamed-tag"},
            operations=(operation("GET /tools", 1, area="renamed-tag"),),
        )
    )
    assert here.operations[0].area == here.area("GET /tools") == "renamed-tag"
    assert here.area(FORM) == "admin-ui"
    assert with_areas(here) == here


def test_without_a_version_the_path_is_the_area() -> None:
    (tools,) = with_areas(run(gateway=None, operations=(operation("GET /v1/tools", 1, area="x"),))).operations
    assert tools.area == "tools"
