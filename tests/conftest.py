"""Options that every test may use."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="write the files in tests/data anew instead of comparing with them; look at the difference",
    )
