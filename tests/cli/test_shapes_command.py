"""``loadtest shapes record``: merging the shapes of runs into those of a version."""

import json
import subprocess
from pathlib import Path
from typing import Any

import in_process
import pytest
from supported import NEWEST, OLDEST

from loadtest.shapes.shape import shape_of
from loadtest.shapes.stored import read_shapes, write_shapes


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / f"{NEWEST}.shapes.json"
    monkeypatch.setattr("loadtest.cli.commands.shapes.path_of", lambda _: path)
    return path


def record(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return in_process.loadtest("shapes", "record", *arguments)


def observed(path: Path, run: str, body: Any, *, gateway: str = NEWEST) -> Path:
    write_shapes(path, gateway, [run], {"GET /tools": {"200": shape_of(body)}})
    return path


def test_runs_are_merged_once_each(tmp_path: Path, stored: Path) -> None:
    one = observed(tmp_path / "a.json", "2026-01-01", {"id": "1", "note": "x"})
    two = observed(tmp_path / "b.json", "2026-01-02", {"id": "2"})
    assert record(one, two).stdout == f"{stored}: 1 operation from 2 runs, 2 new\n"
    assert record(two).stdout == f"{stored}: 1 operation from 2 runs, 0 new\n"
    assert read_shapes(stored).shapes == {
        "GET /tools": {
            "200": {
                "|": "object 2/2",
                "id": {"|": "string 2/2", "=": {'"<n>"': 2}},
                "note?": {"|": "string 1/1", "=": {'"x"': 1}},
            }
        }
    }


def test_the_file_does_not_depend_on_the_order_of_runs(tmp_path: Path, stored: Path) -> None:
    bodies: tuple[Any, ...] = ({"id": 1, "a": [1]}, {"id": "2", "b": {"x": None}}, {"id": None, "a": []})
    runs = [observed(tmp_path / f"{number}.json", str(number), body) for number, body in enumerate(bodies)]
    record(*runs)
    text = stored.read_text()
    record("--replace", *reversed(runs))
    assert stored.read_text() == text


def test_what_depends_on_the_machine_is_not_recorded(tmp_path: Path, stored: Path) -> None:
    shapes = {name: {"200": shape_of({"cores": 2})} for name in ("GET /version", "GET /versions")}
    write_shapes(tmp_path / "a.json", NEWEST, ["1"], shapes)
    record(tmp_path / "a.json")
    recorded = read_shapes(stored).shapes
    assert recorded["GET /version"]["200"].startswith("any")
    assert "cores" in recorded["GET /versions"]["200"]


def test_replace_discards_what_was_recorded(tmp_path: Path, stored: Path) -> None:
    record(observed(tmp_path / "a.json", "1", {"old": 1}))
    record("--replace", observed(tmp_path / "b.json", "2", {"new": 1}))
    assert read_shapes(stored).runs == ("2",)
    assert "old" not in stored.read_text()


def of_newest(shapes: Any) -> str:
    return json.dumps({"gateway": NEWEST, "runs": ["1"], "shapes": shapes})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not complete JSON"),
        ("{}", "missing required field"),
        ('{"gateway": "0.1", "runs": [], "shapes": {}}', "gateway: unknown version '0.1'"),
        (of_newest({"GET /a": {"200": 5}}), "GET /a: expected a shape"),
        (of_newest({"GET /a": {"200": {"|": 5}}}), "expected types"),
        (
            of_newest({"GET /a": {"200": json.loads("[" * 60 + "]" * 60)}}),
            "nested too deeply",
        ),
    ],
)
def test_a_file_that_is_none_is_reported_in_one_line(
    tmp_path: Path, stored: Path, content: str, words: str
) -> None:
    path = tmp_path / "shapes.json"
    path.write_text(content)
    done = record(path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert words in done.stderr
    assert not stored.exists()


def test_runs_of_two_versions_are_not_merged(tmp_path: Path, stored: Path) -> None:
    one, two = (observed(tmp_path / f"{name}.json", name, {}, gateway=name) for name in (NEWEST, OLDEST))
    assert "expected runs of one gateway version" in record(one, two).stderr
    assert not stored.exists()
