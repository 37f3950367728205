"""A wire that loses things: a proxy that cuts what passes, in both directions."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from random import Random

_PIECE = 65536


class Wire:
    """Passes bytes between workers and the simulator, and now and then does not.

    Each piece of a request or an answer is dropped, or cut in the middle, or passed
    and followed by the end of the connection, with a certain chance.
    """

    def __init__(self, target: int, seed: int, chance: float) -> None:
        self._target = target
        self._dice = Random(f"{seed} wire")  # noqa: S311 - to be repeated, no secrecy
        self._chance = chance
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0
        self.cuts = 0

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Hang up."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connect, "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        # What was cancelled closes its connections.
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _connect(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        passing = [
            asyncio.ensure_future(self._pass(reader, there[1])),
            asyncio.ensure_future(self._pass(there[0], writer)),
        ]
        try:
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in passing:
                task.cancel()
            writer.close()
            there[1].close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_PIECE):
                cut = self._dice.random() < self._chance
                if cut:
                    self.cuts += 1
                    piece = piece[: self._dice.choice((0, len(piece) // 2, len(piece)))]
                writer.write(piece)
                await writer.drain()
                if cut:
                    return
