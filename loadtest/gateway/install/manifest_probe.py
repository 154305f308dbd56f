"""Print the metadata and settings of a gateway, as JSON. A script for the interpreter of the gateway.

The argument is the name of the gateway's distribution.
"""

import importlib.metadata
import json
import sys
from typing import Any


def default(field: Any) -> str:
    """Return the default of a setting; empty if it is computed for each instance, or if there is none."""
    if field.default_factory or field.is_required():
        return ""
    return str(sorted(field.default) if isinstance(field.default, set) else field.default)


def main(package: str) -> None:
    """Import the configuration and print it."""
    from mcpgateway.config import Settings  # type: ignore[import-not-found]

    metadata = importlib.metadata.metadata(package)
    manifest = {
        "python": metadata["Requires-Python"] or "",
        "extras": metadata.get_all("Provides-Extra") or [],
        "settings": {name.upper(): default(field) for name, field in Settings.model_fields.items()},
    }
    print(json.dumps(manifest))  # noqa: T201 - its output


if __name__ == "__main__":
    main(sys.argv[1])
