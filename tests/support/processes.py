"""Whether processes of a test have ended."""

import psutil


def gone(pid: int) -> bool:
    """Return whether no process runs under ``pid``; one that its parent has not waited for yet has ended."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
