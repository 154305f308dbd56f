"""Check the parts of a release: ``python scripts/github/release_check.py TAG DIST NOTES``.

The tag must be ``v`` and the version of the package, CHANGELOG.md must have a dated section of that version, and DIST
must contain one wheel and one sdist of it, each with valid metadata and every file of the package. The section is
written to NOTES, as the text of the release. If there are problems, each is one line and the exit code is 1.
"""

import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.metadata import Metadata

import loadtest

ROOT = Path(__file__).parents[2]
NAME = "contextforge-loadtest"
_FILE = NAME.replace("-", "_")


def release_notes(changelog: str, version: str) -> str | None:
    """Return the dated section of ``version``, without its heading, or None if there is none."""
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d{{2}}-\d{{2}}$"
    found = re.search(rf"{heading}\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() + "\n" if found and found[1].strip() else None


def package_files(root: Path) -> set[str]:
    """Return the files of the package in a checkout, as paths from ``root``."""
    return {
        path.relative_to(root).as_posix()
        for path in (root / "loadtest").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def read_wheel(path: Path) -> dict[str, bytes]:
    """Return the files of a wheel; its metadata under ``METADATA``."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return {re.sub(r"^[^/]+\.dist-info/METADATA$", "METADATA", name): data for name, data in files.items()}


def read_sdist(path: Path) -> dict[str, bytes]:
    """Return the files of an sdist without its top directory; its metadata under ``METADATA``."""
    with tarfile.open(path) as archive:
        files = {
            member.name.partition("/")[2]: file.read()
            for member in archive
            if (file := archive.extractfile(member)) is not None
        }
    return {"METADATA" if name == "PKG-INFO" else name: data for name, data in files.items()}


def distribution_problems(files: Mapping[str, bytes], version: str, expected: set[str]) -> Iterator[str]:
    """Yield the problems of one wheel or sdist."""
    try:
        metadata = Metadata.from_email(files.get("METADATA", b""), validate=True)
    except ExceptionGroup as group:
        yield f"invalid metadata: {'; '.join(str(error) for error in group.exceptions)}"
    else:
        if (metadata.name, str(metadata.version)) != (NAME, version):
            yield f"metadata of {metadata.name} {metadata.version}, expected {NAME} {version}"
        if not metadata.description:
            yield "no description"
    for missing in sorted(expected - files.keys()):
        yield f"missing {missing}"


def problems(tag: str, version: str, changelog: str, dist: Path, expected: set[str]) -> Iterator[str]:
    """Yield the problems of a release of ``version``, one line each."""
    if tag != f"v{version}":
        yield f"tag {tag!r}: expected v{version}, the version in loadtest/__init__.py"
    if release_notes(changelog, version) is None:
        yield f"CHANGELOG.md: expected a section '## [{version}] - YYYY-MM-DD' with text"
    readers = {f"{_FILE}-{version}-py3-none-any.whl": read_wheel, f"{_FILE}-{version}.tar.gz": read_sdist}
    found = {path.name: path for path in dist.glob("*")}
    for name in sorted(found.keys() - readers.keys()):
        yield f"{dist.name}/{name}: not part of this release"
    for name, read in readers.items():
        if name not in found:
            yield f"{dist.name}/{name}: missing"
            continue
        for problem in distribution_problems(read(found[name]), version, expected):
            yield f"{dist.name}/{name}: {problem}"


def main() -> int:
    """Check the release given on the command line and write its notes."""
    if len(sys.argv) != 4:
        print("usage: release_check.py TAG DIST NOTES", file=sys.stderr)
        return 2
    tag, dist, notes = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    changelog = (ROOT / "CHANGELOG.md").read_text()
    found = list(problems(tag, loadtest.__version__, changelog, dist, package_files(ROOT)))
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        return 1
    notes.write_text(release_notes(changelog, loadtest.__version__) or "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
