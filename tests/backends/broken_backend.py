"""A custom backend that does not start."""

from typing import Never


def running() -> Never:
    """Fail."""
    raise TypeError("two\nlines")
