"""Fixtures for the tests of scripts that call GitHub's API."""

from collections.abc import Iterator

import pytest
from fake_github import FakeGitHub, fake_github


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    """A fake of GitHub's API, as far as the scripts use it."""
    with fake_github() as server:
        yield server
