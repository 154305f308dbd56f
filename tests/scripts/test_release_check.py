"""A release is rejected unless tag, changelog, wheel and sdist agree."""

import io
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import release_check

VERSION = "1.2.0"
FILES = {"loadtest/__init__.py", "loadtest/data.toml"}
METADATA = "Metadata-Version: 2.4\nName: contextforge-loadtest\nVersion: 1.2.0\n\nA load test.\n"
CHANGELOG = """# Changes

## [Unreleased]

- Not yet.

## [1.2.0] - 2026-11-28

### Added

- A feature.

## [1.1.9] - 2026-10-01

- An older one.
"""


def make_wheel(dist: Path, version: str = VERSION, metadata: str = METADATA, files: set[str] = FILES) -> None:
    with zipfile.ZipFile(dist / f"contextforge_loadtest-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"contextforge_loadtest-{version}.dist-info/METADATA", metadata)
        for name in files:
            archive.writestr(name, "")


def make_sdist(dist: Path, version: str = VERSION, metadata: str = METADATA, files: set[str] = FILES) -> None:
    top = f"contextforge_loadtest-{version}"
    with tarfile.open(dist / f"{top}.tar.gz", "w:gz") as archive:
        for name, text in {"PKG-INFO": metadata, **dict.fromkeys(files, "")}.items():
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    directory = tmp_path / "dist"
    directory.mkdir()
    return directory


def problems(dist: Path, tag: str = f"v{VERSION}", changelog: str = CHANGELOG) -> list[str]:
    return list(release_check.problems(tag, VERSION, changelog, dist, FILES))


def test_a_whole_release_has_no_problem(dist: Path) -> None:
    make_wheel(dist)
    make_sdist(dist)
    assert problems(dist) == []


def test_the_notes_are_the_section_of_the_version() -> None:
    assert release_check.release_notes(CHANGELOG, VERSION) == "### Added\n\n- A feature.\n"
    assert release_check.release_notes(CHANGELOG, "1.1.9") == "- An older one.\n"


@pytest.mark.parametrize(
    "changelog",
    [
        "## [1.2.0] - Unreleased\n\n- A feature.\n",
        "## [1.2.0]\n\n- A feature.\n",
        "## [1x2.0] - 2026-11-28\n\n- A feature.\n",
        "## [1.2.0] - 2026-11-28\n\n## [1.1.9] - 2026-10-01\n\n- A feature.\n",
    ],
)
def test_a_section_without_a_date_or_text_is_rejected(dist: Path, changelog: str) -> None:
    make_wheel(dist)
    make_sdist(dist)
    (problem,) = problems(dist, changelog=changelog)
    assert problem.startswith("CHANGELOG.md: expected a section")


@pytest.mark.parametrize("tag", ["", "1.2.0", "v1.2", "v1.2.0rc1", "v1.3.0"])
def test_another_tag_is_rejected(dist: Path, tag: str) -> None:
    make_wheel(dist)
    make_sdist(dist)
    assert problems(dist, tag=tag) == [f"tag {tag!r}: expected v1.2.0, the version in loadtest/__init__.py"]


@pytest.mark.parametrize(("make", "other"), [(make_wheel, make_sdist), (make_sdist, make_wheel)])
@pytest.mark.parametrize(
    ("metadata", "files", "problem"),
    [
        (METADATA, {"loadtest/__init__.py"}, "missing loadtest/data.toml"),
        (
            METADATA.replace("Version: 1.2.0", "Version: 1.1.9"),
            FILES,
            "1.1.9, expected contextforge-loadtest",
        ),
        (METADATA.replace("contextforge-", "other-"), FILES, "other-loadtest 1.2.0, expected"),
        (METADATA.replace("Name: ", "Nmae: "), FILES, "invalid metadata: "),
        (METADATA.replace("A load test.\n", ""), FILES, "no description"),
    ],
)
def test_a_faulty_distribution_is_rejected(
    dist: Path,
    make: Callable[..., None],
    other: Callable[[Path], None],
    metadata: str,
    files: set[str],
    problem: str,
) -> None:
    make(dist, metadata=metadata, files=files)
    other(dist)
    (found,) = problems(dist)
    assert problem in found


def test_missing_and_foreign_files_are_rejected(dist: Path) -> None:
    make_sdist(dist)
    make_wheel(dist, version="1.1.9")
    assert problems(dist) == [
        "dist/contextforge_loadtest-1.1.9-py3-none-any.whl: not part of this release",
        "dist/contextforge_loadtest-1.2.0-py3-none-any.whl: missing",
    ]


def test_a_rejected_release_writes_no_notes(
    dist: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = dist / "notes.md"
    monkeypatch.setattr(sys, "argv", ["release_check.py", "v0", str(dist), str(notes)])
    assert release_check.main() == 1
    assert not notes.exists()
    assert "tag 'v0': expected v" in capsys.readouterr().err
