"""Every lock pins everything by hash, names no index, and agrees with the others."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
OURS = sorted((ROOT / "requirements").glob("*.lock"))
LOCKS = [*OURS, *sorted((ROOT / "loadtest" / "gateway" / "versions").glob("*.lock"))]
EACH = pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)


def pins(lock: Path) -> dict[str, tuple[str, str]]:
    """Name to version and the rest of its entry; a package may occur twice, for two platforms."""
    text = lock.read_text().replace("\\\n", " ")
    return {
        f"{match[1]} {match[2]}": (match[2], match[3])
        for match in re.finditer(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)(.*)$", text, re.M)
    }


@EACH
def test_every_line_is_a_pin_with_hashes(lock: Path) -> None:
    found = pins(lock)
    lines = [line for line in lock.read_text().splitlines() if line and not line.startswith((" ", "#"))]
    assert found
    assert len(found) == len(lines)
    for name, (_, rest) in found.items():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", rest), name


@EACH
def test_it_names_no_index(lock: Path) -> None:
    assert not re.search(r"https?:|--index|--find-links|@ ", lock.read_text())


def test_the_bootstrap_is_the_uv_that_the_environment_holds() -> None:
    bootstrap, development = (pins(ROOT / "requirements" / name) for name in ("bootstrap.lock", "dev.lock"))
    assert set(bootstrap) <= set(development)


def test_every_dependency_is_locked_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = {
        key.split()[0]: version for key, (version, _) in pins(ROOT / "requirements" / "dev.lock").items()
    }
    for text in (*project["project"]["dependencies"], *project["dependency-groups"]["dev"]):
        requirement = Requirement(text)
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), text


def test_every_gateway_version_has_its_lock() -> None:
    folder = ROOT / "loadtest" / "gateway" / "versions"
    for data in folder.glob("*.toml"):
        lock = data.with_name(f"{data.stem}.lock")
        assert f"mcp-contextforge-gateway=={data.stem} " in lock.read_text(), data.name
