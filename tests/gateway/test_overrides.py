"""``--set NAME=VALUE``: what may be passed to the booted gateway, and what is shown of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from sample_runs import TODAY, VERSION, clean, known

from loadtest.client.session import Session
from loadtest.core.errors import UsageError
from loadtest.gateway.environment import (
    common_switches,
    controlled_settings,
    gateway_environment,
    new_secrets,
)
from loadtest.gateway.install.source import Pinned, Running
from loadtest.gateway.overrides import MASK, check_overrides, parse_overrides, secrets_of, shown, unread
from loadtest.gateway.workspace import Workspace
from loadtest.judge.categories import load_categories
from loadtest.judge.checks.check import Check, Severity
from loadtest.judge.known import entries
from loadtest.judge.verdict import Verdict, judge
from loadtest.openapi.contract import Contract
from loadtest.reports import terminal
from loadtest.reports.formats import html, junit, summary, verdict_json
from loadtest.results.deployment import Deployment
from loadtest.results.run import Run, read_run, write_run
from loadtest.versions import data as versions

WORKSPACES = (
    Workspace(Path("/run"), 4321),
    Workspace(Path("/run"), 4321, "postgresql+psycopg://u:p@h/d", "redis://h:1/0", workers=2),
)


def test_names_are_capitals_and_values_are_kept_as_they_are() -> None:
    assert parse_overrides(["mcpgateway_ui_enabled=false", "X= a=b {port} ", "EMPTY="]) == {
        "MCPGATEWAY_UI_ENABLED": "false",
        "X": " a=b {port} ",
        "EMPTY": "",
    }


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["UI"], "expected NAME=VALUE"),
        (["=x"], "expected NAME=VALUE"),
        (["A B=x"], "expected NAME=VALUE"),
        (["A=1", "a=2"], "--set A: given twice"),
        (["A=\0"], "NUL"),
        (["password=hunter22 x"], "given"),
    ],
)
def test_a_usage_error_is_one_line(texts: list[str], expected: str) -> None:
    if texts == ["password=hunter22 x"]:
        texts = [*texts, *texts]
    with pytest.raises(UsageError) as caught:
        parse_overrides(texts)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("name", [*controlled_settings(), "port", "database_url"])
def test_what_the_load_test_controls_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(UsageError, match=r"the load test controls it: .{10,}"):
        parse_overrides([f"{name}=x"])


@pytest.mark.parametrize("version", versions.available())
@pytest.mark.parametrize("workspace", WORKSPACES, ids=["sqlite", "postgresql"])
def test_whatever_is_different_in_each_run_is_controlled(version: str, workspace: Workspace) -> None:
    environment = gateway_environment(workspace, new_secrets(), versions.load(version))
    switches = {one.name for one in common_switches()}
    own = {name for one in versions.load(version).switches for name in one.environment}
    own |= versions.load(version).environment.keys()
    assert environment.keys() - switches - own <= controlled_settings().keys()


def test_a_gateway_that_runs_already_is_not_booted_with_them() -> None:
    running = Running("http://127.0.0.1:1", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="runs already and is not booted"):
        check_overrides({"A": "1"}, running)
    check_overrides({}, running)
    check_overrides({"A": "1"}, Pinned("3.0.7", VERSION))


@pytest.mark.parametrize(
    ("name", "value", "masked"),
    [
        ("OPENAI_API_KEY", "sk-12345678", True),
        ("SSO_CLIENT_SECRET", "abcdefgh", True),
        ("SMTP_PASSWORD", "12345678", True),
        ("GITHUB_TOKEN", "abcdefgh", True),
        ("PASSWORD_CHANGE_ENFORCEMENT_ENABLED", "true", False),
        ("TOOL_TIMEOUT", "5", False),
    ],
)
def test_secret_values_are_masked(name: str, value: str, masked: bool) -> None:
    assert shown({name: value}) == {name: MASK if masked else value}
    assert secrets_of({name: value}) == ((value,) if masked else ())


def test_a_password_in_an_address_is_masked() -> None:
    assert "hunter22" not in str(shown({"UPSTREAM": "http://u:hunter22@host/"}))


def test_a_setting_that_the_gateway_does_not_read_is_reported() -> None:
    assert unread({"UI": "1", "PORT": "2"}, {"PORT": ""}) == ("--set UI: this gateway reads no such setting",)


def test_scenarios_know_that_a_feature_is_switched_off() -> None:
    data = replace(VERSION, environment={"A": "false", "B": "true"})
    session = Session("http://h", "t", None, Contract({}, "", {}), "3.0.7", data, deployment=Deployment())  # type: ignore[arg-type]
    assert (session.switched_off("A"), session.switched_off("B")) == (True, False)
    session.changed = {"A": "true", "B": "False"}
    assert (session.switched_off("A"), session.switched_off("B")) == (False, True)


def changed(**settings: str) -> Run:
    here = clean()
    assert here.gateway is not None
    return replace(here, gateway=replace(here.gateway, data=VERSION.version, changed=settings))


def judged(run: Run, **more: object) -> Verdict:
    return judge(run, categories=load_categories(), version_data=VERSION, today=TODAY, **more)  # type: ignore[arg-type]


def test_every_report_shows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(changed(UI_ENABLED="false", NAME="<b>"), tmp_path / "run.json")
    run = read_run(tmp_path / "run.json")
    verdict = judged(run)
    terminal.print_verdict(run, verdict)
    assert "gateway settings changed: NAME=<b>, UI_ENABLED=false" in capsys.readouterr().out
    assert "Gateway settings changed: <code>NAME=&#60;b&#62;</code>" in summary.render(run, verdict)
    assert "<code>NAME=&lt;b&gt;</code>" in html.render(run, verdict)
    assert '<property name="gateway setting NAME" value="&lt;b&gt;" />' in junit.render(run, verdict)
    assert '"UI_ENABLED": "false"' in verdict_json.render(run, verdict)


def test_changed_settings_explain_stale_entries_and_missing_operations() -> None:
    entry = entries([known("GET /version")], "file")
    assert len(judged(replace(changed(), contract=clean().contract), known=entry).stale) == 1
    assert judged(changed(A="1"), known=entry).stale == ()

    def scenarios(run: Run) -> Severity:
        here = replace(run, contract=(*(run.contract or ()), "GET /more"))
        return next(o.severity for o in judged(here).checks if o.check is Check.SCENARIOS)

    assert scenarios(changed()) is Severity.FAILURE
    assert scenarios(changed(A="1")) is Severity.WARNING
