"""The pages of the website and their links; `make site` builds it and fails for a broken link."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import website
from ruamel.yaml import YAML

ROOT = website.ROOT


@pytest.mark.parametrize(
    ("target", "origin", "link"),
    [
        ("docs/ci.md#inputs", "", "ci.md#inputs"),
        ("docs/images/report-light.png", "", "images/report-light.png"),
        ("CHANGELOG.md", "", "changes.md"),
        ("../CONTRIBUTING.md", "docs", "contributing.md"),
        ("verdict.md", "docs", "verdict.md"),
        ("../.github/workflows/locks.yml", "docs", f"{website.REPOSITORY}.github/workflows/locks.yml"),
        ("https://example.com/a", "docs", "https://example.com/a"),
        ("#part", "docs", "#part"),
    ],
)
def test_links_lead_to_pages_of_the_site_or_to_the_repository(target: str, origin: str, link: str) -> None:
    text = f"a [b]({target}) c"
    assert website.relinked(text, ROOT / origin) == f"a [b]({link}) c"


def test_every_page_is_in_the_navigation(tmp_path: Path) -> None:
    website.pages(tmp_path)
    made = {path.name for path in tmp_path.glob("*.md")}
    assert set(listed(YAML(typ="safe").load(ROOT / "mkdocs.yml")["nav"])) == made


def listed(entries: Any) -> Iterator[str]:
    for entry in entries:
        for value in entry.values():
            if isinstance(value, str):
                yield value
            else:
                yield from listed(value)
