"""``python -m loadtest.users``: import every user class of the target, and print the names of their scenarios."""

from __future__ import annotations

import sys

from loadtest.core.errors import LoadTestError
from loadtest.engine.target import read_target
from loadtest.users.classes import user_classes


def main() -> int:
    """Print one name a line; return 2 if a custom module is not valid, with one line on standard error."""
    try:
        classes = user_classes(read_target().custom)
    except LoadTestError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    for name, found in classes.items():
        for task in found.tasks:
            sys.stdout.write(f"{name}.{getattr(task, '__name__', task)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
