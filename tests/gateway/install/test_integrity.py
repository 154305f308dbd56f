"""Which files of an installed gateway are not as in its package."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from loadtest.gateway.install.integrity import SHOWN, changed_files, reinstalled

FILES = {"mcpgateway/main.py": "run()\n", "mcpgateway/static/admin.js": "go()\n", "mcpgateway/empty.py": ""}


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """The installed packages of an environment with a gateway."""
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    lines = ["mcp_contextforge_gateway-1.2.3.dist-info/RECORD,,", "mcpgateway/main.cpython-311.pyc,,"]
    for name, text in FILES.items():
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(text)}")
    metadata = packages / "mcp_contextforge_gateway-1.2.3.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mcp-contextforge-gateway\nVersion: 1.2.3\n"
    )
    (metadata / "RECORD").write_text("\n".join(lines) + "\n")
    return packages


def test_an_installed_package_is_unchanged(packages: Path, tmp_path: Path) -> None:
    (packages / "mcpgateway" / "main.cpython-311.pyc").write_bytes(b"compiled")
    (packages / "mcpgateway" / "added.py").write_text("of another package")
    assert changed_files(tmp_path) == ()


@pytest.mark.parametrize("name", FILES)
def test_a_changed_and_a_missing_file(packages: Path, tmp_path: Path, name: str) -> None:
    (packages / name).write_text("changed")
    assert changed_files(tmp_path) == (name,)
    (packages / name).unlink()
    assert changed_files(tmp_path) == (name,)


def test_no_gateway_has_no_changed_files(tmp_path: Path) -> None:
    assert changed_files(tmp_path) == ()


def test_the_note_names_a_few_files() -> None:
    assert "1 installed file differed from the package (a)" in reinstalled(("a",))
    many = tuple("abcdef")
    assert f"6 installed files differed from the package ({', '.join(many[:SHOWN])}, …)" in reinstalled(many)
