"""Formatting of quantities: bytes, milliseconds, shares, numbers, durations."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def amount(value: float, unit: str, *, sign: bool = False) -> str:
    """Return ``12.5 MiB``, ``210 ms``, ``1.2 %``, ``8 descriptors``; with ``sign``, positive values get a plus."""
    plus = "+" if sign and value > 0 else ""
    match unit:
        case "bytes":
            size, step = abs(value), 0
            while size >= 1023.5 and step < len(_SIZES) - 1:
                size, step = size / 1024, step + 1
            return f"{'-' if value < 0 else plus}{number(size)} {_SIZES[step]}"
        case "share":
            return f"{plus}{number(value * 100)} %"
    return f"{plus}{number(value)} {unit}"


def number(value: float) -> str:
    """Return ``0.5``, ``12.3``, ``1,235``."""
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"


def span(hours: float) -> str:
    """Return ``40 min``, ``12 h``, ``9 days``."""
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


def clock(seconds: float) -> str:
    """Return a time in the run as minutes and seconds: ``00:41``, ``61:00``."""
    return _clock(int(seconds) if seconds > 0 else 0)


@lru_cache(maxsize=4096)
def _clock(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:02d}:{rest:02d}"


def plural(number: int, noun: str) -> str:
    """Return ``1 warning``, ``2 warnings``, ``no warnings``."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def some(items: Iterable[str], most: int = 3) -> str:
    """Return the first ``most`` items, comma-separated, and how many more there are."""
    listed = list(items)
    more = f" and {len(listed) - most} more (all in verdict.json)" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
