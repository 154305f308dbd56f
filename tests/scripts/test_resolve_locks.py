"""The locks of this project do not depend on the project around the checkout."""

from pathlib import Path

import pytest
import resolve_locks

AROUND = """
[project]
name = "around"
version = "1"
requires-python = ">=3.11"

[tool.uv]
exclude-newer = "2020-01-01T00:00:00Z"
constraint-dependencies = ["uv<0.1"]
"""


@pytest.mark.real
def test_they_are_resolved_without_the_settings_of_a_surrounding_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(AROUND)
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    monkeypatch.setenv("UV_CONSTRAINT", str(tmp_path / "missing.txt"))
    bootstrap, dev, runtime = (tmp_path / f"{name}.lock" for name in ("bootstrap", "dev", "runtime"))
    resolve_locks.resolve_bootstrap(bootstrap)
    resolve_locks.resolve_group("dev", dev, bootstrap)
    resolve_locks.resolve_group("build", runtime, dev)
    assert bootstrap.read_text().startswith("uv==")
    assert bootstrap.read_text() in dev.read_text()
    assert "\nmypy==" in dev.read_text()
    assert "\nmypy==" not in runtime.read_text()
    assert "\nlocust==" in runtime.read_text()


@pytest.mark.real
def test_a_failure_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    missing = Path("missing", "pyproject.toml")
    monkeypatch.setattr("resolve_locks.PROJECT", missing)
    monkeypatch.setattr("resolve_locks.REQUIREMENTS", tmp_path)
    assert resolve_locks.main() == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert str(missing) in line
    assert not missing.parent.exists()
