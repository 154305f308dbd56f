"""What the tests of scripts that talk to GitHub share."""

from collections.abc import Iterator

import pytest
from pretend_github import PretendGitHub, pretend_github


@pytest.fixture
def hub() -> Iterator[PretendGitHub]:
    """GitHub, as far as it is needed."""
    with pretend_github() as server:
        yield server
