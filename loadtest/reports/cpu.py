"""Who used the processor while the load ran: the gateways, their backends, the load generator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from loadtest.results.measurements import cpu_of
from loadtest.results.run import Run


@dataclass(frozen=True)
class CpuShare:
    """One of those who took part."""

    name: str
    seconds: float
    """Of one core."""
    share: float
    """Of what all of them used together, from 0 to 1."""


def cpu_shares(run: Run) -> tuple[CpuShare, ...]:
    """Return the share of each part whose use is known; nothing if there are fewer than two.

    Gateways are counted from the start of the load to the last sample; boot took more than its share.
    """
    used = {
        f"{len(run.replicas) + 1} gateways" if run.replicas else "gateway": gateways_cpu(run),
        "backends": _total((_backends(run), *(one.backends_cpu for one in run.replicas))),
        "load generator": run.generator.cpu if run.generator else None,
    }
    known = {name: max(seconds, 0.0) for name, seconds in used.items() if seconds is not None}
    total = sum(known.values())
    if len(known) < 2 or not total:
        return ()
    return tuple(CpuShare(name, seconds, seconds / total) for name, seconds in known.items())


def gateways_cpu(run: Run) -> float | None:
    """Return the seconds of CPU that all gateways of the load used; None if one is not known."""
    return _total((cpu_of(run.resources), *(one.cpu for one in run.replicas)))


def _backends(run: Run) -> float | None:
    # They share one process, each reports the CPU of all.
    return max((one.cpu_seconds for one in run.backends if one.cpu_seconds is not None), default=None)


def _total(seconds: Iterable[float | None]) -> float | None:
    found = tuple(seconds)
    known = [one for one in found if one is not None]
    return sum(known) if len(known) == len(found) else None


def cpu_line(run: Run) -> str:
    """Return the shares in one line, or nothing if they are not known."""
    parts = ", ".join(f"{one.name} {one.seconds:.1f} s ({one.share:.0%})" for one in cpu_shares(run))
    return f"CPU: {parts}" if parts else ""
