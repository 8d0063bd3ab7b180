"""Predictions for concurrent requests, within limits."""
from __future__ import annotations

import asyncio
import base64
import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from PIL import Image

from emonext.errors import EmonextError
from emonext.pictures import read_picture
from emonext.recognizer import Prepared, Recognizer
from emonext.service.batching import Batcher
from emonext.service.limits import Limits
from emonext.service.places import Places
from emonext.tracks import Follower


class Engine:
    """A recogniser shared by requests.

    Args:
        recognizer: with an exported model.
        limits: of its requests.
    """

    def __init__(self, recognizer: Recognizer, limits: Limits) -> None:
        self.recognizer, self.limits = recognizer, limits
        self.places = Places(limits.requests, limits.seconds)
        self._executor = ThreadPoolExecutor(os.cpu_count(), 'emonext')
        self._batcher = Batcher(self._classify, self._executor)

    async def predict(self, data: bytes, name: str, pictures: bool = False, follower: Follower | None = None,
                      frame: int | None = None, time: float | None = None) -> dict[str, Any]:
        """The result of a picture as plain values.

        Args:
            data: the bytes of a picture file.
            name: of the picture; it is only repeated.
            pictures: add to each face ``crop``, what the model was shown, and ``warped``, what its Spatial Transformer
                made of it, as data URLs of PNG; ``warped`` is None without a Spatial Transformer.
            follower, frame, time: see :meth:`emonext.recognizer.Recognizer.finish`.

        Raises:
            EmonextError: no picture, or one beyond the limits.
        """
        prepared = await self._in_thread(self._prepare, data, name)
        answers = await self._batcher(prepared.crops) if len(prepared.crops) else []
        probabilities = np.array([each for each, _ in answers]).reshape(-1, len(self.recognizer.classifier.classes))
        result = self.recognizer.finish(prepared, probabilities, frame, time, follower).to_dict()
        if pictures:
            warped = [each for _, each in answers]
            for face, shown in zip(result['faces'], await self._in_thread(_draw, prepared.crops, warped)):
                face.update(shown)
        return result

    def _classify(self, faces: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Probabilities and what the Spatial Transformer made of each face."""
        return list(zip(*self.recognizer.classifier.classify_and_warp(faces)))

    def _prepare(self, data: bytes, name: str) -> Prepared:
        prepared = self.recognizer.prepare(read_picture(data, name, self.limits.pixels), name)
        if len(prepared.found) > self.limits.faces:
            raise EmonextError(f'{name}: {len(prepared.found)} faces, more than {self.limits.faces}')
        return prepared

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)

    def close(self) -> None:
        """End the threads."""
        self._executor.shutdown()


def _draw(crops: Sequence[np.ndarray], warped: Sequence[np.ndarray]) -> list[dict[str, str | None]]:
    return [dict(crop=_to_url(crop), warped=_to_url(face)) for crop, face in zip(crops, warped)]


def _to_url(face: np.ndarray) -> str | None:
    """Data URL of a face (C, h, w) uint8; None for one without pixels."""
    if not face.size:
        return None
    file = io.BytesIO()
    Image.fromarray(face[0] if len(face) == 1 else face.transpose(1, 2, 0)).save(file, 'PNG')
    return 'data:image/png;base64,' + base64.b64encode(file.getvalue()).decode()
