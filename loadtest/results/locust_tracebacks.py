"""Finding the task that raised an exception, from the traceback that Locust records."""

from __future__ import annotations

import re
from pathlib import PureWindowsPath

_FRAME = re.compile(r'File "+([^"]+)"+, line \d+, in (<?\w+>?)')
_LIBRARY = re.compile(
    r"[/\\](?:site|dist)-packages[/\\]"
    r"|[/\\]lib(?:64)?[/\\]python\d[\d.]*[/\\]"
    r"|[/\\]python[\d.]*[/\\]lib[/\\]"
    r"|[/\\]locust[/\\](?:user[/\\]|contrib[/\\]|clients\.py|runners\.py|event\.py|env\.py)"
    r"|^<|\.zip[/\\]",
    re.IGNORECASE,
)


def task_of(traceback: str) -> str:
    """Return ``TASK locustfile.py:buy``, from the last frame outside libraries or else the last; ``TASK`` if none."""
    frames = _FRAME.findall(traceback)
    own = [frame for frame in frames if not _LIBRARY.search(frame[0])]
    if not frames:
        return "TASK"
    path, function = (own or frames)[-1]
    return f"TASK {PureWindowsPath(path).name}:{function}"
