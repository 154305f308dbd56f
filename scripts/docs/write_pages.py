"""Write all generated documentation and settings: ``make docs``."""

import sys
from collections.abc import Iterator
from pathlib import Path

import document_categories
import document_commands
import document_faults
import document_schemas
import document_settings

from loadtest.core.errors import LoadTestError
from loadtest.core.files import write_atomically


def pages() -> Iterator[tuple[Path, str]]:
    """Yield the path and the text of every generated file.

    Raises:
        LoadTestError: the data of a page is not valid.
    """
    for module in (document_commands, document_faults, document_categories):
        yield module.TARGET, module.page()
    yield from document_schemas.pages().items()
    for file in document_settings.PARTS:
        yield document_settings.ROOT / file, document_settings.updated(file)


def main() -> int:
    """Write the files; return the exit code."""
    try:
        for path, text in pages():
            write_atomically(path, text)
    except LoadTestError as error:
        print(f"make docs: {error}", file=sys.stderr)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
