"""Who used the processor while the load ran: the gateway, its backends, the load generator."""

from __future__ import annotations

from dataclasses import dataclass

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

    The gateway is counted from the start of the load to the last sample; boot took more than its share.
    """
    inside = [sample.cpu for sample in run.resources if sample.at >= 0]
    used = {
        "gateway": inside[-1] - inside[0] if len(inside) > 1 else None,
        # They share one process, each reports the CPU of all.
        "backends": max(
            (one.cpu_seconds for one in run.backends if one.cpu_seconds is not None), default=None
        ),
        "load generator": run.generator.cpu if run.generator else None,
    }
    known = {name: max(seconds, 0.0) for name, seconds in used.items() if seconds is not None}
    total = sum(known.values())
    if len(known) < 2 or not total:
        return ()
    return tuple(CpuShare(name, seconds, seconds / total) for name, seconds in known.items())


def cpu_line(run: Run) -> str:
    """Return the shares in one line, or nothing if they are not known."""
    parts = ", ".join(f"{one.name} {one.seconds:.1f} s ({one.share:.0%})" for one in cpu_shares(run))
    return f"CPU: {parts}" if parts else ""
