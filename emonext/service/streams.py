"""Frames of a camera over a WebSocket."""
from __future__ import annotations

import asyncio
from time import monotonic
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocket, WebSocketDisconnect

from emonext.errors import EmonextError
from emonext.service.engine import Engine
from emonext.tracks import Follower

HALF_LIFE = 0.5  # seconds of the smoothed probabilities
LATER, REFUSED, IDLE = 1013, 1008, 1001  # codes of WebSockets


class Streams:
    """The endpoint: each binary message is a picture, its answer is a text message with the JSON of the result.

    Frames have tracks and smoothed probabilities, and as ``time`` the seconds from the arrival of the first one. A
    frame that cannot be read is answered with ``{"error": ...}``.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open = 0

    async def __call__(self, socket: WebSocket) -> None:
        """Serve a connection until it ends or is idle."""
        if not is_own(socket.headers):
            await socket.close(REFUSED)
            return
        if self._open >= self._engine.limits.streams:
            await socket.close(LATER)
            return
        self._open += 1
        try:
            await socket.accept()
            await self._serve(socket)
        except WebSocketDisconnect:
            pass
        except TimeoutError:
            await socket.close(IDLE)
        finally:
            self._open -= 1

    async def _serve(self, socket: WebSocket) -> None:
        follower, first, number = Follower(HALF_LIFE), None, 0
        while True:
            async with asyncio.timeout(self._engine.limits.seconds):
                data = await self._receive(socket)
            now = monotonic()
            first = now if first is None else first
            await socket.send_json(await self._answer(socket, data, follower, number, now - first))
            number += 1

    async def _receive(self, socket: WebSocket) -> bytes:
        message = await socket.receive()
        if message['type'] == 'websocket.disconnect':
            raise WebSocketDisconnect(message['code'])
        return message.get('bytes') or b''  # a text message is no picture

    async def _answer(self, socket: WebSocket, data: bytes, follower: Follower, number: int, seconds: float) -> dict:
        pictures = socket.query_params.get('pictures') == '1'
        try:
            with self._engine.places.take() as place:
                return await place.run(
                    self._engine.predict(data, f'frame {number}', pictures, follower, number, seconds))
        except EmonextError as error:
            return dict(error=str(error))
        except HTTPException as error:
            return dict(error=error.detail)


def is_own(headers: Headers) -> bool:
    """Whether a request comes from our page or from a program, which has no origin, and not from another page."""
    origin = headers.get('origin')
    try:
        return origin is None or urlsplit(origin).netloc == headers.get('host')
    except ValueError:
        return False
