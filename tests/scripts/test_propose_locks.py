"""New locks become a pull request that lists what changed, and only pins and hashes are proposed."""

from pathlib import Path

import pytest
from fake_github import FakeGitHub
from propose_locks import changes, propose
from pull_request import RefusedError

ROOT = Path(__file__).parents[2]


def lock(**versions: str) -> str:
    return "".join(
        f"{name}=={version} \\\n    --hash=sha256:{'0' * 64}\n" for name, version in versions.items()
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout" / "requirements"
    folder.mkdir(parents=True)
    for name in ("bootstrap", "runtime", "base", "site"):
        (folder / f"{name}.lock").write_text(lock(uv="0.1"))
    (folder / "dev.lock").write_text(lock(click="8.0", uv="0.1"))
    return folder.parent


@pytest.fixture
def made(tmp_path: Path) -> Path:
    directory = tmp_path / "made"
    directory.mkdir()
    for name in ("bootstrap", "runtime", "base", "site"):
        (directory / f"{name}.lock").write_text(lock(uv="0.2"))
    (directory / "dev.lock").write_text(lock(click="8.0", uv="0.2", rich="14.0"))
    return directory


def test_a_pull_request_lists_what_changed(hub: FakeGitHub, checkout: Path, made: Path) -> None:
    assert propose(made, hub.environment, checkout) == "created branch locks, opened pull request 7"
    (tree,) = hub.trees
    assert {one["path"]: one["content"] for one in tree["tree"]} == {
        "requirements/bootstrap.lock": lock(uv="0.2"),
        "requirements/runtime.lock": lock(uv="0.2"),
        "requirements/base.lock": lock(uv="0.2"),
        "requirements/site.lock": lock(uv="0.2"),
        "requirements/dev.lock": lock(click="8.0", uv="0.2", rich="14.0"),
    }
    (pull,) = hub.pulls
    rows = [line for line in pull["body"].splitlines() if line.startswith("| `")]
    assert rows == ["| `rich` | - | 14.0 |", "| `uv` | 0.1 | 0.2 |"]


def test_an_open_pull_request_is_updated_and_a_merged_one_followed_by_another(
    hub: FakeGitHub, checkout: Path, made: Path
) -> None:
    propose(made, hub.environment, checkout)
    assert propose(made, hub.environment, checkout) == "updated branch locks, updated pull request 7"
    hub.pulls[0]["state"] = "closed"
    assert propose(made, hub.environment, checkout).startswith("updated branch locks, opened pull request ")


def test_without_a_new_version_nothing_is_written(hub: FakeGitHub, checkout: Path) -> None:
    assert propose(checkout / "requirements", hub.environment, checkout) == "no package has a new version"
    assert hub.written == []


def test_the_locks_of_this_repository_could_be_proposed(hub: FakeGitHub, checkout: Path) -> None:
    propose(ROOT / "requirements", hub.environment, checkout)
    (tree,) = hub.trees
    assert {Path(one["path"]) for one in tree["tree"]} == {
        path.relative_to(ROOT) for path in (ROOT / "requirements").glob("*.lock")
    }


@pytest.mark.parametrize(
    "line", ["--index-url https://index.example", "evil @ https://index.example/x.whl", "evil>=1"]
)
def test_anything_but_pins_and_hashes_is_rejected(
    hub: FakeGitHub, checkout: Path, made: Path, line: str
) -> None:
    with (made / "dev.lock").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(RefusedError, match=r"dev\.lock: line 7 is neither a pin nor a hash"):
        propose(made, hub.environment, checkout)
    assert hub.written == []


def test_a_package_with_several_versions() -> None:
    before, after = "a==1 ; x \\\na==2 ; y \\\nb[c]==1 \\\n", "a==1 ; x \\\na==3 ; y \\\nb[c]==2 \\\n"
    assert changes(before, after) == [("a", "1, 2", "1, 3"), ("b", "1", "2")]
