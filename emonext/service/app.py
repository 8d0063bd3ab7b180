"""The service's addresses."""
from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emonext.errors import EmonextError
from emonext.recognizer import Recognizer
from emonext.service.bodies import read_pictures
from emonext.service.engine import Engine
from emonext.service.limits import Limits
from emonext.service.places import Place
from emonext.service.streams import Streams, is_own

WEB = Path(__file__).parents[1] / 'web'
HEADERS = {
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
                               "connect-src 'self' ws: wss:; frame-ancestors 'none'; form-action 'none'",
}


def build_app(recognizer: Recognizer, limits: Limits | None = None) -> Starlette:
    """Build the service.

    ``POST /predict`` takes the bytes of a picture, or a form with files, and answers ``{"results": [...]}`` with the
    fields of :meth:`emonext.results.Result.to_dict`, or the source and the error of a picture that cannot be read;
    ``?pictures=1`` adds the pictures of :meth:`~emonext.service.engine.Engine.predict`. The status is 200, 422 if no
    picture could be read, or that of an error of the whole request, whose text is ``{"error": ...}``: 400, 403, 405,
    408, 413, 503, 504.

    ``/stream`` is that of :class:`~emonext.service.streams.Streams`. ``/health`` counts the requests in work;
    ``/model`` is the model card; ``/`` is the page.

    Args:
        recognizer: with an exported model.
        limits: None for the defaults.
    """
    engine = Engine(recognizer, limits or Limits())
    streams = Streams(engine)

    async def predict(request: Request) -> JSONResponse:
        if not is_own(request.headers):
            raise HTTPException(403, 'requests of other pages are not answered')
        with engine.places.take() as place:
            pictures = await read_pictures(request, engine.limits)
            results = await place.run(_predict(engine, request, pictures, place))
        return JSONResponse(dict(results=results), 422 if all('error' in result for result in results) else 200)

    async def health(request: Request) -> JSONResponse:
        return JSONResponse(dict(status='ok', in_work=engine.places.taken, requests=engine.places.count))

    async def model(request: Request) -> JSONResponse:
        return JSONResponse(recognizer.classifier.meta)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        engine.close()

    app = Starlette(
        routes=[Route('/predict', predict, methods=['POST']), Route('/health', health), Route('/model', model),
                WebSocketRoute('/stream', streams.__call__)],
        middleware=[Middleware(SafeHeaders)], exception_handlers={HTTPException: _to_json}, lifespan=lifespan)
    app.router.default = StaticFiles(directory=WEB, html=True)  # a Mount would take GET /predict, which is 405
    app.state.streams = streams
    return app


async def _predict(engine: Engine, request: Request, pictures: list[tuple[str, bytes]], place: Place
                   ) -> list[dict[str, Any]]:
    """Results of the pictures, as long as somebody waits for them."""
    results: list[dict[str, Any]] = []
    shown = request.query_params.get('pictures') == '1'
    for name, data in pictures:
        if place.is_late or await request.is_disconnected():
            break
        results.append(await _predict_one(engine, name, data, shown))
    return results


async def _predict_one(engine: Engine, name: str, data: bytes, shown: bool) -> dict[str, Any]:
    try:
        return await engine.predict(data, name, shown)
    except EmonextError as error:
        return dict(source=name, error=str(error))


async def _to_json(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse(dict(error=error.detail), error.status_code, error.headers)


class SafeHeaders:
    """Adds headers that keep a browser from running, embedding or keeping anything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        async def add(message: Message) -> None:
            if message['type'] == 'http.response.start':
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, add)
