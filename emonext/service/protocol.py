"""uvicorn, with limits of time for requests, without delays, and with an end that waits for frames of cameras."""
from __future__ import annotations

import asyncio
import socket

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0


class TimedProtocol(H11Protocol):
    """Closes a connection on which the head of a request, or the rest of an answered one, does not arrive in time, and
    sends each part of an answer at once.

    Otherwise the body of an answer waits 40 ms for the receipt of its head: asyncio sets TCP_NODELAY only where a
    socket names its protocol, and those of :func:`socket.create_server` do not.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Start to wait for the first request."""
        transport.get_extra_info('socket').setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Go on waiting for the head, or stop."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of this one."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, error: Exception | None) -> None:
        """Stop to wait."""
        self._stop()
        super().connection_lost(error)

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE and self.conn.our_state is not h11.DONE:
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(SECONDS, self.transport.close)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Server(uvicorn.Server):
    """Answers frames in work before it ends, as uvicorn does with requests; its app is that of the service."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the service."""
        for server in self.servers:
            server.close()
        await self.config.app.state.streams.end()
        await super().shutdown(sockets)
