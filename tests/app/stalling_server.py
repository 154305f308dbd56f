"""The benchmark's server, which does not respond for a while: from ``BEGINS`` s after the first list, ``LASTS`` s long.

As a program it prints its port, serves until its standard input closes, and then prints how many requests it kept
waiting; two arguments replace the two numbers.
"""

import asyncio
import sys

from benchmarks.local_server import ANSWERS, NOT_FOUND

BEGINS = 2.0
LASTS = 2.0


class StallingServer(asyncio.Protocol):
    """One connection; what it is asked in the stall it answers at its end."""

    first: float | None = None
    begins = BEGINS
    lasts = LASTS
    held = 0
    """Requests that came in the stall."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            target = self.received.split(b" ", 2)[1]
            self.received = self.received[end + 4 :]
            # Users ask for the list without a query; what counts the entities before the load has one.
            self.answer(ANSWERS.get(target.partition(b"?")[0], NOT_FOUND), target == b"/tools")

    def answer(self, answer: bytes, counts: bool) -> None:
        """Write ``answer``, at the end of the stall if it ``counts`` and comes in it."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if StallingServer.first is None and counts:
            StallingServer.first = now
        begins = (StallingServer.first or now) + self.begins
        if counts and begins <= now < begins + self.lasts:
            StallingServer.held += 1
            loop.call_at(begins + self.lasts, self.transport.write, answer)
        else:
            self.transport.write(answer)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(StallingServer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)
    print(StallingServer.held, flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        StallingServer.begins, StallingServer.lasts = map(float, sys.argv[1:])
    asyncio.run(serve())
