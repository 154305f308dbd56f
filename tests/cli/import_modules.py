"""``python import_modules.py BLOCKED MODULE…``: import modules without the packages in the list BLOCKED (``a,b``)."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder


class Blocker(MetaPathFinder):
    """Finds none of the blocked packages."""

    def __init__(self, blocked: set[str]) -> None:
        self.blocked = blocked

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> None:
        """Raise an error for a blocked package."""
        if fullname.split(".")[0] in self.blocked:
            raise ModuleNotFoundError(f"{fullname} is in none of the extras")


def exists(name: str) -> bool:
    """Return whether the name is a module; it may be that of a function in one."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError as error:
        if "extras" in str(error):
            raise
        return False


if __name__ == "__main__":
    sys.meta_path.insert(0, Blocker(set(sys.argv[1].split(","))))
    for name in filter(exists, sys.argv[2:]):
        importlib.import_module(name)
