"""A failing operation of a stub gateway, as every report shows it, and the effect of a known failure."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import loadtest
from junitparser import Failure, JUnitXml, Skipped, TestCase
from stub_server import INTENDED, StubServer, stub_server

pytestmark = pytest.mark.xdist_group("regression")  # one load for all

BROKEN = "GET /ready"
BODY = "the wheel came off"
SMALL = ("-u", "2", "-r", "2", "-t", "3s")
WHO = ("--", "HealthUser")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StubServer]:
    with stub_server(tmp_path_factory.mktemp("stub")) as running:
        running.behave(status={"/ready": 500}, detail=BODY)
        yield running


def load_test(gateway: StubServer, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a small load on the broken gateway; its missing operations are intended."""
    directory.mkdir(exist_ok=True)
    intended = directory / "removed.toml"
    intended.write_text(INTENDED)
    arguments = ("run", "--gateway", gateway.host, *SMALL, "--reports-dir", str(directory))
    known = ("--known-failures", str(intended))
    return loadtest(*arguments, *known, *WHO, more={"LOADTEST_JWT_SECRET": gateway.secret})


@pytest.fixture(scope="module")
def reports(gateway: StubServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("reports")
    done = load_test(gateway, directory)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("FAIL · 1 new failure "), done.stdout
    return directory


def cases(directory: Path) -> list[TestCase]:
    return [case for suite in JUnitXml.fromfile(str(directory / "junit.xml")) for case in suite]


def failed(directory: Path) -> list[str]:
    return [str(case.name) for case in cases(directory) if any(isinstance(r, Failure) for r in case.result)]


def test_every_report_names_exactly_the_broken_operation(reports: Path) -> None:
    assert failed(reports) == [BROKEN]
    errors = [
        line for line in (reports / "annotations.txt").read_text().splitlines() if line.startswith("::error")
    ]
    assert len(errors) == 1
    assert BROKEN in errors[0]
    assert "file=loadtest/users/" in errors[0]
    summary = (reports / "summary.md").read_text()
    assert BROKEN in summary
    assert BODY in summary
    verdict = json.loads((reports / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["exit_code"], verdict["counts"]["new"]) == ("fail", 1, 1)


def test_the_evidence_repeats_the_request_and_holds_no_secret(reports: Path, gateway: StubServer) -> None:
    assert "curl -sS -X GET" in (reports / "run.json").read_text()
    for path in reports.iterdir():
        assert gateway.secret not in path.read_text(errors="replace"), path.name


def report(run: str, known: Path, directory: Path) -> subprocess.CompletedProcess[str]:
    return loadtest("report", "--run", run, "--known-failures", str(known), "--reports-dir", str(directory))


def test_an_entry_excuses_it_until_its_date(reports: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    accepted = loadtest(
        *("baseline", "accept", "--run", str(reports / "run.json"), "--file", str(known)),
        *("--reason", "the wheel is being fixed", "--owner", "@wheels", "--expires", "2999-01-01"),
    )
    assert accepted.returncode == 0, accepted.stderr
    known.write_text(INTENDED + known.read_text())
    run = str(reports / "run.json")
    excused = report(run, known, tmp_path / "again")
    assert excused.returncode == 0, excused.stdout + excused.stderr
    case = next(case for case in cases(tmp_path / "again") if case.name == BROKEN)
    assert [type(result) for result in case.result] == [Skipped]
    assert "the wheel is being fixed" in (tmp_path / "again" / "junit.xml").read_text()

    known.write_text(known.read_text().replace("2999-01-01", "2020-01-01"))
    expired = report(run, known, tmp_path / "late")
    assert expired.returncode == 1, expired.stdout
    assert failed(tmp_path / "late") == [BROKEN]


def test_locusts_own_files_alone_are_judged_alike(reports: Path, tmp_path: Path) -> None:
    done = loadtest("report", "--csv", str(reports / "locust"), "--reports-dir", str(tmp_path))
    assert done.returncode == 1, done.stdout
    assert failed(tmp_path) == [BROKEN]
