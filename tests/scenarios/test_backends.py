"""Backends beside custom scenarios: where they are, and their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.core.errors import UsageError
from loadtest.scenarios.backends import backend_names, backend_sources
from loadtest.scenarios.source import read_sources


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    backends = tmp_path / "backends"
    (backends / "parts").mkdir(parents=True)
    (tmp_path / "widgets.py").write_text("")
    for name in ("widgets.py", "_words.py", "parts/words.py"):
        (backends / name).write_text("")
    return tmp_path


def test_a_module_of_the_directory_is_a_backend_and_no_scenario(folder: Path) -> None:
    sources = read_sources([str(folder)])
    assert [path.name for _, path in sources[0].modules()] == ["widgets.py"]
    assert backend_names(sources, ["mcp"]) == {"widgets", "mcp"}


def test_files_of_one_directory_share_its_backends(folder: Path) -> None:
    (folder / "more.py").write_text("")
    sources = read_sources([str(folder / "widgets.py"), str(folder / "more.py")])
    assert [one.path for one in backend_sources(sources)] == [str(folder / "backends")]


def test_backends_of_two_directories_have_different_names(folder: Path) -> None:
    other = folder / "other" / "backends"
    other.mkdir(parents=True)
    (other.parent / "more.py").write_text("")
    (other / "widgets.py").write_text("")
    with pytest.raises(UsageError, match=r"other/backends/widgets\.py: the backend widgets exists already"):
        backend_names(read_sources([str(folder / "widgets.py"), str(other.parent)]))


def test_a_package_brings_them_and_a_module_of_one_does_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    name = folder.name
    (folder / "__init__.py").write_text("")
    assert backend_names(read_sources([name])) == {"widgets"}
    assert backend_names(read_sources([f"{name}.widgets"])) == set()


def test_a_module_with_the_name_of_the_directory_is_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "backends.py").write_text("")
    (source,) = read_sources([str(tmp_path)])
    assert [path.name for _, path in source.modules()] == ["backends.py"]


def test_most_scenarios_have_none(tmp_path: Path) -> None:
    (tmp_path / "widgets.py").write_text("")
    assert backend_sources(read_sources([str(tmp_path)])) == ()
