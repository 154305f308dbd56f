from pathlib import Path

import pytest
from msgspec.structs import replace
from packaging.version import Version
from sample_runs import failure

from loadtest.core.errors import UsageError
from loadtest.judge.categories import BUILT_IN, Category, ExampleFailure, load_categories, read_categories
from loadtest.results.failures import ProblemKind

BUILT_INS = read_categories(BUILT_IN)
EXAMPLES = [(category, sample) for category in BUILT_INS for sample in category.examples]
COUNTER_EXAMPLES = [(category, sample) for category in BUILT_INS for sample in category.counter_examples]

OWN = """
[[category]]
name = "own"
title = "Ours"
fault = "environment"
excuses = true
because = "of us"
advice = "Ask us."
status = [418]
"""


def put(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("category", "sample"), EXAMPLES)
def test_example_is_recognised(category: Category, sample: ExampleFailure) -> None:
    found = load_categories().classify(sample.failure())
    assert found is not None
    assert found.name == category.name


@pytest.mark.parametrize(("category", "sample"), COUNTER_EXAMPLES)
def test_counter_example_is_not_recognised(category: Category, sample: ExampleFailure) -> None:
    found = load_categories().classify(sample.failure())
    assert found is None or found.name != category.name


def test_every_category_has_both_kinds_of_examples() -> None:
    assert [c.name for c in BUILT_INS if not c.examples or not c.counter_examples] == []


def test_the_categories_that_were_promised_exist() -> None:
    assert {c.name for c in BUILT_INS} >= {
        "dns-virtual-tool",
        "sse-not-json",
        "roots-delete-500",
        "rate-limited",
        "sqlite-locked",
        "gateway-timeout",
        "auth-expired",
        "llm-not-configured",
        "backend-unreachable",
    }


def test_only_these_excuse() -> None:
    assert {c.name for c in BUILT_INS if c.excuses} == {
        "dns-virtual-tool",
        "sse-not-json",
        "roots-delete-500",
    }


def test_a_users_file_comes_first(tmp_path: Path) -> None:
    path = put(tmp_path, OWN.replace("status = [418]", 'messages = ["is locked"]'))
    locked = failure("POST /tools", "database is locked")
    assert [load_categories(p).classify(locked).name for p in ((), (path,))] == ["sqlite-locked", "own"]  # type: ignore[union-attr]


def test_log_lines_must_agree_in_every_example_that_has_them() -> None:
    sample = next(s for c, s in EXAMPLES if c.name == "dns-virtual-tool" and s.log)
    one = sample.failure()
    both = replace(one, examples=(*one.examples, replace(one.examples[0], log=("KeyError: 'x'",))))
    assert load_categories().classify(one) is not None
    assert load_categories().classify(both) is None


def test_a_500_elsewhere_has_no_category() -> None:
    assert load_categories().classify(failure("GET /tools")) is None
    assert load_categories().classify(failure("GET /tools", problem=ProblemKind.SCHEMA, status=200)) is None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("status = [418]", 'messages = ["(["]', "category 'own': messages: '(['"),
        ("status = [418]", 'logs = ["*"]', "category 'own': logs: '*'"),
        ("status = [418]", 'operations = ["GET *"]', "excuses every failure"),
        ('name = "own"', 'name = "Not Good"', "category 'Not Good': name"),
        ("status = [418]", "statuses = [418]", "statuses"),
        ('fault = "environment"', 'fault = "unknown"', "fault"),
        ("status = [418]", "status = [418]\n" + OWN.strip(), "appears twice"),
        (
            "status = [418]",
            'status = [418]\nexamples = [{operation="GET /a", problem="status", status=500, message=""}]',
            "number 1 is not recognised",
        ),
        (
            "status = [418]",
            'status = [418]\ncounter-examples = [{operation="GET /a", problem="status", status=418, message=""}]',
            "number 1 is recognised",
        ),
    ],
)
def test_a_bad_file_is_reported_in_one_line(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = put(tmp_path, OWN.replace(old, new))
    with pytest.raises(UsageError) as caught:
        load_categories([path])
    assert str(path) in str(caught.value)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("version", "excused"), [("0.9", True), ("1.0.6", True), ("3.0", False)])
def test_a_category_for_some_versions_excuses_nothing_on_others(version: str, excused: bool) -> None:
    found = load_categories().on(Version(version)).classify(failure("DELETE /roots/{uri}"))
    assert found is not None
    assert (found.name, found.excuses) == ("roots-delete-500", excused)


def test_it_excuses_failures_of_a_gateway_whose_version_is_unknown() -> None:
    found = load_categories().on(None).classify(failure("DELETE /roots/{uri}"))
    assert found is not None
    assert found.excuses
