"""The last night that passed becomes the baseline, and nothing else is read from an archive."""

import io
import json
import urllib.error
import zipfile
from pathlib import Path
from typing import Any

import last_night
import pytest
from fake_github import FakeGitHub
from hypothesis import given
from hypothesis import strategies as st
from last_night import fetch, unpacked
from sample_runs import clean

from loadtest.results.run import read_run, write_run

NAME = "soak-3.0.7-sqlite"


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return packed.getvalue()


def run_json(tmp_path: Path) -> bytes:
    path = tmp_path / "made.json"
    write_run(clean(), path)
    return path.read_bytes()


def night(
    hub: FakeGitHub, run: int, files: dict[str, bytes] | bytes, *, name: str = NAME, **changes: Any
) -> None:
    """Add an older night; the number of its artifact is that of its run plus 1,000."""
    hub.runs.append(run)
    data = files if isinstance(files, bytes) else archive(files)
    entry = {"id": run + 1000, "name": name, "expired": False, "size_in_bytes": len(data)}
    hub.artifacts[run] = [entry | changes]
    hub.archives[run + 1000] = data


PASS, FAIL = b'{"verdict": "pass"}', b'{"verdict": "fail"}'


@pytest.fixture
def environment(hub: FakeGitHub) -> dict[str, str]:
    return hub.environment | {"ARTIFACT": NAME, "WORKFLOW": "nightly-soak.yml"}


def test_the_last_night_is_the_baseline(hub: FakeGitHub, environment: dict[str, str], tmp_path: Path) -> None:
    history = b'[{"run": 99}]'
    night(hub, 100, {"run.json": b"our own, which goes on"})
    night(hub, 99, {"run.json": run_json(tmp_path), "verdict.json": PASS, "history.json": history})
    night(hub, 98, {"run.json": b"never asked for", "verdict.json": PASS})
    target = tmp_path / "last"
    assert fetch(target, environment) == target / "run.json"
    assert read_run(target / "run.json") == clean()
    assert (target / "history.json").read_bytes() == history
    assert hub.tokens["/repos/o/r/actions/artifacts/1099/zip"] == "Bearer t"
    assert hub.tokens["/elsewhere/1099"] is None, "our token is for GitHub alone"
    assert "/elsewhere/1098" not in hub.tokens
    assert "/elsewhere/1100" not in hub.tokens


def test_a_night_that_failed_provides_the_history_but_no_baseline(
    hub: FakeGitHub, environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    night(hub, 99, {"run.json": b"x", "verdict.json": FAIL, "history.json": b"[99]"})
    night(hub, 98, {"run.json": run_json(tmp_path), "verdict.json": PASS, "history.json": b"[98]"})
    target = tmp_path / "last"
    assert fetch(target, environment) == target / "run.json"
    assert (target / "history.json").read_bytes() == b"[99]"
    assert "run 99: did not pass" in capsys.readouterr().out


def test_a_run_in_another_format_is_skipped(
    hub: FakeGitHub, environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = json.loads(run_json(tmp_path)) | {"format": "contextforge-loadtest/run/2"}
    night(hub, 99, {"run.json": json.dumps(other).encode(), "verdict.json": PASS})
    night(hub, 98, {"verdict.json": PASS})
    assert fetch(tmp_path / "last", environment) is None
    assert not (tmp_path / "last" / "run.json").exists()
    printed = capsys.readouterr().out
    assert "run 99: cannot be used as a baseline" in printed
    assert "run 98: cannot be used as a baseline" in printed
    assert "no earlier night can be used as a baseline" in printed


@pytest.mark.parametrize(
    ("changes", "asked"), [({"expired": True}, False), ({"size_in_bytes": 10**9}, False), ({}, True)]
)
def test_what_is_not_downloaded(
    hub: FakeGitHub, environment: dict[str, str], tmp_path: Path, changes: dict[str, Any], asked: bool
) -> None:
    night(hub, 99, {"run.json": run_json(tmp_path), "verdict.json": PASS}, **changes)
    assert (fetch(tmp_path / "last", environment) is not None) is asked
    assert ("/elsewhere/1099" in hub.tokens) is asked


def test_an_archive_with_a_wrong_declared_size(
    hub: FakeGitHub,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(last_night, "LARGEST_ARCHIVE", 1_000)
    night(hub, 99, b"x" * 1_001, size_in_bytes=10)
    assert fetch(tmp_path / "last", environment) is None
    assert "more than 1000 bytes: skipped" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["file:///etc/hostname", "ftp://127.0.0.1/x", "/relative", ""])
def test_a_redirect_to_another_scheme_is_not_followed(
    hub: FakeGitHub, environment: dict[str, str], tmp_path: Path, place: str
) -> None:
    night(hub, 99, {"run.json": run_json(tmp_path), "verdict.json": PASS})
    hub.places[1099] = place
    with pytest.raises(urllib.error.HTTPError, match="302"):
        fetch(tmp_path / "last", environment)


def test_the_first_night(hub: FakeGitHub, environment: dict[str, str], tmp_path: Path) -> None:
    assert fetch(tmp_path / "last", environment) is None
    night(hub, 99, {"run.json": b""}, name="soak-of-another")
    assert fetch(tmp_path / "last", environment) is None


def test_only_three_files_at_the_top_level_are_read() -> None:
    files = {
        "../run.json": b"1",
        "/run.json": b"2",
        "deep/run.json": b"3",
        "gateway.log": b"4",
        "history.json": b"5",
    }
    assert unpacked(archive(files)) == {"history.json": b"5"}


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(last_night.FILES, "run.json", 1_000)
    assert unpacked(archive({"run.json": b"0" * 1_000}))
    with pytest.raises(ValueError, match=r"run\.json has more than 1000 bytes"):
        unpacked(archive({"run.json": b"0" * 10_000_000}))


def test_a_bomb_with_a_wrong_declared_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(last_night.FILES, "run.json", 1_000)
    honest = archive({"run.json": b"0" * 5_000})
    lying = honest.replace((5_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != honest
    with pytest.raises(ValueError, match=r"not a readable archive|more than"):
        unpacked(lying)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda noise: archive({"run.json": noise})[:-7]))
def test_noise_is_rejected_or_harmless(noise: bytes) -> None:
    try:
        found = unpacked(noise)
    except ValueError:
        return
    assert set(found) <= set(last_night.FILES)


def test_the_output(
    hub: FakeGitHub, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "output"
    for name, value in (environment | {"GITHUB_OUTPUT": str(output)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["last_night.py", str(tmp_path / "last")])
    assert last_night.main() == 0
    assert not output.exists()
    night(hub, 99, {"run.json": run_json(tmp_path), "verdict.json": PASS})
    assert last_night.main() == 0
    assert output.read_text() == f"run-args=--baseline {tmp_path / 'last' / 'run.json'}\n"


def test_without_github_there_is_no_baseline(
    hub: FakeGitHub,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in (environment | {"GITHUB_API_URL": f"{hub.url}/gone"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["last_night.py", str(tmp_path / "last")])
    assert last_night.main() == 0
    assert "::warning::the run of the last night cannot be downloaded" in capsys.readouterr().out
