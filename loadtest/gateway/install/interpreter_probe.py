"""Print what a Python is, as JSON. Run by each candidate, of any version, with this file as the script.

The imported modules are those without which no gateway runs; a Python built without a library lacks some.
"""

import ctypes  # noqa: F401 - may be missing
import json
import platform
import sqlite3  # noqa: F401 - may be missing
import ssl  # noqa: F401 - may be missing
import sys
import sysconfig
import venv  # noqa: F401 - may be missing
import zlib  # noqa: F401 - may be missing

if __name__ == "__main__":
    print(  # noqa: T201 - its output
        json.dumps(
            {
                "implementation": sys.implementation.name,
                "version": platform.python_version(),
                "executable": getattr(sys, "_base_executable", None) or sys.executable,
                "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
            }
        )
    )
