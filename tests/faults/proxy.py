"""A proxy between one worker and the broker: it passes bytes on, slowly, not at all, or cuts.

Knows connections and bytes. Must not know Kafka's protocol.
"""

import asyncio
from dataclasses import dataclass

_CHUNK = 65_536


@dataclass
class Passed:
    """What has gone through, and what was done to it."""

    connections: int = 0
    bytes: int = 0
    delayed: int = 0
    """Chunks that were held up."""
    delayed_s: float = 0.0
    cut: int = 0
    refused: int = 0


class Proxy:
    """Listens on `port` of loopback and connects to `target`, both on 127.0.0.1.

    `delay_s` is added to each chunk in each direction and `bytes_per_s` bounds each connection;
    while `stalled`, nothing that a client sends is read, so that its buffers fill.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.target = target
        self.delay_s = 0.0
        self.bytes_per_s = 0
        self.refusing = False
        self.passed = Passed()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        self.heal()
        if self._server:
            self._server.close()
        self.cut()

    def slow(self, delay_s: float, bytes_per_s: int) -> None:
        """Hold up every chunk, and bound the rate of each connection."""
        self.delay_s, self.bytes_per_s = delay_s, bytes_per_s

    def stall(self) -> None:
        """Read nothing more from the worker until `heal`."""
        self._flowing.clear()

    def heal(self) -> None:
        """Pass everything on as it comes."""
        self.delay_s, self.bytes_per_s, self.refusing = 0.0, 0, False
        self._flowing.set()

    def cut(self) -> int:
        """Break every connection that is open, in the middle of whatever it carries."""
        broken = [writer for writer in self.open if not writer.is_closing()]
        for writer in broken:
            writer.transport.abort()
        self.passed.cut += len(broken)
        return len(broken)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            self.passed.refused += 1
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.passed.connections += 1
        ends = {writer, far_writer}
        self.open |= ends
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, outward=True)),
            asyncio.create_task(self._pump(far_reader, writer, outward=False)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in ends:
                end.transport.abort()
            self.open -= ends

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, outward: bool
    ) -> None:
        try:
            while True:
                if outward:
                    await self._flowing.wait()
                chunk = await reader.read(_CHUNK)
                if not chunk:
                    return
                if outward:
                    await self._flowing.wait()
                await self._hold_up(len(chunk))
                writer.write(chunk)
                await writer.drain()
                self.passed.bytes += len(chunk)
        except OSError:
            return

    async def _hold_up(self, size: int) -> None:
        pause = self.delay_s + (size / self.bytes_per_s if self.bytes_per_s else 0.0)
        if pause:
            self.passed.delayed += 1
            self.passed.delayed_s += pause
            await asyncio.sleep(pause)
