"""Frames of a camera over a WebSocket."""
from __future__ import annotations

import asyncio
import math
from time import monotonic
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocket, WebSocketDisconnect

from emonext.errors import EmonextError
from emonext.service.engine import Engine
from emonext.tracks import Follower

HALF_LIFE = 0.5  # seconds, of the smoothed probabilities
LATER, RESTART, REFUSED, IDLE = 1013, 1012, 1008, 1001  # codes of WebSockets


class Streams:
    """The endpoint: each binary message is a picture, its answer is a text message with the JSON of the result.

    Frames have tracks and smoothed probabilities, and as ``time`` the seconds from the arrival of the first one. A
    frame that cannot be read is answered with ``{"error": ...}``. ``?smoothing=S`` is the half-life of the smoothing in
    seconds, 0 for none.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open = self._answering = 0
        self._ends = False

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
        try:
            follower = Follower(_read_half_life(socket))
        except EmonextError as error:
            await socket.send_json(dict(error=str(error)))
            await socket.close(REFUSED)
            return
        await self._follow(socket, follower)

    async def _follow(self, socket: WebSocket, follower: Follower) -> None:
        first, number = None, 0
        while not self._ends:
            async with asyncio.timeout(self._engine.limits.seconds):
                data = await self._receive(socket)
            now = monotonic()
            first = now if first is None else first
            self._answering += 1
            try:
                await socket.send_json(await self._answer(socket, data, follower, number, now - first))
            finally:
                self._answering -= 1
            number += 1
        await socket.close(RESTART)

    async def end(self) -> None:
        """Wait until the frames in work are answered; no others are taken."""
        self._ends = True
        while self._answering:
            await asyncio.sleep(0.01)

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


def _read_half_life(socket: WebSocket) -> float:
    text = socket.query_params.get('smoothing', HALF_LIFE)
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise EmonextError(f'smoothing={text}: a number of seconds from 0 is expected')
    return seconds


def is_own(headers: Headers) -> bool:
    """Whether a request comes from our page or from a program, which has no origin, and not from another page."""
    origin = headers.get('origin')
    try:
        return origin is None or urlsplit(origin).netloc == headers.get('host')
    except ValueError:
        return False
