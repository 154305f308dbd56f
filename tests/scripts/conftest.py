"""What the tests of scripts that talk to GitHub share."""

from collections.abc import Iterator

import pytest
from fake_github import FakeGitHub, fake_github


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    """GitHub, as far as it is needed."""
    with fake_github() as server:
        yield server
