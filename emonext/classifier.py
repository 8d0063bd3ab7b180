"""A classifier of faces: an exported model on ONNX Runtime."""
from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from emonext.errors import EmonextError
from emonext.metadata import KEY, parse_meta
from emonext.session import open_session, run_session

BATCH = 64
MODELS = Path(__file__).parent / 'models'
DEFAULT = 'emonext_mini_fer2013_48'


class Classifier(Protocol):
    """Classifier of faces; ``emonext_mm.apis.predict`` has one for PyTorch.

    Attributes:
        classes: names of the classes.
        size: side of the faces in pixels.
        channels: 1 for grey faces, 3 for RGB.
        crop: part of the square around a face that the model is shown.
    """

    classes: tuple[str, ...]
    size: int
    channels: int
    crop: float

    def __call__(self, faces: np.ndarray) -> np.ndarray:
        """Probabilities (N, K) of faces (N, channels, size, size) uint8."""


class OnnxClassifier:
    """Exported model, see ``tools/export.py``.

    Args:
        model: .onnx file; None for the model that comes with this package.
        threads: of one prediction; None for all cores.

    Attributes:
        meta: content of the file's metadata: classes, geometry, origin and measured figures.

    Raises:
        EmonextError: the file is missing, damaged, or was not made by ``tools/export.py``.
    """

    def __init__(self, model: str | Path | None = None, threads: int | None = None) -> None:
        self.path = MODELS / f'{DEFAULT}.onnx' if model is None else Path(model)
        self._session = open_session(self.path, threads)
        self.meta = self._read_meta()
        self.classes = tuple(self.meta['classes'])
        self.size, self.channels, self.crop = (self.meta[key] for key in ('size', 'channels', 'crop'))

    def _read_meta(self) -> dict[str, Any]:
        found = self._session.get_modelmeta().custom_metadata_map.get(KEY)
        if found is None:
            raise EmonextError(f'{self.path}: no model of tools/export.py, its metadata has no entry {KEY!r}')
        meta = parse_meta(found, str(self.path))
        faces, output = self._session.get_inputs()[0], self._session.get_outputs()[0]
        given = faces.name, faces.type, *faces.shape[1:], output.name, *output.shape[1:]
        count, size = len(meta['classes']), meta['size']
        expected = 'faces', 'tensor(uint8)', meta['channels'], size, size, 'probabilities', count
        if given != expected:
            raise EmonextError(f'{self.path}: its metadata tells of {count} classes and {meta["channels"]} x {size} x '
                               f'{size} faces, its graph is {given}')
        return meta

    def __call__(self, faces: np.ndarray) -> np.ndarray:
        """Probabilities (N, K) of faces (N, channels, size, size) uint8.

        Raises:
            EmonextError: they are not finite.
        """
        return self._run(['probabilities'], faces)[0] if len(faces) else np.empty((0, len(self.classes)), np.float32)

    def warp(self, faces: np.ndarray) -> np.ndarray:
        """What the Spatial Transformer makes of faces, (N, C, h, w) uint8; (N, 0, 0, 0) without one."""
        return self._run(['warped'], faces)[0]

    def classify_and_warp(self, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and :meth:`warp` of at least one face, at the cost of the probabilities alone."""
        probabilities, warped = self._run(['probabilities', 'warped'], faces)
        return probabilities, warped

    def _run(self, outputs: list[str], faces: np.ndarray) -> list[np.ndarray]:
        parts = [run_session(self._session, str(self.path), outputs, {'faces': faces[start:start + BATCH]})
                 for start in range(0, len(faces), BATCH)]
        found = [np.concatenate(part) for part in zip(*parts)]
        if not np.isfinite(found[0]).all():  # NaN would count as the first class
            raise EmonextError(f'{self.path}: {outputs[0]} of a face are not finite')
        return found
