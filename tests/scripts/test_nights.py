"""The history of a soak: a night is added, the length is bounded, and the table shows the changes."""

import json
from pathlib import Path
from typing import Any

import nights
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from nights import MOST_NIGHTS, SHOWN, Night, add_night, read_history, trend

ENVIRONMENT = {
    "GITHUB_RUN_ID": "100",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "o/r",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def night(run: int, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "run": run,
        "date": "2026-03-01",
        "verdict": "pass",
        "new": 0,
        "correct": 440,
        "total": 468,
        "error_rate": 0.01,
        "p95": 200.0,
        "memory": "stable",
        "memory_slope": 1024.0,
    }
    return usual | changes


def stored(directory: Path, content: Any) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / "history.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def verdict(directory: Path, **changes: Any) -> Path:
    directory.mkdir(exist_ok=True)
    usual: dict[str, Any] = {
        "verdict": "fail",
        "counts": {"new": 2, "expired": 1},
        "operations_succeeded": 383,
        "operations_total": 468,
        "operations": {"succeeded": 383, "drift": 60, "missed": 1},
        "requests": 1000,
        "failed_requests": 25,
        "latency_ms": {"p95": 250.4},
        "growth": [
            {"metric": "rss", "of": "gunicorn 4711", "trend": "stable", "slope": 1.0},
            {"metric": "rss", "of": "all processes", "trend": "growing", "slope": 5 * 2**20},
        ],
    }
    (directory / "verdict.json").write_text(json.dumps(usual | changes))
    return directory


def test_a_night_is_added_and_shown_with_its_changes(tmp_path: Path) -> None:
    stored(tmp_path / "last", [night(99)])
    table = add_night(verdict(tmp_path / "reports"), tmp_path / "last", ENVIRONMENT)
    kept = read_history(tmp_path / "reports" / "history.json")
    assert [one.run for one in kept] == [99, 100]
    assert kept[1].error_rate == 0.025
    first, second = table.splitlines()[4:]
    for words in (
        "/o/r/actions/runs/100)",
        ":x: fail | 3 |",
        "250 ms (+50)",
        "2.50 % (+1.50)",
        "growing (+5.0 MiB/h)",
        "443/468 (+3)",
    ):
        assert words in first, words
    assert "| 200 ms | 1.00 % | stable (+0.0 MiB/h) | 440/468 |" in second
    assert str(MarkdownIt("gfm-like", {"linkify": False}).render(table)).count("<tr>") == 3


def test_the_first_night(tmp_path: Path) -> None:
    table = add_night(verdict(tmp_path / "reports", growth=None), tmp_path / "none", ENVIRONMENT)
    assert table.splitlines()[0] == "### The first night"
    assert "| 250 ms | 2.50 % |  | 443/468 |" in table


def test_a_night_without_a_verdict_is_added(tmp_path: Path) -> None:
    table = add_night(tmp_path / "reports", tmp_path / "last", ENVIRONMENT)
    assert ":grey_question: no verdict" in table
    assert [one.verdict for one in read_history(tmp_path / "reports" / "history.json")] == ["no verdict"]


def test_a_history_without_correct_operations_shows_no_change(tmp_path: Path) -> None:
    earlier = {key: value for key, value in night(99).items() if key != "correct"}
    stored(tmp_path / "last", [earlier])
    first, second = add_night(verdict(tmp_path / "reports"), tmp_path / "last", ENVIRONMENT).splitlines()[4:]
    assert first.endswith("| 443/468 |")
    assert second.endswith("|  |")


def test_the_same_run_again_is_the_same_night(tmp_path: Path) -> None:
    stored(tmp_path / "last", [night(99), night(100)])
    add_night(verdict(tmp_path / "reports"), tmp_path / "last", ENVIRONMENT)
    assert [one.run for one in read_history(tmp_path / "reports" / "history.json")] == [99, 100]


def test_it_stays_bounded(tmp_path: Path) -> None:
    stored(tmp_path / "last", [night(number, p95=100.0 + number) for number in range(1, 60)])
    table = add_night(verdict(tmp_path / "reports"), tmp_path / "last", ENVIRONMENT)
    kept = read_history(tmp_path / "reports" / "history.json")
    assert [one.run for one in kept] == [*range(60 - MOST_NIGHTS + 1, 60), 100]
    assert len(json.loads((tmp_path / "reports" / "history.json").read_bytes())) == MOST_NIGHTS
    assert len(table.splitlines()) == 4 + SHOWN
    assert f"The last {SHOWN} nights" in table
    # The changes of the oldest night in the table refer to the night before it, which is not in the table.
    assert "| 154 ms (+1) |" in table.splitlines()[-1]


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[1, null]", "[" * 100_000, "x" * (nights.LARGEST_HISTORY + 1), [night(1, date="today")]],
)
def test_invalid_history_is_empty(tmp_path: Path, content: Any) -> None:
    assert read_history(stored(tmp_path / "last", content)) == ()


def test_a_link_is_not_read(tmp_path: Path) -> None:
    path = stored(tmp_path / "last", [night(1)])
    (tmp_path / "link.json").symlink_to(path)
    assert read_history(path)
    assert read_history(tmp_path / "link.json") == ()


@given(
    st.lists(JSON | st.builds(lambda key, value: night(1) | {key: value}, st.sampled_from([*night(1)]), JSON))
)
def test_any_content_gives_a_valid_table(content: list[Any]) -> None:
    found = tuple(one for one in map(nights._night, content) if one is not None)
    assert all(isinstance(one, Night) for one in found)
    shown = str(MarkdownIt("gfm-like", {"linkify": False}).render(trend(found, "https://github.example/o/r")))
    assert shown.count("<tr>") == 1 + min(SHOWN, len(found))
    assert shown.count("<a ") == min(SHOWN, len(found))
