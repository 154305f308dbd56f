from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from loadtest.core.errors import UsageError
from loadtest.scenarios.modules import scenario_modules
from loadtest.scenarios.source import read_sources


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


def found(folder: Path, files: Mapping[str, str]) -> set[str]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (source,) = read_sources(["mine"])
    return {str(path.relative_to(folder)) for _, path in scenario_modules(source)}


OURS = "from loadtest.users import task\n"
FOREIGN = {
    "__main__.py": "raise SystemExit\n",
    "generate.py": "import sqlalchemy\nfrom .utils.progress import Tracker\n",
    "utils/progress.py": "import absent\n",
    "my-script.py": "",
    "old_python.py": "print 'loadtest'\n",
    "similar.py": "import loadtests\nfrom loadtest_tools import x\n",
}


def test_modules_of_other_programs_are_not_imported(folder: Path) -> None:
    assert found(folder, {**FOREIGN, "widgets.py": OURS}) == {"widgets.py"}


@pytest.mark.parametrize(
    "text",
    [
        "from loadtest.users import task\n",
        "import loadtest.users as users\n",
        "def late():\n    import loadtest\n",
        "from loadtest.user import task\n",
        # An error, which must not make the scenarios disappear.
        "from loadtest.users import task\n\ndef f(:\n",
        "from .base import BaseUser\n",
        "from . import base\n",
        "from .middle import BaseUser\n",
        "import scenarios_1_mine.base\n",
    ],
)
def test_a_module_of_ours(folder: Path, text: str) -> None:
    others = {"base.py": OURS, "middle.py": "from .base import BaseUser\n"}
    assert found(folder, {**FOREIGN, **others, "widgets.py": text}) == {"widgets.py", *others}


def test_a_package_of_ours(folder: Path) -> None:
    files = {
        "deep/__init__.py": OURS,
        "deep/one.py": "from . import task\n",
        "two.py": "from .deep import one\n",
    }
    assert found(folder, files) == set(files)


def test_a_file_that_is_named_alone_is_ours(folder: Path) -> None:
    (folder / "widgets.py").write_text("x = 1\n")
    (source,) = read_sources(["mine/widgets.py"])
    assert [path.name for _, path in scenario_modules(source)] == ["widgets.py"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "notes.txt",
            "",
            "--scenarios mine: contains no module that imports loadtest.users, expected a file such",
        ),
        (
            "generate.py",
            "",
            "--scenarios mine: contains no module that imports loadtest.users, expected a file such",
        ),
        ("my-widgets.py", OURS, "mine/my-widgets.py: 'my-widgets' is no name of a module, expected letters"),
    ],
)
def test_a_directory_without_scenarios_is_one_line(folder: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(words)}"):
        found(folder, {name: text})
