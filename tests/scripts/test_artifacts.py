"""Files of other jobs are read safely: no link is followed, nothing blocks, and there is no traceback."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import artifacts
import github_report
import pytest
from artifacts import folders, read_bytes, read_json, read_text
from fake_github import FakeGitHub
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import read_history
from publish_comment import comment
from pull_request import RefusedError, read_file
from verdicts import SIGNS, read_report, read_reports

SCRIPTS = Path(artifacts.__file__).parent
GOOD = {
    "verdict": "fail",
    "counts": {"new": 1},
    "failing": 2,
    "excused": 3,
    "operations_succeeded": 4,
    "operations_total": 5,
    "requests": 6,
    "failed_requests": 7,
    "latency_ms": {"p95": 1.5},
    "findings": [{"check": "a-check", "severity": "failure"}],
    "growth": [{"metric": "rss", "of": "all processes", "trend": "growing", "slope": 1.0}],
    "new_failures": [{"operation": "GET /a", "problem": "status", "status": 500, "message": "m", "count": 1}],
}
WRONG: tuple[Any, ...] = (None, True, 1, -1, 1e308, "x", [], {}, [[]], [{}], {"p95": []}, [None], {"a": {}})


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    if not path:
        return wrong
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], wrong)
    return copy


def put(directory: Path, document: Any) -> Path:
    folder = directory / "reports-3.0.7"
    folder.mkdir(exist_ok=True)
    (folder / "verdict.json").write_text(json.dumps(document))
    return directory


@pytest.mark.parametrize("place", places(GOOD), ids=lambda place: ".".join(map(str, place)) or "all")
def test_a_wrong_type_gives_no_traceback(place: tuple[Any, ...], tmp_path: Path) -> None:
    for wrong in WRONG:
        directory = put(tmp_path, changed(GOOD, place, wrong))
        reports = read_reports(directory)
        assert comment(reports, "https://github.example/runs/1", "c0ffee").startswith("<!--")
        assert len(reports) == (place not in ((), ("verdict",)))
        assert set(github_report.outputs(directory / "reports-3.0.7")) >= {"verdict", "new-failures"}


@settings(max_examples=100)
@given(
    st.binary(max_size=200)
    | st.sampled_from(list(SIGNS)).map(lambda word: json.dumps({"verdict": word}).encode())
)
def test_arbitrary_bytes_give_no_traceback(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in ("verdict.json", "history.json", "annotations.txt", "summary.md"):
        (folder / name).write_bytes(data)
    read_report(folder, "name")
    read_history(folder / "history.json")
    github_report.outputs(folder)
    github_report.annotations(folder)
    github_report.summary(folder)


def link(path: Path, secret: Path) -> None:
    path.symlink_to(secret)


def linked_folder(path: Path, secret: Path) -> None:
    path.parent.rmdir()
    (secret.parent / path.name).write_bytes(secret.read_bytes())
    path.parent.symlink_to(secret.parent)


def fifo(path: Path, _: Path) -> None:
    os.mkfifo(path)


def directory(path: Path, _: Path) -> None:
    path.mkdir()


def too_large(path: Path, secret: Path) -> None:
    path.write_bytes(secret.read_bytes() + b" " * 100)


def missing(_: Path, __: Path) -> None:
    """Create no file."""


@pytest.mark.parametrize("make", [link, linked_folder, fifo, directory, too_large, missing])
def test_only_small_regular_files_are_read(make: Callable[[Path, Path], None], tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / "secret"
    secret.parent.mkdir()
    secret.write_text(json.dumps(GOOD))
    path = tmp_path / "artifact" / "verdict.json"
    path.parent.mkdir()
    make(path, secret)
    size = len(secret.read_bytes())
    assert read_bytes(path, size) is None
    assert read_text(path, size) is None
    assert read_json(path, size) is None
    if make is not too_large:
        assert read_report(path.parent, "name") is None
        assert github_report.outputs(path.parent)["verdict"] == "inconclusive"
        with pytest.raises(RefusedError):
            read_file(path)
    assert read_json(secret, size) == GOOD


def test_folders_that_are_links_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "c").write_text("")
    assert list(folders(tmp_path)) == [tmp_path / "a"]
    assert list(folders(tmp_path / "none")) == []


def test_scripts_read_artifacts_only_this_way() -> None:
    """Only files that GitHub or this repository wrote are read directly."""
    allowed = {
        "bootstrap.py",
        "document_commands.py",
        "document_faults.py",
        "release_check.py",
        "screenshots.py",
        "soak_matrix.py",
        "publish_comment.py",
    }
    found = {
        path.name for path in SCRIPTS.glob("*.py") if re.search(r"\.read_(bytes|text)\(", path.read_text())
    }
    assert found <= allowed, found - allowed
    direct = re.findall(r".*\.read_(?:bytes|text)\(.*", (SCRIPTS / "publish_comment.py").read_text())
    assert all("GITHUB_EVENT_PATH" in line for line in direct)


def event(path: Path, **run: Any) -> Path:
    usual = {
        "id": 7,
        "head_sha": "c0ffee",
        "head_branch": "b",
        "head_repository": {"owner": {"login": "user"}},
    }
    path.write_text(json.dumps({"workflow_run": usual | run}))
    return path


@pytest.mark.parametrize(
    ("run", "code", "output"),
    [
        ({"head_repository": None}, 0, "nothing to report"),
        ({"head_repository": {"owner": None}}, 0, "nothing to report"),
        ({"head_branch": None}, 0, "nothing to report"),
        ({"head_repository": 3}, 1, "GitHub: unexpected data: "),
    ],
)
def test_a_deleted_fork_is_ignored(
    hub: FakeGitHub, tmp_path: Path, run: dict[str, Any], code: int, output: str
) -> None:
    put(tmp_path, GOOD)
    environment = hub.environment | {"GITHUB_EVENT_PATH": str(event(tmp_path / "event.json", **run))}
    done = subprocess.run(
        [sys.executable, SCRIPTS / "publish_comment.py", tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    assert output in done.stdout + done.stderr
    assert len((done.stdout + done.stderr).strip().splitlines()) == 1
