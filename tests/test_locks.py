"""Every lock pins everything by hash, names no index, and agrees with the others."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
VERSIONS = ROOT / "loadtest" / "versions"
OURS = sorted((ROOT / "requirements").glob("*.lock"))
GENERATOR = ROOT / "loadtest" / "generated" / "generator.lock"
LOCKS = [*OURS, *sorted(VERSIONS.glob("*.lock")), GENERATOR]
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
    bootstrap, runtime = (pins(ROOT / "requirements" / name) for name in ("bootstrap.lock", "runtime.lock"))
    assert set(bootstrap) <= set(runtime)


def test_a_load_test_runs_with_the_packages_that_developers_test() -> None:
    names = ("runtime.lock", "base.lock", "dev.lock")
    runtime, base, development = (pins(ROOT / "requirements" / name) for name in names)
    assert set(runtime) < set(base) < set(development)
    for name, (_, rest) in base.items():
        hashes = set(re.findall(r"sha256:\w+", rest))
        for other in (runtime, development):
            assert name not in other or hashes == set(re.findall(r"sha256:\w+", other[name][1])), name


def test_only_a_comparison_with_a_base_needs_scipy() -> None:
    base, runtime = (pins(ROOT / "requirements" / name) for name in ("base.lock", "runtime.lock"))
    assert {name.split()[0] for name in set(base) - set(runtime)} == {"scipy"}


def test_every_dependency_is_locked_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    extras = project["project"]["optional-dependencies"].values()
    runtime = [
        *project["project"]["dependencies"],
        *(text for extra in extras for text in extra),
        *groups["build"],
    ]
    for lock, texts in (
        ("runtime", runtime),
        ("base", [*runtime, *groups["base"]]),
        ("dev", [*runtime, *groups["base"], *groups["dev"]]),
    ):
        found = pins(ROOT / "requirements" / f"{lock}.lock")
        locked = {key.split()[0]: version for key, (version, _) in found.items()}
        for text in texts:
            if isinstance(text, str):
                requirement = Requirement(text)
                assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), text


def test_every_gateway_version_has_its_lock() -> None:
    found = sorted(VERSIONS.glob("*.toml"))
    assert found
    for data in found:
        lock = data.with_name(f"{data.stem}.lock")
        assert f"mcp-contextforge-gateway=={data.stem} " in lock.read_text(), data.name
