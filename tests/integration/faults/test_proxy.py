"""The fault campaign's proxy: passes all bytes on, unless it is told not to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from stack.ports import free_port
from stack.waiting import until
from tests.faults.proxy import Proxy


@contextlib.asynccontextmanager
async def echoing() -> AsyncIterator[Proxy]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(1_000):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    target = free_port()
    server = await asyncio.start_server(echo, "127.0.0.1", target)
    proxy = Proxy(free_port(), target)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
        server.close()
        await until(lambda: not proxy.open, 60, "all connections are closed")


async def test_what_goes_in_comes_out():
    async with echoing() as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello" * 50_000)
        assert await reader.readexactly(250_000) == b"hello" * 50_000
        writer.close()


async def test_a_stalled_proxy_passes_nothing_until_it_is_healed():
    async with echoing() as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.stall()
        writer.write(b"hello")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(5), 0.2)
        proxy.heal()
        assert await asyncio.wait_for(reader.readexactly(5), 5) == b"hello"
        writer.close()


async def test_a_slow_proxy_holds_up_every_chunk():
    async with echoing() as proxy:
        proxy.slow(0.01, 1_000_000)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        assert proxy.passed.delayed == 2
        writer.close()


async def test_a_cut_breaks_what_is_open_and_refuses_what_is_new():
    async with echoing() as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        await reader.readexactly(5)
        proxy.refusing = True
        assert proxy.cut() == 2
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        with contextlib.suppress(OSError):
            late, other = await asyncio.open_connection("127.0.0.1", proxy.port)
            assert await late.read() == b""
            other.close()
        assert proxy.passed.refused == 1
        writer.close()
