"""A wire that loses things: a proxy that cuts what passes, in both directions."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from random import Random

_PIECE = 65536


class Wire:
    """A proxy between workers and simulator that sometimes loses bytes.

    Each piece of a request or an answer is dropped, or cut in the middle, or passed
    and followed by the end of the connection, with a certain chance.
    """

    def __init__(self, target: int, seed: int, chance: float) -> None:
        self._target = target
        self._dice = Random(f"{seed} wire")  # noqa: S311 - to be repeated, no secrecy
        self._chance = chance
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0
        self.cuts = 0

    @property
    def alive(self) -> bool:
        """Whether the proxy still listens."""
        serving = self._server is not None and self._server.is_serving()
        return self._thread.is_alive() and serving

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._ready.wait()
        if not self.alive:
            raise OSError("the wire cannot listen")

    def stop(self) -> None:
        """Stop listening and close all connections; do nothing if stopped before."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            self._ready.set()

    def _serve(self) -> None:
        self._loop = loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._server = server = loop.run_until_complete(
            asyncio.start_server(self._connect, "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        # What was cancelled closes its connections.
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

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
            # Cancelled is what `stop` does; a connection has no one to tell it to.
            with contextlib.suppress(asyncio.CancelledError):
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
