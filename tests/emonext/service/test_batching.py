import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from emonext.service import batching
from emonext.service.batching import Batcher


class Doubling:
    """Twice each face's value; remembers the sizes of its batches, and that no two were computed at one time."""

    def __init__(self):
        self.sizes, self._lock = [], threading.Lock()

    def __call__(self, faces):
        assert self._lock.acquire(blocking=False)
        self.sizes.append(len(faces))
        self._lock.release()
        if (faces == 13).any():
            raise ValueError('thirteen')
        return 2 * faces.reshape(len(faces), 1)


def run(classify, calls):
    """Answers, or errors, of concurrent calls."""

    async def main():
        with ThreadPoolExecutor(4) as executor:
            batcher = Batcher(classify, executor)
            return await asyncio.gather(*(batcher(np.array(values, int)[:, None]) for values in calls),
                                        return_exceptions=True)

    return asyncio.run(main())


def test_concurrent_calls_are_one_batch():
    classify = Doubling()
    answers = run(classify, [[1, 2], [3], [], [4, 5, 6]])
    assert [answer[:, 0].tolist() for answer in answers] == [[2, 4], [6], [], [8, 10, 12]]
    assert classify.sizes == [6]


def test_a_full_batch_does_not_wait(monkeypatch):
    monkeypatch.setattr(batching, 'WAIT', 3600)
    classify = Doubling()
    run(classify, [[1] * 64])
    assert classify.sizes == [64]


def test_an_error_reaches_each_call_and_the_next_batch_goes_on():
    async def main():
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(Doubling(), executor)
            bad = await asyncio.gather(batcher(np.array([[13]])), batcher(np.array([[1]])), return_exceptions=True)
            return bad, await batcher(np.array([[2]]))

    bad, good = asyncio.run(main())
    assert [str(error) for error in bad] == ['thirteen', 'thirteen']
    assert good.tolist() == [[4]]


def test_a_cancelled_call_does_not_harm_the_others():
    async def main():
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(Doubling(), executor)
            first, second = (asyncio.ensure_future(batcher(np.array([[value]]))) for value in (1, 2))
            await asyncio.sleep(0)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            return await second

    assert asyncio.run(main()).tolist() == [[4]]
