"""Write each call of a load to a file, and end the process at a failure."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec

from loadtest.results.failures import fingerprint
from loadtest.results.outcome import CallResult, RequestResult
from loadtest.results.trace import TracedCall


class CallTrace:
    """Appends calls to the file ``path``; the one with the failure ``stop_at`` ends this process.

    It ends without any clean-up, so that the gateway stays as the call found it.
    """

    def __init__(self, path: Path, stop_at: str = "") -> None:
        self._path = path
        self._stop_at = stop_at

    def __call__(self, result: RequestResult) -> None:
        """Write one call."""
        call = traced(result)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(call) + b"\n")
        if self._stop_at and call.fingerprint == self._stop_at:
            os.kill(os.getpid(), signal.SIGKILL)


def traced(result: RequestResult) -> TracedCall:
    """Return the record of one call."""
    fault = result.fault
    made = TracedCall(
        operation=result.operation,
        scenario=result.scenario or "",
        covers=isinstance(result, CallResult)
        and not (fault or result.accepted or result.refused or result.rejected),
        status=result.status or (fault.status if fault else None) or 0,
        duration=getattr(result, "duration", 0.0),
        finished=result.finished,
        began=getattr(result, "began", 0.0) or result.finished,
        received=getattr(result, "received", 0),
        example=result.example,
    )
    if fault is None:
        return made
    return msgspec.structs.replace(
        made,
        fingerprint=fingerprint(result.operation, fault.problem, fault.status, fault.code, fault.message),
        problem=f"{fault.problem.value}: {fault.message}",
        example=fault.example,
    )
