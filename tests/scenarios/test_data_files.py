"""Fixtures beside custom scenarios: read strictly, created before the load, deleted after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.core.errors import UsageError
from loadtest.scenarios.data_files import CustomFixture, custom_fixtures, refusals_files
from loadtest.scenarios.source import ScenarioSource, read_sources
from loadtest.versions.refusals import load_rules

FIXTURE = """
[[fixture]]
name = "widget"
create = "POST /widgets"
body = { name = "{{name}}" }
delete = "DELETE /widgets/{widget_id}"
"""
REFUSALS = """
[[answered]]
operations = ["GET /widgets"]
cases = ["no token"]
kind = "public"
reason = "widgets are public"
"""


@pytest.fixture
def custom(tmp_path: Path) -> tuple[ScenarioSource, ...]:
    (tmp_path / "widgets.py").write_text("")
    return read_sources([str(tmp_path)])


def test_fixtures_are_read(custom: tuple[ScenarioSource, ...], tmp_path: Path) -> None:
    assert custom_fixtures(custom) == ()
    (tmp_path / "fixtures.toml").write_text(FIXTURE)
    assert custom_fixtures(custom) == (
        CustomFixture(
            name="widget",
            create="POST /widgets",
            body={"name": "{{name}}"},
            delete="DELETE /widgets/{widget_id}",
        ),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FIXTURE + FIXTURE, "fixture 'widget' exists already"),
        (FIXTURE.replace("/{widget_id}", ""), "delete: expected an operation with one parameter"),
        (FIXTURE.replace("DELETE /", "DELETE /parts/{part_id}/"), "delete: expected an operation with one"),
        (FIXTURE.replace("DELETE /", ""), "delete: expected an operation with one parameter"),
        (FIXTURE.replace("POST /", "POST /{part_id}/"), "create: expected an operation without a parameter"),
        (FIXTURE.replace("create", "make"), "make"),
        ("[[fixture", "fixtures.toml"),
    ],
)
def test_a_mistake_is_one_line(
    custom: tuple[ScenarioSource, ...], tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "fixtures.toml").write_text(text)
    with pytest.raises(UsageError, match=words) as error:
        custom_fixtures(custom)
    assert "\n" not in str(error.value)


def test_a_wrong_version_of_an_expected_refusal_is_one_line(
    custom: tuple[ScenarioSource, ...], tmp_path: Path
) -> None:
    (tmp_path / "refusals.toml").write_text(REFUSALS + 'gateway = "1.x or newer"\n')
    with pytest.raises(UsageError, match=r"refusals\.toml: .*1\.x or newer"):
        load_rules(more=refusals_files(custom))


def test_expected_refusals_are_added_to_those_of_the_version(
    custom: tuple[ScenarioSource, ...], tmp_path: Path
) -> None:
    assert load_rules().reason("GET /widgets", "no token", "200") is None
    (tmp_path / "refusals.toml").write_text(REFUSALS)
    found = load_rules(more=refusals_files(custom)).reason("GET /widgets", "no token", "200")
    assert found is not None
    assert found.reason == "widgets are public"
