"""Build the documentation as a website: ``python scripts/docs/website.py DIRECTORY``.

The pages are those of ``docs/``, with the README as landing page. Links to other files of the repository lead to its
address. A warning of MkDocs, such as a broken link, is an error.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from loadtest.core.errors import LoadTestError
from loadtest.gateway.install.uv import run_uv

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "https://github.com/OWNER/REPOSITORY/blob/main/"
TOP = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md"}
"""Pages in the root of the repository, and their names on the site."""
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def pages(target: Path) -> None:
    """Write the Markdown of the site into the directory ``target``."""
    shutil.copytree(ROOT / "docs", target, dirs_exist_ok=True)
    for source, name in TOP.items():
        (target / name).write_text((ROOT / source).read_text(encoding="utf-8"), encoding="utf-8")
    for page in target.rglob("*.md"):
        origin = ROOT if page.name in TOP.values() else ROOT / "docs"
        text = page.read_text(encoding="utf-8")
        page.write_text(relinked(text, origin), encoding="utf-8")


def relinked(text: str, origin: Path) -> str:
    """Return the Markdown ``text`` of a page in the directory ``origin`` with the links of the site."""
    return _LINK.sub(lambda found: link(found[1], origin), text)


def link(target: str, origin: Path) -> str:
    """Return the link of the site to ``target``, as written in a page in the directory ``origin``."""
    path = (origin / target).resolve()
    if not path.is_relative_to(ROOT):
        return target
    inside = path.relative_to(ROOT).as_posix()
    if inside in TOP:
        return TOP[inside]
    return inside.removeprefix("docs/") if inside.startswith("docs/") else REPOSITORY + inside


def build(target: Path) -> None:
    """Build the site into the directory ``target``, with the packages of ``requirements/site.lock``.

    Raises:
        InstallError: they cannot be installed.
        CalledProcessError: MkDocs reported an error or a warning.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        run_uv(["venv", "--quiet", "--python", sys.executable, str(environment)])
        lock = ROOT / "requirements" / "site.lock"
        python = environment / "bin" / "python"
        run_uv(["pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(lock)])
        source = Path(folder) / "docs"
        pages(source)
        configuration = Path(folder) / "mkdocs.yml"
        configuration.write_text((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), encoding="utf-8")
        command = [str(python), "-m", "mkdocs", "build", "--strict", "--quiet"]
        # The theme would advertise its successor.
        quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
        files = ["--config-file", str(configuration), "--site-dir", str(target.resolve())]
        subprocess.run([*command, *files], check=True, env=quiet)


def main() -> int:
    """Build the site into the directory given on the command line."""
    if len(sys.argv) != 2:
        print("usage: website.py DIRECTORY", file=sys.stderr)
        return 2
    try:
        build(Path(sys.argv[1]))
    except LoadTestError as error:
        print(f"make site: {error}", file=sys.stderr)
        return int(error.exit_code)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
