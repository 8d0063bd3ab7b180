"""Faces by YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023), from a file of the user.

The file is ``face_detection_yunet_2023mar.onnx`` of OpenCV's model zoo (0.2 MB, MIT licence), or a later one; tested
with the one of May 2026.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np

from emonext.boxes import overlap
from emonext.errors import EmonextError
from emonext.faces.base import Detection, shrink
from emonext.session import open_session, run_session

STRIDES = (8, 16, 32)
OUTPUTS = tuple(f'{kind}_{stride}' for kind in ('cls', 'obj', 'bbox') for stride in STRIDES)
OVERLAP = 0.3  # of two boxes of one face, as in OpenCV's FaceDetectorYN


class YuNet:
    """Detector of faces by an ONNX file of YuNet, with the computation of OpenCV's ``FaceDetectorYN``.

    Args:
        path: the file.
        min_score: smallest score, 0 to 1.
        side: largest side in pixels of the picture that is searched; larger pictures are shrunk.
        threads: of one detection; None for all cores.

    Raises:
        EmonextError: the file is missing or is no YuNet of 2023 or later.
    """

    def __init__(self, path: str | Path, min_score: float = 0.6, side: int = 640, threads: int | None = None) -> None:
        self.path = str(path)
        self._session = open_session(path, threads)
        names = {output.name for output in self._session.get_outputs()}
        if not set(OUTPUTS) <= names:
            raise EmonextError(f'{path}: no YuNet, its outputs are {", ".join(sorted(names)[:4])}, ...')
        self.min_score, self.side = min_score, side
        entry = self._session.get_inputs()[0]
        self._input = entry.name
        self._fixed = entry.shape[2:] if all(isinstance(length, int) for length in entry.shape[2:]) else None

    def __call__(self, picture: np.ndarray, name: str = '') -> list[Detection]:
        """Faces of a picture (H, W, 3) uint8 RGB."""
        small, factor = shrink(picture, min(self._fixed) if self._fixed else self.side)
        height, width = self._fixed or (-(-length // 32) * 32 for length in small.shape[:2])
        padded = np.zeros((height, width, 3), np.float32)
        padded[:small.shape[0], :small.shape[1]] = small[..., ::-1]  # BGR
        outputs = run_session(self._session, self.path, OUTPUTS, {self._input: padded.transpose(2, 0, 1)[None]})
        boxes, scores = _decode(dict(zip(OUTPUTS, outputs)), width)
        inside = (boxes[:, 2:] > 0).all(1) & (boxes[:, :2] < small.shape[1::-1]).all(1)
        sure = (scores >= self.min_score) & inside
        kept = _suppress(boxes[sure], scores[sure])
        return [Detection(tuple(float(factor * side) for side in boxes[sure][i]), float(scores[sure][i])) for i in kept]


def _decode(outputs: dict[str, np.ndarray], width: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (N, 4), left, top, right, bottom, and scores (N,) of all cells of the three grids."""
    boxes, scores = [], []
    for stride in STRIDES:
        kind, obj, box = (outputs[f'{name}_{stride}'][0] for name in ('cls', 'obj', 'bbox'))
        index = np.arange(len(kind))
        corner = np.stack([index % (width // stride), index // (width // stride)], 1)
        centre, size = (corner + box[:, :2]) * stride, np.exp(box[:, 2:]) * stride
        boxes.append(np.concatenate([centre - size / 2, centre + size / 2], 1))
        scores.append(np.sqrt(kind[:, 0].clip(0, 1) * obj[:, 0].clip(0, 1)))
    return np.concatenate(boxes), np.concatenate(scores)


def _suppress(boxes: np.ndarray, scores: np.ndarray) -> list[int]:
    """Indices of the boxes, best first, that overlap no better one."""
    kept: list[int] = []
    for i in np.argsort(-scores, kind='stable'):
        if all(overlap(boxes[i], boxes[j]) <= OVERLAP for j in kept):
            kept.append(int(i))
    return kept
