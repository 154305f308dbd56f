"""Where custom scenarios are found, and how their modules are imported."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from loadtest.core.errors import UsageError
from loadtest.scenarios import source as sources
from loadtest.scenarios.data_files import categories_files, known_failures_files
from loadtest.scenarios.loading import load_modules
from loadtest.scenarios.modules import scenario_modules
from loadtest.scenarios.source import read_sources


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    modules, path = set(sys.modules), list(sys.path)
    yield
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    sys.path[:] = path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "mine"
    (folder / "more").mkdir(parents=True)
    (folder / "helpers.py").write_text("WORD = 'helped'\n")
    (folder / "widgets.py").write_text("import loadtest\nfrom .helpers import WORD\n")
    (folder / "more" / "gadgets.py").write_text("import loadtest\nfrom ..helpers import WORD\n")
    return folder


def loaded(*texts: str) -> dict[str, object]:
    return {
        name: getattr(module, "WORD", None)
        for source in read_sources(texts)
        for module, path in load_modules(source, scenario_modules(source))
        for name in [path.name]
    }


def test_modules_of_a_directory_are_imported_as_one_package(folder: Path) -> None:
    assert loaded("mine") == {"widgets.py": "helped", "gadgets.py": "helped"}
    assert not [name for name in sys.modules if name in ("widgets", "helpers", "mine")]


def test_two_directories_may_have_modules_of_the_same_name(folder: Path) -> None:
    other = folder.parent / "others"
    other.mkdir()
    (other / "helpers.py").write_text("import loadtest\n\nWORD = 'other'\n")
    (folder / "helpers.py").write_text("import loadtest\n\nWORD = 'helped'\n")
    found = [
        module.WORD
        for source in read_sources(["mine", "others"])
        for module, path in load_modules(source, scenario_modules(source))
        if path.name == "helpers.py"
    ]
    assert found == ["helped", "other"]


def test_a_start_up_module_is_optional_and_runs_first(folder: Path) -> None:
    (folder / "__init__.py").write_text("WORD = 'package'\n")
    (folder / "widgets.py").write_text("import loadtest\nfrom . import WORD\n")
    assert loaded("mine")["widgets.py"] == "package"


def test_one_file_is_imported_without_its_neighbours(folder: Path) -> None:
    assert loaded("mine/widgets.py") == {"widgets.py": "helped"}


@pytest.mark.parametrize(("name", "files"), [("pack.inner", 1), ("pack.inner.deep", 1)])
def test_a_module_has_its_own_name(folder: Path, name: str, files: int) -> None:
    inner = folder.parent / "pack" / "inner"
    inner.mkdir(parents=True)
    (inner.parent / "__init__.py").write_text("")
    (inner.parent / "first.py").write_text("")
    (inner / "deep.py").write_text("import loadtest\n\nWORD = __name__\n")
    (source,) = read_sources([name])
    found = {path.name: module.__name__ for module, path in load_modules(source, scenario_modules(source))}
    assert len(found) == files
    assert found["deep.py"] == "pack.inner.deep"


def test_installed_packages_bring_scenarios(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("acme", "mine.widgets", sources.ENTRY_POINTS)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [entry])
    (source,) = read_sources([])
    assert (source.text, source.installed) == ("mine.widgets", True)
    entry = EntryPoint("acme", "mine.absent", sources.ENTRY_POINTS)
    with pytest.raises(UsageError, match=r"^entry point acme: there is no module mine\.absent"):
        read_sources([])


WRONG = {
    "absent/": "--scenarios absent/: does not exist, expected a directory, a file or the name of a module",
    "absent.py": "--scenarios absent.py: does not exist",
    "absent": "--scenarios absent: there is no module absent",
    "no name": "--scenarios no name: expected a directory, a file or the name of a module",
}


@pytest.mark.parametrize(("text", "words"), WRONG.items(), ids=list(WRONG))
def test_a_wrong_source_is_one_line(folder: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(words)}"):
        read_sources([text])


BROKEN = {
    "import nothing_of_this_name\n": ":1: ModuleNotFoundError: No module named 'nothing_of_this_name'",
    "\ndef f(:\n": ":2: SyntaxError: invalid syntax",
    "x = 1\n\nraise ValueError('no')\n": ":3: ValueError: no",
    "from .broken_helper import x\n": "/broken_helper.py:2: ZeroDivisionError: division by zero",
}


@pytest.mark.parametrize(("text", "words"), BROKEN.items(), ids=list(BROKEN.values()))
def test_a_module_that_cannot_be_imported_is_one_line(folder: Path, text: str, words: str) -> None:
    (folder / "broken_helper.py").write_text("\nx = 1 / 0\n")
    (folder / "widgets.py").write_text(text)
    (source,) = read_sources(["mine/widgets.py"])
    with pytest.raises(UsageError) as error:
        list(load_modules(source, scenario_modules(source)))
    expected = f"mine{words}" if words.startswith("/") else f"mine/widgets.py{words}"
    assert str(error.value).startswith(expected)
    assert "\n" not in str(error.value)


def test_data_files_are_beside_the_modules(folder: Path) -> None:
    custom = read_sources(["mine", "mine/widgets.py"])
    assert known_failures_files(custom) == categories_files(custom) == ()
    (folder / "known-failures.toml").write_text("")
    (folder / "categories.toml").write_text("")
    assert known_failures_files(custom) == (folder / "known-failures.toml",)
    assert categories_files(custom) == (folder / "categories.toml",)


def test_the_same_source_counts_once(folder: Path) -> None:
    assert len(read_sources(["mine", "mine/", os.fspath(folder)])) == 1
