"""A regression of the gateway, seen through every report; and what a known failure does to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from booted_versions import NEWEST
from command import loadtest
from faulty_proxy import faulty_proxy
from junitparser import Failure, JUnitXml, Skipped, TestCase

from loadtest.core import env as settings
from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import parse_source
from loadtest.gateway.running import RunningGateway
from loadtest.results.run import read_run

pytestmark = [pytest.mark.real, pytest.mark.load]

BROKEN = "GET /tags"
SMALL = ("-u", "4", "-r", "4", "-t", "8s")
WHO = ("--", "HealthUser", "TagsExtendedUser")


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningGateway]:
    with booted(parse_source(NEWEST), home=settings.home()) as running:
        yield running


@pytest.fixture(scope="module")
def broken(
    gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, str]]]:
    with faulty_proxy(gateway.host, "/v1/tags") as address:
        yield address, {"LOADTEST_JWT_SECRET": gateway.credentials.jwt_secret or ""}


@pytest.fixture(scope="module")
def reports(broken: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("reports")
    address, secret = broken
    done = loadtest("run", "--gateway", address, *SMALL, "--reports-dir", str(directory), *WHO, more=secret)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("FAIL  1 new failure "), done.stdout
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
    assert "the wheel came off" in summary
    verdict = json.loads((reports / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["exit_code"], verdict["counts"]["new"]) == ("fail", 1, 1)


def test_the_evidence_repeats_the_request_and_holds_no_secret(reports: Path, gateway: RunningGateway) -> None:
    run = (reports / "run.json").read_text()
    assert "curl -sS -X GET" in run
    assert "$TOKEN" in run
    for path in reports.iterdir():
        text = path.read_text(errors="replace")
        for secret in gateway.secrets:
            assert secret not in text, path.name


def test_an_entry_excuses_it_until_its_date(
    reports: Path, broken: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    known = tmp_path / "known.toml"
    accepted = loadtest(
        *("baseline", "accept", "--run", str(reports / "run.json"), "--file", str(known)),
        *("--reason", "the wheel is being fixed", "--owner", "@wheels", "--expires", "2999-01-01"),
    )
    assert accepted.returncode == 0, accepted.stderr
    address, secret = broken
    arguments = ("run", "--gateway", address, *SMALL, "--reports-dir", str(tmp_path / "again"))
    again = loadtest(*arguments, "--known-failures", str(known), *WHO, more=secret)
    assert again.returncode == 0, again.stdout + again.stderr
    case = next(case for case in cases(tmp_path / "again") if case.name == BROKEN)
    assert [type(result) for result in case.result] == [Skipped]
    assert "the wheel is being fixed" in (tmp_path / "again" / "junit.xml").read_text()

    known.write_text(known.read_text().replace("2999-01-01", "2020-01-01"))
    run = str(tmp_path / "again" / "run.json")
    expired = loadtest(
        "report", "--run", run, "--known-failures", str(known), "--reports-dir", str(tmp_path / "late")
    )
    assert expired.returncode == 1, expired.stdout
    assert failed(tmp_path / "late") == [BROKEN]


def test_locusts_own_files_alone_are_judged_alike(reports: Path, tmp_path: Path) -> None:
    done = loadtest("report", "--csv", str(reports / "locust"), "--reports-dir", str(tmp_path))
    assert done.returncode == 1, done.stdout
    assert failed(tmp_path) == [BROKEN]


def test_what_was_made_and_never_answered_for_is_taken_away(gateway: RunningGateway, tmp_path: Path) -> None:
    secret = {"LOADTEST_JWT_SECRET": gateway.credentials.jwt_secret or ""}
    with faulty_proxy(gateway.host, "/v1/resources", method="POST", heard=True) as address:
        done = loadtest(
            "run", "--gateway", address, *SMALL, "--reports-dir", str(tmp_path), *WHO, more=secret
        )
    assert done.returncode == 1, done.stdout + done.stderr
    counted = {one.kind: one for one in read_run(tmp_path / "run.json").entities}
    assert counted["resources"].left > 0
    assert counted["resources"].after == counted["resources"].before
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert any(f["text"].startswith("left behind by scenarios") for f in verdict["findings"])
