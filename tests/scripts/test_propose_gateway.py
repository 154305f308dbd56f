"""A release becomes a pull request, and only valid files of the other job are proposed."""

import json
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from propose_gateway import inert, propose, proposed
from pull_request import LARGEST_TEXT, RefusedError

from loadtest.versions import data as versions

VERSION = "3.0.7.post20260921"
LOCK = f"mcp-contextforge-gateway[redis]=={VERSION} ; python_full_version < '3.14' \\\n    --hash=sha256:{'0' * 64}\n"
CONTRACT = '{"paths": {"/tools": {}}}'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / f"{VERSION}.lock").write_text(LOCK)
    (tmp_path / f"{VERSION}.toml").write_text(f'version = "{VERSION}"\n')
    (tmp_path / f"{VERSION}.contract.json").write_text(CONTRACT)
    (tmp_path / "gateway-faults.md").write_text("# Faults\n")
    (tmp_path / "summary.md").write_text("## Gateway\n\n- `GET /new`\n")
    return tmp_path


@pytest.fixture
def environment(hub: FakeGitHub) -> dict[str, str]:
    return hub.environment | {"VERSION": VERSION}


def test_a_pull_request_is_opened(hub: FakeGitHub, environment: dict[str, str], directory: Path) -> None:
    (directory / "verdict.json").write_text(json.dumps({"verdict": "pass", "operations_succeeded": 383}))
    done = propose(directory, environment)
    assert done == f"created branch gateway-{VERSION}, opened pull request 7"
    (tree,) = hub.trees
    assert tree["base_tree"] == "tree-of-main-sha"
    assert {one["path"]: one["content"] for one in tree["tree"]} == {
        f"loadtest/versions/{VERSION}.lock": LOCK,
        f"loadtest/versions/{VERSION}.contract.json": CONTRACT,
        f"loadtest/versions/{VERSION}.toml": f'version = "{VERSION}"\n',
        "docs/gateway-faults.md": "# Faults\n",
    }
    (made,) = hub.commits
    assert (made["parents"], made["tree"]) == (["main-sha"], "tree-1")
    assert hub.refs[f"heads/gateway-{VERSION}"] == "commit-1"
    (pull,) = hub.pulls
    assert (pull["title"], pull["base"]) == (f"Add gateway {VERSION}", "main")
    for words in (
        ":white_check_mark: pass",
        "383",
        "- `GET /new`",
        "Approve and run workflows",
        "actions/runs/100",
    ):
        assert words in pull["body"], words


def test_an_open_pull_request_is_updated(
    hub: FakeGitHub, environment: dict[str, str], directory: Path
) -> None:
    propose(directory, environment)
    hub.refs["heads/main"] = "newer-sha"
    (directory / "summary.md").write_text("other words\n")
    done = propose(directory, environment)
    assert done == f"updated branch gateway-{VERSION}, updated pull request 7"
    assert hub.commits[1]["parents"] == ["newer-sha"]
    assert hub.refs[f"heads/gateway-{VERSION}"] == "commit-2"
    (pull,) = hub.pulls
    assert "other words" in pull["body"]
    assert "The load test has no verdict" in pull["body"]


def test_a_closed_pull_request_is_not_reopened(
    hub: FakeGitHub, environment: dict[str, str], directory: Path
) -> None:
    propose(directory, environment)
    hub.pulls[0]["state"] = "closed"
    hub.written.clear()
    assert propose(directory, environment) == "pull request 7 was closed: reopen it to update it"
    assert hub.written == []


@pytest.mark.parametrize("author", [{"login": "user"}, None])
def test_a_branch_with_commits_of_others_is_not_changed(
    hub: FakeGitHub, environment: dict[str, str], directory: Path, author: dict[str, str] | None
) -> None:
    hub.refs[f"heads/gateway-{VERSION}"] = "theirs"
    hub.authors["theirs"] = author
    with pytest.raises(RefusedError, match="has commits of others"):
        propose(directory, environment)
    assert hub.written == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (f"{VERSION}.lock", "--index-url https://index.example\n", "line 1 is neither a pin nor a hash"),
        (f"{VERSION}.lock", LOCK + "evil @ https://index.example/x.whl\n", "line 3 is neither"),
        (f"{VERSION}.lock", LOCK + "evil>=1\n", "line 3 is neither"),
        (f"{VERSION}.lock", LOCK.replace("0" * 64, "0" * 63), "line 2 is neither"),
        (f"{VERSION}.toml", 'version = "9.9"\n', "for another version"),
        (f"{VERSION}.toml", "version", "not TOML"),
        (f"{VERSION}.contract.json", "{", "not JSON"),
        (f"{VERSION}.contract.json", "[" * 100_000, "not JSON"),
        (f"{VERSION}.contract.json", "[]", "not a contract"),
        (f"{VERSION}.contract.json", '{"paths": {}}', "not a contract"),
        ("gateway-faults.md", "x" * 2_000_001, "not a file of at most"),
        ("gateway-faults.md", b"\xff", "not UTF-8 text"),
    ],
)
def test_invalid_files_are_rejected(
    hub: FakeGitHub,
    environment: dict[str, str],
    directory: Path,
    name: str,
    content: str | bytes,
    words: str,
) -> None:
    (directory / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(RefusedError, match=words):
        propose(directory, environment)
    assert hub.written == []


@pytest.mark.parametrize("version", ["", "1", "../1.0", "3.0.7/..", "1.0\n", "main", "3.0.7-x", "9" * 99])
def test_an_invalid_version_is_rejected(directory: Path, version: str) -> None:
    with pytest.raises(RefusedError, match="not a version"):
        proposed(directory, version)


def test_a_link_is_not_followed(directory: Path, tmp_path: Path) -> None:
    (directory / "gateway-faults.md").unlink()
    (directory / "gateway-faults.md").symlink_to(directory / "summary.md")
    with pytest.raises(RefusedError, match=r"gateway-faults\.md: not a file"):
        proposed(directory, VERSION)


@pytest.mark.parametrize("version", versions.available())
def test_every_known_version_could_be_proposed(directory: Path, version: str) -> None:
    for end in ("lock", "toml", "contract.json"):
        source = versions.DIRECTORY / f"{version}.{end}"
        (directory / source.name).write_text(source.read_text())
    assert len(proposed(directory, version)) == 4


def test_markdown_is_inert() -> None:
    text = inert("@all #12 <script> [x](http://e.example) `GET /tools/{id}` # Title\n")
    for words in ("@all", "#12", "<script", "](", "://"):
        assert words not in text
    assert "`GET /tools/{id}` # Title" in text
    long = inert("line\n" * LARGEST_TEXT)
    assert len(long) <= LARGEST_TEXT + 100
    assert long.endswith("The rest is in `summary.md` in the artifact `proposal` of the run.\n")
