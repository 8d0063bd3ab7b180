"""A bounded number of requests in work."""
from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.exceptions import HTTPException


class Places:
    """Places of requests; a context is one of them.

    Args:
        count: of places.
        seconds: limit of time of the work in one.

    Attributes:
        taken: number of places in use.
    """

    def __init__(self, count: int, seconds: float) -> None:
        self.count, self.seconds = count, seconds
        self.taken = 0

    def take(self) -> Place:
        """Take a place.

        Raises:
            HTTPException: 503 without a free one.
        """
        if self.taken >= self.count:
            raise HTTPException(503, f'{self.count} requests are in work, no more are taken', {'Retry-After': '1'})
        self.taken += 1
        return Place(self)


class Place:
    """A place that is taken until its work has really ended, also where nobody waits for it any more.

    Attributes:
        is_late: whether the limit of time is over; work in several steps can end then.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self.is_late = False
        self._work: asyncio.Future[Any] | None = None

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *error: object) -> None:
        if self._work is None or self._work.done():
            self._places.taken -= 1
        else:
            self._work.add_done_callback(self._leave)

    def _leave(self, work: asyncio.Future[Any]) -> None:
        self._places.taken -= 1
        if not work.cancelled():
            work.exception()  # else asyncio would report it

    async def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do the work.

        Raises:
            HTTPException: 504 after the limit of time.
        """
        self._work = asyncio.ensure_future(work)
        try:
            async with asyncio.timeout(self._places.seconds):
                return await asyncio.shield(self._work)
        except TimeoutError:
            self.is_late = True
            raise HTTPException(504, f'no answer within {self._places.seconds:g} seconds') from None
