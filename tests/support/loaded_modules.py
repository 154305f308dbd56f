"""What importing modules loads, in a new process."""

from __future__ import annotations

import os
import subprocess
import sys


def loaded_modules(*names: str) -> set[str]:
    """Import the modules, which this process may import, and return the names of all that are then loaded."""
    code = f"import sys, {', '.join(names)}; print(*sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def loaded_packages(*names: str) -> set[str]:
    """Return the names of the top-level packages that are then loaded."""
    return {name.partition(".")[0] for name in loaded_modules(*names)}
