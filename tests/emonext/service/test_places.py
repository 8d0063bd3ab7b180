import asyncio

import pytest

pytest.importorskip('starlette')
from starlette.exceptions import HTTPException

from emonext.service.places import Places


def test_a_place_is_given_back():
    async def main():
        places = Places(1, 10)
        with places.take() as place:
            assert places.taken == 1
            with pytest.raises(HTTPException) as full:
                places.take()
            assert await place.run(asyncio.sleep(0, 'answer')) == 'answer'
        with pytest.raises(ValueError, match='bad'), places.take():
            raise ValueError('bad')
        return places.taken, full.value

    taken, full = asyncio.run(main())
    assert taken == 0
    assert (full.status_code, full.headers) == (503, {'Retry-After': '1'})


def test_work_keeps_its_place_after_the_limit_of_time():
    async def main():
        places, done = Places(1, 0.01), asyncio.Event()
        with pytest.raises(HTTPException) as late, places.take() as place:
            await place.run(done.wait())
        held = places.taken
        done.set()
        await asyncio.sleep(0.01)
        return late.value.status_code, held, places.taken

    assert asyncio.run(main()) == (504, 1, 0)
