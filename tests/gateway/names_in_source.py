"""Print the names of an installed gateway's settings, and all that its source may read; runs in its environment."""

import re
from pathlib import Path

import mcpgateway  # type: ignore[import-not-found]
from mcpgateway.config import Settings  # type: ignore[import-not-found]

SITE = Path(mcpgateway.__file__).parents[1]
PACKAGES = ("mcpgateway", "cpex", "httpx")
"""The gateway, its plugins and its HTTP client."""

if __name__ == "__main__":
    sources = [path for name in PACKAGES for path in (SITE / name).rglob("*.py")]
    read = {word for path in sources for word in re.findall(r"[A-Z][A-Z_]{5,}", path.read_text())}
    print("\n".join([*read, *(name.upper() for name in Settings.model_fields)]))
