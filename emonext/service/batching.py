"""Batches of faces from concurrent requests."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

WAIT = 0.004  # seconds that the first faces wait for others
MOST = 64  # faces after which no others are waited for


class Batcher:
    """Classifies faces; those of concurrent calls together, one batch at a time.

    Args:
        classify: answers, one for each face, of faces (N, C, S, S) uint8.
        executor: of the classifier.
    """

    def __init__(self, classify: Callable[[np.ndarray], Sequence[Any]], executor: Executor) -> None:
        self._classify, self._executor = classify, executor
        self._waiting: list[tuple[np.ndarray, asyncio.Future[Sequence[Any]]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, faces: np.ndarray) -> Sequence[Any]:
        """Answers to faces (N, C, S, S) uint8.

        Raises:
            Exception: that of the classifier, for each call in the batch.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((faces, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        """Classify until nothing waits. While a batch is computed, the next one gathers."""
        while self._waiting:
            if sum(len(faces) for faces, _ in self._waiting) < MOST:
                await asyncio.sleep(WAIT)
            batch, self._waiting = self._waiting, []
            await self._answer([(faces, future) for faces, future in batch if not future.cancelled()])
        self._worker = None

    async def _answer(self, batch: list[tuple[np.ndarray, asyncio.Future[Sequence[Any]]]]) -> None:
        if not batch:
            return
        faces = np.concatenate([faces for faces, _ in batch])
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._executor, self._classify, faces)
        except Exception as error:  # of any class: it is that of the calls
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        start = 0
        for part, future in batch:
            if not future.done():
                future.set_result(answers[start:start + len(part)])
            start += len(part)
