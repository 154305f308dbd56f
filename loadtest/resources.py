"""What the gateway used over time: its processes, and what it keeps in tables and files.

Times are seconds since the start of the load (before it: negative), sizes are bytes.
"""

from __future__ import annotations

from loadtest.record import Count, Record, Seconds


class Sample(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The gateway's whole process tree, or one process of it, at one time."""

    at: Seconds
    rss: Count
    """Bytes, summed over the processes."""
    cpu: Seconds
    """Seconds of CPU used since the gateway's start."""
    descriptors: Count
    threads: Count
    processes: Count
    pss: Count | None = None
    """Bytes, where pages that processes share count in parts; None where the system does not tell."""
    database: Count | None = None
    """Open connections to the database server; None if there is none."""
    cache: Count | None = None
    """Open connections to Redis; None if there is none."""
    clients: Count | None = None
    """Open connections that others made to the gateway."""


class Process(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One process of the gateway over time; a worker that was restarted is two of them."""

    pid: int
    name: str
    """``gunicorn``, ``python``: the program, without its arguments."""
    began: Seconds
    ended: Seconds | None = None
    """When it was seen last although the gateway went on; None: it lived to the end."""
    samples: tuple[Sample, ...] = ()


class Reading(Record, frozen=True, kw_only=True, omit_defaults=True):
    """How large something stored was at one time."""

    at: Seconds
    bytes: Count | None = None
    rows: Count | None = None


class Store(Record, frozen=True, kw_only=True):
    """Something that the gateway keeps and that can grow."""

    name: str
    """``table tool_metrics``, ``database``, ``log``."""
    readings: tuple[Reading, ...] = ()
